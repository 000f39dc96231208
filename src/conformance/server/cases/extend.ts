import { Failure } from '../../case.ts';
import { expectError, expectInteger, expectObject, expectResult, expectThat } from '../../check.ts';
import type { Message, RawAnswer, RawPeer } from '../../raw-peer.ts';
import { type OpenedSession, requires, type ServerCase, type ServerContext, strangeToken } from '../context.ts';

const METHOD_NOT_FOUND = -32_601;
const PROBE_INTERVAL_MS = 200;

export const EXTEND_CASES: ServerCase[] = [
  {
    id: 'extend-answer',
    clause: '5.2.7.1',
    level: 'shall',
    title: 'extend of the client is answered with the seconds until the new end',
    async run(context) {
      const opened = await openWithExpiry(context);
      secondsIn(await extend(context, opened));
    },
  },
  {
    id: 'extend-told-to-device',
    clause: '5.2.7.2',
    level: 'should',
    title: 'The device is told of the extension, by session and seconds (26.06)',
    async run(context) {
      const opened = await openWithExpiry(context);
      const from = opened.device.frames.length;
      await extend(context, opened);
      const { params } = await context.requestAt(opened.device, 'extend', from);
      const { session, expiryTimeSeconds } = expectObject(params, 'the params of extend at the device');
      expectThat(session === opened.session, `the session ${opened.session}`, session);
      expectInteger(expiryTimeSeconds, 'the "expiryTimeSeconds" at the device');
    },
  },
  {
    id: 'extend-asked-by-device',
    clause: '5.2.7.2',
    level: 'should',
    title: 'extend of the device (25.12) is answered with the seconds that are left, or with -32601',
    async run(context) {
      const { device, session } = await openWithExpiry(context);
      const answer = await device.request('extend', { session }, context.wait());
      // Rounded down, a session of a second may have none left.
      if (answer.error === undefined) secondsIn(answer, 0);
      else expectError(answer, 'extend of the device', [METHOD_NOT_FOUND]);
    },
  },
  {
    id: 'extend-bad-token',
    clause: '5.2.7.1',
    level: 'shall',
    title: 'extend with a token that is not valid is answered with 401',
    async run(context) {
      requires(context.tokenOf('client') !== undefined, 'no token was given to the kit, so the server seems to want none');
      const opened = await openWithExpiry(context);
      expectError(await extend(context, opened, strangeToken()), 'extend with a bad token', [401]);
    },
  },
  {
    id: 'extend-forbidden',
    clause: '5.2.7.1',
    level: 'shall',
    title: 'extend with a token that does not allow the peer is answered with 403',
    async run(context) {
      const token = context.settings.limitedClientToken;
      requires(token !== undefined, 'no token of a client that may not reach the device was given to the kit');
      const opened = await openWithExpiry(context);
      expectError(await extend(context, opened, token), 'extend with a token that does not allow the peer', [403]);
    },
  },
  {
    id: 'extend-foreign-session',
    clause: '5.2.7.1',
    level: 'should',
    title: 'extend of a session that the client does not have is answered with an error',
    async run(context) {
      const { session } = await openWithExpiry(context);
      const { peer: stranger } = await context.registered('client');
      const { clientToken } = context.settings;
      const params = { session, ...(clientToken === undefined ? {} : { authorization: clientToken }) };
      expectError(await stranger.request('extend', params, context.wait()), 'extend of the session of another');
    },
  },
  {
    id: 'extend-lengthens',
    clause: '5.2.7',
    level: 'shall',
    title: 'A session that was extended outlives its first end',
    async run(context) {
      const opened = await openWithExpiry(context, context.timing.expirySeconds);
      const firstMs = secondsTold(opened) * 1000;
      await context.pause(firstMs * 0.6);
      const extendedMs = secondsIn(await extend(context, opened)) * 1000;
      // Beyond the first end, and well before the second.
      const waitMs = Math.max(firstMs * 0.4, extendedMs * 0.6);
      await context.pause(Math.min(waitMs, firstMs * 0.4 + context.timing.expiryGraceMs));
      expectThat(await context.carries(opened), 'the session to go on after its first end', 'a candidate is no longer relayed');
    },
  },
  {
    id: 'session-expires',
    clause: '5.2.7',
    level: 'should',
    title: 'A session that is not extended ends when its time is over, not before',
    async run(context) {
      const opened = await openWithExpiry(context, context.timing.expirySeconds);
      const startedAt = performance.now();
      const endMs = secondsTold(opened) * 1000;
      await context.pause(endMs * 0.6);
      expectThat(await context.carries(opened), `the session to last ${endMs / 1000} s`, 'it was over before');
      await context.pause(endMs - (performance.now() - startedAt));
      const isOver = async (): Promise<boolean> =>
        toldOfEnd(opened.client) || toldOfEnd(opened.device) || !(await context.carries(opened));
      while (!(await isOver())) {
        if (performance.now() - startedAt > endMs + context.timing.expiryGraceMs)
          throw new Failure(
            `the session to be over ${context.timing.expiryGraceMs / 1000} s after its end`,
            'candidates are still relayed',
          );
        await context.pause(PROBE_INTERVAL_MS);
      }
    },
  },
];

/** A session that has an end. @param longest beyond which it is not waited for, seconds */
async function openWithExpiry(context: ServerContext, longest = Number.POSITIVE_INFINITY): Promise<OpenedSession> {
  const opened = await context.open();
  requires(opened.told['expiryTimeSeconds'] !== undefined, 'sessions of this server have no end');
  const seconds = secondsTold(opened);
  requires(seconds <= longest, `sessions of this server last ${seconds} s, longer than the kit waits`);
  opened.device.onMessage(({ id, method, params }) => {
    if (method === 'extend')
      opened.device.respond(id, { expiryTimeSeconds: (params as Message)['expiryTimeSeconds'] ?? seconds });
  });
  return opened;
}

function secondsTold({ told }: OpenedSession): number {
  return expectInteger(told['expiryTimeSeconds'], 'the "expiryTimeSeconds" in the result of connect');
}

function extend(
  context: ServerContext,
  { client, session }: OpenedSession,
  authorization = context.settings.clientToken,
): Promise<RawAnswer> {
  return client.request('extend', { session, ...(authorization === undefined ? {} : { authorization }) }, context.wait());
}

function secondsIn(answer: RawAnswer, least = 1): number {
  const result = expectObject(expectResult(answer, 'extend'), 'the result of extend');
  const seconds = expectInteger(result['expiryTimeSeconds'], 'the "expiryTimeSeconds" in the result of extend');
  expectThat(seconds >= least, `a time of ${least} s or more`, seconds);
  return seconds;
}

function toldOfEnd(peer: RawPeer): boolean {
  return peer.frames.some(({ message }) => message?.['error'] !== undefined && !Object.hasOwn(message, 'id'));
}
