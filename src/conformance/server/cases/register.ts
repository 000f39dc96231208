import { Failure } from '../../case.ts';
import { expectError, expectResult, expectThat } from '../../check.ts';
import type { ServerCase } from '../context.ts';

export const REGISTER_CASES: ServerCase[] = [
  {
    id: 'register-client',
    clause: '5.2.2.1',
    level: 'shall',
    title: 'register of a client is answered with the id that the server assigned',
    run: async (context) => void (await context.registered('client')),
  },
  {
    id: 'register-device',
    clause: '5.2.2.2',
    level: 'shall',
    title: 'register of a device with name and capabilities is answered with the id that the server assigned',
    run: async (context) => void (await context.registered('device')),
  },
  {
    id: 'register-ids',
    clause: '5.2.2.1',
    level: 'shall',
    title: 'Two clients at the same time have different ids',
    async run(context) {
      const [first, second] = [await context.registered('client'), await context.registered('client')];
      expectThat(first.id !== second.id, 'two ids', `${first.id} twice`);
    },
  },
  {
    id: 'register-answer',
    clause: '5.2',
    level: 'shall',
    title: 'Answers are JSON-RPC 2.0, with the id of the request in its type, be it a number or a string',
    async run(context) {
      const token = context.tokenOf('client');
      for (const id of [4711, 'kit-id', '4711']) {
        const peer = await context.connection('client');
        peer.send({ jsonrpc: '2.0', id, method: 'register', params: token === undefined ? {} : { authorization: token } });
        const answer = await peer.receive('an answer', (message) => message, context.wait());
        expectThat(answer['jsonrpc'] === '2.0', 'jsonrpc to be "2.0"', answer['jsonrpc']);
        expectThat(answer['id'] === id, `the id ${JSON.stringify(id)}`, JSON.stringify(answer['id']));
      }
    },
  },
  {
    id: 'register-twice',
    clause: '5.2.2',
    level: 'should',
    title: 'A second register over the same connection is refused, and the first stays as it is',
    async run(context) {
      const device = await context.registered('device');
      const token = context.tokenOf('device');
      const again = await context.register(device.peer, 'device', token === undefined ? {} : { authorization: token });
      expectError(again, 'a second register');
      const client = await context.registered('client');
      await context.connect(client.peer, device);
    },
  },
  {
    id: 'command-before-register',
    clause: '5.2.2',
    level: 'shall',
    title: 'A command before register is refused, and reaches nobody',
    async run(context) {
      const device = await context.registered('device');
      const peer = await context.connection('client');
      const refused = context.expectRefused(peer, device, context.connectParams(device), 'connect before register');
      await refused.catch((error: unknown) => {
        const seen = device.peer.frames.some(({ message }) => message?.['method'] === 'connect');
        // To cut the peer off without a word is a refusal too.
        if (!(error instanceof Failure) || peer.closed === undefined || seen) throw error;
      });
    },
  },
  {
    id: 'unregister',
    clause: '5.2.3',
    level: 'shall',
    title: 'unregister of a registered peer is answered with a result',
    async run(context) {
      const { peer } = await context.registered('client');
      expectResult(await peer.request('unregister', {}, context.wait()), 'unregister');
    },
  },
  {
    id: 'unregister-again',
    clause: '5.2.3',
    level: 'shall',
    title: 'unregister of a peer that has unregistered is answered with 404',
    async run(context) {
      const { peer } = await context.registered('client');
      expectResult(await peer.request('unregister', {}, context.wait()), 'unregister');
      expectError(await peer.request('unregister', {}, context.wait()), 'a second unregister', [404]);
    },
  },
  {
    id: 'unregister-unregistered',
    clause: '5.2.3',
    level: 'shall',
    title: 'unregister of a peer that never registered is answered with 404',
    async run(context) {
      const peer = await context.connection('client');
      expectError(await peer.request('unregister', {}, context.wait()), 'unregister', [404]);
    },
  },
  {
    id: 'unregister-device',
    clause: '5.2.3',
    level: 'shall',
    title: 'A device that unregistered cannot be connected to any more: 480',
    async run(context) {
      const device = await context.registered('device');
      const client = await context.registered('client');
      expectResult(await device.peer.request('unregister', {}, context.wait()), 'unregister');
      await context.expectRefused(
        client.peer,
        device,
        context.connectParams(device),
        'connect to a device that unregistered',
        [480],
      );
    },
  },
];
