import { Failure } from '../../case.ts';
import { expectError, expectThat, isObject } from '../../check.ts';
import type { Message, RawPeer } from '../../raw-peer.ts';
import type { ServerCase, ServerContext } from '../context.ts';

const PARSE_ERROR = -32_700;
const METHOD_NOT_FOUND = -32_601;
const HUGE_BYTES = 8 * 1024 * 1024;
const DEEP = 100_000;

export const JSON_RPC_CASES: ServerCase[] = [
  {
    id: 'rpc-not-json',
    clause: '5.2',
    level: 'shall',
    title: 'A frame that is not JSON is answered with -32700 and id null (JSON-RPC 2.0 section 5.1)',
    async run(context) {
      const { peer } = await context.registered('client');
      const from = peer.frames.length;
      peer.sendRaw('{"jsonrpc": "2.0", "method": "connect", ');
      const answer = await peer.receive(
        'an error',
        (message) => (message['error'] === undefined ? undefined : message),
        context.wait(from),
      );
      const { code } = answer['error'] as Message;
      expectThat(code === PARSE_ERROR && answer['id'] === null, `error ${PARSE_ERROR} with id null`, answer);
    },
  },
  {
    id: 'rpc-unknown-method',
    clause: '5.2',
    level: 'shall',
    title: 'A method that does not exist is answered with -32601',
    async run(context) {
      const { peer } = await context.registered('client');
      expectError(await peer.request('kit.unknown', {}, context.wait()), 'an unknown method', [METHOD_NOT_FOUND]);
    },
  },
  {
    id: 'rpc-unknown-notification',
    clause: '5.2',
    level: 'shall',
    title: 'A notification of a method that does not exist is not answered (JSON-RPC 2.0 section 4.1)',
    async run(context) {
      const { peer } = await context.registered('client');
      await context.expectUnanswered(peer, 'a notification', () => peer.notify('kit.unknown', {}));
    },
  },
  {
    id: 'rpc-positional-params',
    clause: '5.2',
    level: 'shall',
    title: 'connect whose params are no object is answered with an error',
    async run(context) {
      const device = await context.registered('device');
      const { peer } = await context.registered('client');
      await context.expectRefused(peer, device, [context.addressOf(device)], 'connect with params in an array');
    },
  },
  {
    id: 'rpc-missing-peer',
    clause: '5.2.4.1',
    level: 'shall',
    title: 'connect without a peer is answered with an error',
    async run(context) {
      const device = await context.registered('device');
      const { peer } = await context.registered('client');
      const { peer: _, ...params } = context.connectParams(device);
      await context.expectRefused(peer, device, params, 'connect without a peer');
    },
  },
  {
    id: 'rpc-batch',
    clause: '5.2',
    level: 'shall',
    title: 'A batch is answered with one array of answers (JSON-RPC 2.0 section 6)',
    async run(context) {
      const { peer } = await context.registered('client');
      const from = peer.frames.length;
      const ids = ['kit-1', 'kit-2'];
      peer.send(ids.map((id) => ({ jsonrpc: '2.0', id, ...context.idleRequest(peer) })));
      const answer: unknown = await peer.receive('an answer', (message) => message, context.wait(from));
      const answered = Array.isArray(answer)
        ? answer.map((each: unknown) => (isObject(each) ? each['id'] : undefined))
        : undefined;
      expectThat(answered?.toSorted().join() === ids.join(), 'an array of two answers', answer);
    },
  },
  {
    id: 'rpc-binary',
    clause: '5.2',
    level: 'should',
    title: 'A binary frame harms nobody but its sender',
    run: (context) => harmless(context, (peer) => peer.sendRaw(Buffer.from([0, 1, 2, 255]))),
  },
  {
    id: 'rpc-huge',
    clause: '5.2',
    level: 'should',
    title: 'A frame of 8 MiB harms nobody but its sender',
    run: (context) => {
      const pad = 'x'.repeat(HUGE_BYTES);
      const frame = JSON.stringify({
        jsonrpc: '2.0',
        method: 'trickle',
        params: { session: 'none', candidate: { candidate: pad } },
      });
      return harmless(context, (peer) => peer.sendRaw(frame, `(trickle with a candidate of ${HUGE_BYTES} characters)`));
    },
  },
  {
    id: 'rpc-deep',
    clause: '5.2',
    level: 'should',
    title: 'A message nested 100,000 times harms nobody but its sender',
    run: (context) =>
      harmless(context, (peer) => {
        const deep = `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`;
        peer.sendRaw(
          `{"jsonrpc":"2.0","method":"trickle","params":{"session":"none","candidate":${deep}}}`,
          '(trickle with a nested candidate)',
        );
      }),
  },
];

/** A session of others goes on, and new peers are served. */
async function harmless(context: ServerContext, send: (peer: RawPeer) => void): Promise<void> {
  const opened = await context.open();
  const { peer } = await context.registered('client');
  send(peer);
  // Whether it is answered, dropped or cut off: what comes behind it shows that the server had it.
  await context.settled(peer).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
  });
  expectThat(await context.carries(opened), 'the session of others to go on', 'candidates are no longer relayed');
  await context.registered('client');
}
