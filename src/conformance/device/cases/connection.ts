import { Failure } from '../../case.ts';
import { expectThat } from '../../check.ts';
import { type DeviceCase, type DeviceContext, requires } from '../context.ts';
import type { Visit } from '../station.ts';

const SUBPROTOCOL = 'webrtc.onvif.org';

/** What is seen when the device connects, without doing anything. */
export const HANDSHAKE_CASES: DeviceCase[] = [
  {
    id: 'handshake-subprotocol',
    clause: '5.1',
    level: 'shall',
    title: 'The device asks for the WebSocket subprotocol webrtc.onvif.org',
    async run(context) {
      const { subprotocols } = (await context.connection()).visit;
      expectThat(subprotocols.includes(SUBPROTOCOL), `${SUBPROTOCOL} among the subprotocols asked for`, subprotocols);
    },
  },
  {
    id: 'handshake-token',
    clause: '5.1',
    level: 'shall',
    title: 'The device gives its access token by the Authorization header or as access_token in the query',
    async run(context) {
      const { token } = context.settings;
      requires(token !== undefined, 'no --token was given, so the kit knows of none');
      const { visit } = await context.connection();
      expectThat(
        visit.token !== undefined,
        'access_token in the query, or the Authorization header',
        'a handshake without either',
      );
      expectThat(visit.token?.value === token, 'the token that was given to the kit', 'another one');
    },
  },
  {
    id: 'register-first',
    clause: '5.1',
    level: 'shall',
    title: 'The device sends register at once when the WebSocket is open, and nothing before',
    async run(context) {
      const { peer, openedAtMs } = await context.connection();
      const [first] = peer.frames;
      expectThat(first?.message?.['method'] === 'register', 'register as the first message', first?.text);
      const afterMs = Math.round((first?.atMs ?? 0) - openedAtMs);
      expectThat(
        afterMs <= context.timing.answerMs,
        `register within ${context.timing.answerMs / 1000} s`,
        `after ${afterMs} ms`,
      );
    },
  },
];

/** These cut the device off, some again and again, so they come last. */
export const RECONNECT_CASES: DeviceCase[] = [
  {
    id: 'media-survive-signaling-loss',
    clause: '5',
    level: 'shall',
    title: 'Live media go on when the connection to the signaling server is lost',
    async run(context) {
      const { session, invite } = await context.open();
      const media = await session.goLive(invite);
      await session.expectFlow('media before the connection is cut');
      context.transcript.note('the kit cuts the signaling connection');
      context.station.dropAll();
      await context.pause(context.timing.settleMs);
      expectThat(media.connectionState === 'connected', 'the media connection to stand', media.connectionState);
      await session.expectStillFlows('media after the connection was cut');
    },
  },
  {
    id: 'reconnect',
    clause: '5.1',
    level: 'shall',
    title: 'The device connects and registers again by itself after the connection was dropped',
    async run(context) {
      await context.connection();
      const cutAtMs = performance.now();
      context.transcript.note('the kit cuts the connection');
      context.station.dropAll();
      await context.station.until(
        'the device to connect and register again',
        () => context.station.visitsSince(cutAtMs).find(({ connection }) => connection?.register !== undefined),
        context.timing.reconnectMs,
        context.signal,
      );
    },
  },
  {
    id: 'subprotocol-demanded',
    clause: '5.1',
    level: 'should',
    title: 'The device does not register at a server that does not confirm the subprotocol',
    async run(context) {
      const beginsAtMs = performance.now();
      await nextVisit(context, 'without-subprotocol');
      await context.pause(context.timing.settleMs);
      const frame = context.station.visitsSince(beginsAtMs).flatMap(({ connection }) => connection?.peer.frames ?? [])[0];
      if (frame !== undefined) throw new Failure('no message to a server without the subprotocol', frame.text);
    },
  },
  {
    id: 'register-refused',
    clause: '5.2.2.2',
    level: 'shall',
    title: 'A device whose register was answered with 401 sends no other command, and tries again later',
    async run(context) {
      const { peer } = (await nextVisit(context, 'unauthorized')).connection ?? {};
      requires(peer !== undefined, 'the device did not open a connection');
      const { answerMs, settleMs, reconnectMs } = context.timing;
      await peer.receive('a register', ({ method }) => method === 'register' || undefined, {
        timeoutMs: answerMs,
        signal: context.signal,
      });
      const refusedAtMs = performance.now();
      const isOther = (message: Record<string, unknown>): boolean =>
        typeof message['method'] === 'string' && message['method'] !== 'register' && message['method'] !== 'unregister';
      await peer.refrains('command after the refused register', isOther, {
        timeoutMs: settleMs,
        signal: context.signal,
        from: 0,
      });
      context.station.welcome = 'serve';
      const again = (): true | undefined => {
        const repeated = peer.frames.filter(({ message }) => message?.['method'] === 'register').length > 1;
        return repeated || context.station.visitsSince(refusedAtMs).length > 0 ? true : undefined;
      };
      await context.station.until('the device to try again', again, reconnectMs, context.signal);
      // A device that asks again on the same connection is told 401 there for good: it is cut so that it can be served.
      if (context.station.visitsSince(refusedAtMs).length === 0) peer.drop();
    },
  },
  {
    id: 'reconnect-intervals',
    clause: '5.1',
    level: 'should',
    title: 'The device waits longer and longer when it cannot connect',
    async run(context) {
      await context.connection();
      await context.pause(context.timing.stableMs);
      const intervals: number[] = [];
      let last = performance.now();
      for (const { attempts, growth } of LOOKS) {
        while (intervals.length < attempts) {
          const { atMs } = await nextVisit(context, 'refuse', intervals.length === 0);
          intervals.push(Math.round(atMs - last));
          last = atMs;
        }
        if (growthOf(intervals) >= growth) return;
      }
      const half = intervals.length / 2;
      throw new Failure(
        `the last ${half} of ${intervals.length} intervals to be longer than the first ${half}`,
        `${intervals.join(', ')} ms`,
      );
    },
  },
];

/**
 * How much longer the second half of the attempts has to have waited than the first. A device that doubles is known after a few; one whose
 * intervals grow slowly, each with a random part, needs more of them to be told from one that waits the same time with a random part.
 */
const LOOKS = [
  { attempts: 4, growth: 2 },
  { attempts: 6, growth: 1.7 },
  { attempts: 8, growth: 1.3 },
];

function growthOf(intervals: readonly number[]): number {
  const sum = (part: readonly number[]): number => part.reduce((total, each) => total + each, 0);
  const half = intervals.length / 2;
  return sum(intervals.slice(half)) / Math.max(1, sum(intervals.slice(0, half)));
}

/** Cuts the device off and returns its next attempt, which is met as told; when the case is over it is served again. */
async function nextVisit(context: DeviceContext, welcome: Visit['welcome'], cut = true): Promise<Visit> {
  const { station } = context;
  if (cut) await context.connection();
  const sinceMs = performance.now();
  station.welcome = welcome;
  context.defer(() => (station.welcome = 'serve'));
  if (cut) station.dropAll();
  return await station.until(
    'the device to connect again',
    () => station.visitsSince(sinceMs).find((visit) => isMet(visit, welcome)),
    context.timing.reconnectMs,
    context.signal,
  );
}

/** Where the device is to be refused its register, only that tells whose connection it is. */
function isMet({ connection }: Visit, welcome: Visit['welcome']): boolean {
  if (welcome === 'refuse') return true;
  if (welcome !== 'unauthorized') return connection !== undefined;
  return connection?.peer.frames.some(({ message }) => message?.['method'] === 'register') === true;
}
