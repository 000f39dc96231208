import { expectObject, expectThat } from '../../check.ts';
import type { Message } from '../../raw-peer.ts';
import { expectSame, type OpenedSession, type ServerCase, type ServerContext } from '../context.ts';

const NO_RESOURCES = 1001;
const PEER_DISCONNECTED = 1002;
const MALFORMED_CANDIDATE = 1003;

export const ERROR_CASES: ServerCase[] = [
  {
    id: 'error-to-client',
    clause: '5.2.8',
    level: 'shall',
    title: 'An error notification of the device reaches the client with code, message and session, without an id',
    run: (context) => relays(context, 'client'),
  },
  {
    id: 'error-to-device',
    clause: '5.2.8',
    level: 'shall',
    title: 'An error notification of the client reaches the device with code, message and session, without an id',
    run: (context) => relays(context, 'device'),
  },
  {
    id: 'error-without-session',
    clause: '5.2.8',
    level: 'should',
    title:
      'An error notification without a session, as in the example of 5.2.9, reaches the other side of the only session there is',
    async run(context) {
      const { client, device } = await context.open();
      device.notifyError(NO_RESOURCES, 'Insufficient resources');
      await context.errorAt(client, NO_RESOURCES);
    },
  },
  {
    id: 'error-unanswered',
    clause: '5.2.8',
    level: 'shall',
    title: 'An error notification is not answered',
    async run(context) {
      const { client, session } = await context.open();
      await context.expectUnanswered(client, 'an error notification', () =>
        client.notifyError(MALFORMED_CANDIDATE, 'Malformed candidate', session),
      );
    },
  },
  {
    id: 'error-malformed-candidate',
    clause: '5.2.8',
    level: 'should',
    title: 'A session goes on at the server when one side calls a candidate malformed (1003)',
    async run(context) {
      const opened = await context.open();
      opened.device.notifyError(MALFORMED_CANDIDATE, 'Malformed candidate', opened.session);
      await context.errorAt(opened.client, MALFORMED_CANDIDATE);
      expectThat(await context.carries(opened), 'candidates to be relayed afterwards', 'they are not');
    },
  },
  {
    id: 'error-foreign-session',
    clause: '5.2.8',
    level: 'should',
    title: 'An error notification of a peer that is not in the session reaches neither side of it, and does not end it',
    async run(context) {
      const opened = await context.open();
      const { peer: stranger } = await context.registered('client');
      const sides = [opened.client, opened.device].map((peer) => ({ peer, from: peer.frames.length }));
      stranger.notifyError(NO_RESOURCES, 'Nothing of your business', opened.session);
      await context.settled(stranger);
      expectThat(await context.carries(opened), 'the session to go on', 'candidates are no longer relayed');
      for (const { peer, from } of sides) {
        const told = peer.frames.slice(from).find(({ message }) => codeOf(message) === NO_RESOURCES);
        expectThat(told === undefined, 'no error of a stranger', told?.text);
      }
    },
  },
  {
    id: 'disconnected-device',
    clause: '5.2.8',
    level: 'shall',
    title: 'The client is told by 1002, with the session, that the device has closed its WebSocket',
    async run(context) {
      const { client, device, session } = await context.open();
      device.drop();
      expectForm(await context.errorAt(client, PEER_DISCONNECTED), session);
    },
  },
  {
    id: 'disconnected-client',
    clause: '5.2.8',
    level: 'shall',
    title: 'The device is told by 1002, with the session, that the client has closed its WebSocket',
    async run(context) {
      const { client, device, session } = await context.open();
      client.drop();
      expectForm(await context.errorAt(device, PEER_DISCONNECTED), session);
    },
  },
  {
    id: 'disconnected-one-of-two',
    clause: '5.2.8',
    level: 'shall',
    title: 'When one of two clients leaves, the device is told of its session only, and the other session goes on',
    async run(context) {
      const device = await context.registered('device');
      const leaving = await context.connect((await context.registered('client')).peer, device);
      const staying = await context.connect((await context.registered('client')).peer, device);
      leaving.client.drop();
      expectForm(await context.errorAt(device.peer, PEER_DISCONNECTED), leaving.session);
      expectThat(await context.carries(staying), 'the other session to go on', 'its candidates are no longer relayed');
      const told = device.peer.frames.filter(({ message }) => codeOf(message) === PEER_DISCONNECTED);
      expectThat(told.length === 1, 'one notification', `${told.length}`);
    },
  },
];

async function relays(context: ServerContext, to: 'client' | 'device'): Promise<void> {
  const opened: OpenedSession = await context.open();
  const sender = to === 'client' ? opened.device : opened.client;
  const message = 'Ressourcen knapp: "Süd" \\ 1';
  sender.notifyError(NO_RESOURCES, message, opened.session);
  const notification = await context.errorAt(opened[to], NO_RESOURCES);
  expectForm(notification, opened.session);
  expectSame((notification['error'] as Message)['message'], message, 'the message of the error');
}

/** The table lists the session beside code and message, that is inside the error object; beside it is understood too. */
function expectForm(notification: Message, session: string): void {
  const error = expectObject(notification['error'], 'the error');
  expectThat(!Object.hasOwn(notification, 'id'), 'a notification without an id', notification);
  expectThat(typeof error['message'] === 'string', 'a message that is a string', error['message']);
  const named = error['session'] ?? notification['session'];
  expectThat(named === session, `the session ${session}`, named);
}

function codeOf(message: Message | undefined): unknown {
  const error = message?.['error'];
  return typeof error === 'object' && error !== null ? (error as Message)['code'] : undefined;
}
