import { expectError, expectThat, isObject } from '../../check.ts';
import type { Message } from '../../raw-peer.ts';
import type { DeviceCase, DeviceContext } from '../context.ts';

const METHOD_NOT_FOUND = -32_601;
const PARSE_ERROR = -32_700;
const PEER_DISCONNECTED = 1002;
const HUGE_BYTES = 4 * 1024 * 1024;

export const ERROR_CASES: DeviceCase[] = [
  {
    id: 'error-survived',
    clause: '5.2.8',
    level: 'shall',
    title: 'The device takes error notifications, with a session, without one and with one that does not exist, and goes on',
    async run(context) {
      const { peer } = await context.connection();
      const { session } = await context.open();
      peer.notifyError(1001, 'Insufficient resources', session.id);
      peer.notifyError(PEER_DISCONNECTED, 'Peer disconnected', 'no-such-session');
      peer.notifyError(1001, 'Insufficient resources');
      await expectStillHere(context);
    },
  },
  {
    id: 'peer-disconnected-live',
    clause: '5',
    level: 'shall',
    title: 'Live media go on when the viewer has left the signaling server (1002)',
    async run(context) {
      const { session, invite } = await context.open();
      await session.goLive(invite);
      await session.expectFlow('media before 1002');
      session.peer.notifyError(PEER_DISCONNECTED, 'Peer disconnected', session.id);
      await context.pause(context.timing.settleMs);
      await session.expectStillFlows('media after 1002');
    },
  },
  {
    id: 'unknown-method',
    clause: '5.2',
    level: 'shall',
    title: 'A method that the device does not know is answered with -32601 (JSON-RPC section 5.1)',
    async run(context) {
      const { peer } = await context.connection();
      const answer = await peer.request('no-such-method', {}, { timeoutMs: context.timing.answerMs, signal: context.signal });
      expectError(answer, 'a method that does not exist', [METHOD_NOT_FOUND]);
    },
  },
  {
    id: 'unknown-notification',
    clause: '5.2',
    level: 'shall',
    title: 'A notification that the device does not know is not answered (JSON-RPC section 4.1)',
    async run(context) {
      const { peer } = await context.connection();
      const from = peer.frames.length;
      peer.notify('no-such-notification', {});
      const isAnswer = (message: Message): boolean =>
        jsonRpcError(message) !== undefined || (!hasId(message) && Object.hasOwn(message, 'result'));
      await peer.refrains('answer to a notification', isAnswer, {
        timeoutMs: context.timing.settleMs,
        signal: context.signal,
        from,
      });
    },
  },
  {
    id: 'parse-error',
    clause: '5.2',
    level: 'shall',
    title: 'A frame that is not JSON is answered with -32700 (JSON-RPC section 5.1), and the device goes on',
    async run(context) {
      const { peer } = await context.connection();
      const from = peer.frames.length;
      peer.sendRaw('{"jsonrpc": "2.0", "method": "connect", "params": {');
      const { answerMs } = context.timing;
      const code = await peer.receive('an error that answers the frame', jsonRpcError, {
        timeoutMs: answerMs,
        signal: context.signal,
        from,
      });
      expectThat(code === PARSE_ERROR, 'code -32700', code);
      await expectStillHere(context);
    },
  },
  survived('batch-survived', 'A batch (JSON-RPC section 6) does not end the registration', (peer) =>
    peer.send([
      { jsonrpc: '2.0', method: 'no-such-method', id: 'batch-1' },
      { jsonrpc: '2.0', method: 'no-such-notification' },
    ]),
  ),
  survived(
    'bad-params-survived',
    'Messages of wrong types (parameters by position, a session that is a number) do not end the registration',
    (peer) => {
      peer.send({ jsonrpc: '2.0', method: 'trickle', params: ['by', 'position'] });
      peer.send({ jsonrpc: '2.0', method: 'trickle', params: { session: 7, candidate: 7 } });
      peer.send({ jsonrpc: '2.0', id: 'bad-1', method: 'connect', params: { session: 7 } });
      peer.send({ jsonrpc: '2.0', id: 'an-answer-to-nothing', result: {} });
      peer.send({ jsonrpc: '2.0' });
    },
  ),
  survived('binary-frame-survived', 'A binary frame does not take the device away, though it may connect anew', (peer) =>
    peer.sendRaw(Buffer.from('{"jsonrpc": "2.0"}')),
  ),
  survived(
    'huge-frame-survived',
    `A text frame of ${HUGE_BYTES / 1024 / 1024} MiB does not take the device away, though it may connect anew`,
    (peer) =>
      peer.sendRaw(
        JSON.stringify({ jsonrpc: '2.0', method: 'no-such-notification', params: { padding: 'x'.repeat(HUGE_BYTES) } }),
        `(a text frame of ${HUGE_BYTES} bytes)`,
      ),
  ),
];

type Peer = Awaited<ReturnType<DeviceContext['connection']>>['peer'];

/** What a device makes of such frames is its own affair, as long as it can be used afterwards. */
function survived(id: string, title: string, send: (peer: Peer) => void): DeviceCase {
  return {
    id,
    clause: '5.2',
    level: 'shall',
    title,
    async run(context) {
      const { peer } = await context.connection();
      send(peer);
      // Whoever is going to cut the connection for it does so now.
      await peer.whenClosed({ timeoutMs: context.timing.settleMs, signal: context.signal });
      await context.expectAlive();
    },
  };
}

/** The code of an error without an id, as JSON-RPC has them; ONVIF's error notifications, which look alike, have codes above zero. */
function jsonRpcError(message: Message): number | undefined {
  const { method, error } = message;
  if (method !== undefined || hasId(message) || !isObject(error)) return undefined;
  return typeof error['code'] === 'number' && error['code'] < 0 ? error['code'] : undefined;
}

const hasId = ({ id }: Message): boolean => id !== undefined && id !== null;

async function expectStillHere(context: DeviceContext): Promise<void> {
  const before = await context.connection();
  await context.pause(context.timing.settleMs);
  await context.expectAlive();
  expectThat(before.peer.isOpen, 'the registration to last', 'the device connected anew');
}
