import { Failure } from '../../case.ts';
import { expectThat } from '../../check.ts';
import type { Message, RawPeer } from '../../raw-peer.ts';
import { expectSame, type OpenedSession, type ServerCase, type ServerContext } from '../context.ts';

/** With members that no edition knows, and texts that a careless relay changes. */
const CANDIDATE = {
  candidate: 'candidate:842163049 1 udp 1677729535 203.0.113.7 54321 typ srflx raddr 10.0.0.1 rport 54321 generation 0',
  sdpMid: '0',
  sdpMLineIndex: 0,
  usernameFragment: 'Yx7q+/=',
  'x-kit': { text: 'Süd \u2028 \ud83c\udfa5 "\\', list: [1, 2.5, null, false], empty: '' },
};
const MANY = 30;
const EMPTY_FORMS: unknown[] = [{ candidate: '' }, { candidate: '', sdpMid: '0', sdpMLineIndex: 0 }, {}, '', null];

export const TRICKLE_CASES: ServerCase[] = [
  {
    id: 'trickle-to-client',
    clause: '5.2.6',
    level: 'shall',
    title:
      'A candidate of the device reaches the client unaltered, as a notification, also with members that the server does not know',
    run: async (context) => unaltered(context, await context.open(), 'client'),
  },
  {
    id: 'trickle-to-device',
    clause: '5.2.6',
    level: 'shall',
    title:
      'A candidate of the client reaches the device unaltered, as a notification, also with members that the server does not know',
    run: async (context) => unaltered(context, await context.open(), 'device'),
  },
  {
    id: 'trickle-order-to-client',
    clause: '5.2.6',
    level: 'shall',
    title: 'Many candidates of the device reach the client all, and in their order',
    run: async (context) => ordered(context, await context.open(), 'client'),
  },
  {
    id: 'trickle-order-to-device',
    clause: '5.2.6',
    level: 'shall',
    title: 'Many candidates of the client reach the device all, and in their order',
    run: async (context) => ordered(context, await context.open(), 'device'),
  },
  {
    id: 'trickle-end',
    clause: '5.2.6',
    level: 'shall',
    title: 'An empty candidate, by which a peer ends its trickling, is relayed unaltered in each of the forms that are seen',
    async run(context) {
      const { client, device, session } = await context.open();
      for (const [from, to] of [
        [device, client],
        [client, device],
      ] as const) {
        for (const candidate of EMPTY_FORMS) {
          const { params } = await relayed(context, from, to, { session, candidate });
          expectSame(params, { session, candidate }, 'the params of trickle');
        }
      }
    },
  },
  {
    id: 'trickle-before-offer',
    clause: '5.2.6',
    level: 'shall',
    title: 'A candidate that the device sends before its offer reaches the client',
    async run(context) {
      const { client, device, session } = await context.open();
      const from = client.frames.length;
      device.notify('trickle', { session, candidate: CANDIDATE });
      device.call('invite', { session, offer: 'v=0\r\n' });
      await context.requestAt(client, 'invite', from);
      await context.requestAt(client, 'trickle', from);
    },
  },
  {
    id: 'trickle-unanswered',
    clause: '5.2.6',
    level: 'shall',
    title: 'trickle, which has no response, is not answered, neither in a session nor without one',
    async run(context) {
      const { client, session } = await context.open();
      for (const named of [session, 'no-such-session-of-the-kit'])
        await context.expectUnanswered(client, 'trickle', () =>
          client.notify('trickle', { session: named, candidate: CANDIDATE }),
        );
    },
  },
  {
    id: 'trickle-foreign-session',
    clause: '5.2.6',
    level: 'should',
    title: 'A candidate of a peer that is not in the session reaches neither side of it',
    async run(context) {
      const { client, device, session } = await context.open();
      const { peer: stranger } = await context.registered('client');
      const sides = [client, device].map((peer) => ({ peer, from: peer.frames.length }));
      for (const candidate of [CANDIDATE, {}]) stranger.notify('trickle', { session, candidate });
      for (const peer of [stranger, client, device]) await context.settled(peer);
      await context.pause(context.timing.settleMs);
      for (const { peer, from } of sides) {
        const seen = peer.frames.slice(from).find(({ message }) => message?.['method'] === 'trickle');
        expectThat(seen === undefined, 'no candidate of a stranger', seen?.text);
      }
    },
  },
  {
    id: 'trickle-sessions-apart',
    clause: '5.2.6',
    level: 'shall',
    title: 'Of two sessions of one device each client gets the candidates of its own',
    async run(context) {
      const device = await context.registered('device');
      const first = await context.connect((await context.registered('client')).peer, device);
      const second = await context.connect((await context.registered('client')).peer, device);
      const { params } = await relayed(context, device.peer, second.client, { session: second.session, candidate: CANDIDATE });
      expectSame(params, { session: second.session, candidate: CANDIDATE }, 'the params of trickle');
      const astray = first.client.frames.find(({ message }) => message?.['method'] === 'trickle');
      expectThat(astray === undefined, 'no candidate of the other session', astray?.text);
    },
  },
];

async function unaltered(context: ServerContext, opened: OpenedSession, to: 'client' | 'device'): Promise<void> {
  const { session } = opened;
  const message = await relayed(context, otherOf(opened, to), opened[to], { session, candidate: CANDIDATE });
  expectSame(message['params'], { session, candidate: CANDIDATE }, 'the params of trickle');
  expectThat(!Object.hasOwn(message, 'id'), 'trickle as a notification, without an id', message);
}

async function ordered(context: ServerContext, opened: OpenedSession, to: 'client' | 'device'): Promise<void> {
  const { session } = opened;
  const [sender, receiver] = [otherOf(opened, to), opened[to]];
  const from = receiver.frames.length;
  for (let index = 0; index < MANY; index += 1)
    sender.notify('trickle', { session, candidate: { candidate: `candidate:${index}` } });
  const seen = (): unknown[] =>
    receiver.frames.slice(from).flatMap(({ message }) => {
      const { candidate } = (message?.['params'] ?? {}) as Message;
      return message?.['method'] === 'trickle' ? [(candidate as Message | null)?.['candidate']] : [];
    });
  const all = receiver.receive('all candidates', () => (seen().length >= MANY ? true : undefined), context.wait(from));
  await all.catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`${MANY} candidates`, `${seen().length}`);
  });
  expectSame(
    seen(),
    Array.from({ length: MANY }, (_, index) => `candidate:${index}`),
    'the candidates',
  );
}

function otherOf({ client, device }: OpenedSession, side: 'client' | 'device'): RawPeer {
  return side === 'client' ? device : client;
}

function relayed(context: ServerContext, sender: RawPeer, receiver: RawPeer, params: Message): Promise<Message> {
  const from = receiver.frames.length;
  sender.notify('trickle', params);
  return context.requestAt(receiver, 'trickle', from);
}
