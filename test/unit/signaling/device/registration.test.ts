import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { DeviceSignalingState } from '../../../../src/signaling/device/registration.ts';
import { fixedToken, type TokenSource } from '../../../../src/signaling/device/token/token-source.ts';
import { CLOSED, failureOf, register, expectRegistered } from './registration-bench.ts';
import { ScriptedServer } from './scripted-server.ts';

describe('registering', () => {
  let server: ScriptedServer;
  beforeEach(async () => {
    server = await new ScriptedServer().listening();
  });
  afterEach(() => server.close());

  /** Tokens of which each is given until it was refused. */
  function rotating(): TokenSource & { refusals: string[] } {
    const refusals: string[] = [];
    return {
      refusals,
      current: async () => `token-${refusals.length + 1}`,
      refused: (token) => refusals.push(token) > 0,
      close: () => {},
    };
  }

  it('is tried at once with a fresh token where the first is refused, and a wait comes only after that', async () => {
    const waits: number[] = [];
    const random = (): number => {
      waits.push(server.connections);
      return 0.5;
    };
    server.registration = { error: { code: 401, message: 'expired' } };
    const tokens = rotating();
    const registration = register({ server: server.url, tokens, retry: { firstMs: 5, maxMs: 20, random } });
    await vi.waitFor(() => expect(waits.length).toBeGreaterThan(2));
    // Connections before each wait.
    expect(waits.slice(0, 3)).toEqual([2, 4, 6]);
    expect(tokens.refusals.slice(0, 6)).toEqual(['token-1', 'token-2', 'token-3', 'token-4', 'token-5', 'token-6']);
    expect(registration.state).toMatchObject({ state: 'failed', reason: { code: 'signaling.unauthorized' } });
    server.registration = { result: { id: 'cam-7' } };
    await expectRegistered(registration);
  });

  it('succeeds by the second token without having failed', async () => {
    const states: DeviceSignalingState[] = [];
    server.registration = { error: { code: 401, message: 'expired' } };
    server.onMessage = ({ params }) => {
      const { authorization } = params as { authorization?: string };
      if (authorization === 'token-2') server.registration = { result: { id: 'cam-7' } };
    };
    await expectRegistered(register({ server: server.url, tokens: rotating(), onState: (state) => states.push(state) }));
    expect(states).toEqual([{ state: 'registered', peer: 'cam-7', reason: null }]);
    expect(server.headers).toEqual(['Bearer token-1', 'Bearer token-2']);
  });

  it.each([
    ['there is no other token', 401, { refused: () => false }],
    ['it is forbidden', 403, {}],
    ['the token was not the matter', 400, {}],
  ])('is tried once before each wait where %s', async (_what, code, tokens) => {
    server.registration = { error: { code, message: 'no' } };
    const waits: number[] = [];
    const random = (): number => {
      waits.push(server.connections);
      return 0.5;
    };
    register({ server: server.url, tokens: { ...rotating(), ...tokens }, retry: { firstMs: 5, maxMs: 20, random } });
    await vi.waitFor(() => expect(waits.length).toBeGreaterThan(1));
    expect(waits.slice(0, 2)).toEqual([1, 2]);
  });

  it('says what keeps the token from coming, and goes on asking', async () => {
    let asked = 0;
    const away = (): never => {
      asked += 1;
      throw new Error('The authorization server is away.');
    };
    const registration = register({ server: server.url, tokens: { ...fixedToken(undefined), current: away } });
    await vi.waitFor(() => expect(asked).toBeGreaterThan(3));
    expect(registration.state).toMatchObject({ state: 'failed', reason: { message: 'The authorization server is away.' } });
    expect(registration.counts).toEqual({ failedAttempts: asked, lostConnections: 0 });
    expect(server.connections).toBe(0);
  });

  it('ends at once while it waits for a token', async () => {
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>();
    const never = (): Promise<string> => {
      onAsked();
      return new Promise(() => {});
    };
    const registration = register({ server: server.url, tokens: { ...fixedToken(undefined), current: never } });
    await asked;
    await registration.close(CLOSED);
    expect(registration.state).toEqual({ state: 'failed', peer: null, reason: CLOSED });
    expect(server.connections).toBe(0);
  });

  it('is given up in time where the server does not answer it, and tried again', async () => {
    server.registration = { method: 'ping' };
    await expect(failureOf({ server: server.url, timeoutMs: 50 })).resolves.toEqual({
      code: 'signaling.silent',
      message: `The signaling server ${server.url.replace('=1', '=***')} did not answer register within 0.05 s.`,
      advice: 'Check that this is a signaling server; it is tried again.',
    });
    await vi.waitFor(() => expect(server.connections).toBeGreaterThan(2));
  });

  it('that ends in a closed socket says what the server said', async () => {
    server.onMessage = () => server.end(4401, 'token expired');
    await expect(failureOf({ server: server.url })).resolves.toMatchObject({
      code: 'signaling.register',
      message: expect.stringContaining('ended (code 4401: token expired). The camera was not registered yet.') as string,
    });
  });

  it('comes to its end through all kinds of garbage', async () => {
    const malformed: string[] = [];
    server.onMessage = () => {
      for (const frame of ['', '{', '[]', 'null', '5', '{"id":99}', '['.repeat(20_000), '{"error":7}']) server.sendRaw(frame);
      server.sendRaw(`{"jsonrpc":"2.0","id":"x","result":{"id":"${'y'.repeat(1000)}"}}`);
    };
    const registration = register({ server: server.url, onMalformed: (why) => malformed.push(why) });
    await expectRegistered(registration);
    expect(registration.state.peer).toBe('cam-7');
    expect(malformed.length).toBeGreaterThanOrEqual(7);
  });

  it.each([
    ['a binary frame', Buffer.from([1, 2, 3])],
    ['a frame beyond the limit', 'x'.repeat(300_000)],
  ])('is done again after %s', async (_what, frame) => {
    const registration = register({ server: server.url });
    await expectRegistered(registration);
    server.sendRaw(frame);
    await vi.waitFor(() => expect(server.connections).toBe(2));
    await expectRegistered(registration);
    expect(registration.counts).toEqual({ failedAttempts: 0, lostConnections: 1 });
  });
});

it('a registration that held for ten seconds is followed by the shortest wait, one that did not by a longer one', async () => {
  const server = await new ScriptedServer().listening();
  onTestFinished(() => server.close());
  // Only timers: sockets take their own time.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let attempts = 0;
  const registration = register({
    server: server.url,
    turn: async () => void (attempts += 1),
    retry: { firstMs: 1000, maxMs: 1_000_000, factor: 100, jitter: 0 },
  });
  const lost = async (afterMs: number): Promise<void> => {
    await until(() => registration.state.state === 'registered');
    await vi.advanceTimersByTimeAsync(afterMs);
    server.drop();
    await until(() => registration.state.state === 'connecting');
  };
  /** By how many attempts it is tried within a time that begins now. */
  const triedWithin = async (spanMs: number): Promise<number> => {
    const before = attempts;
    await vi.advanceTimersByTimeAsync(spanMs);
    return attempts - before;
  };
  await lost(9000);
  expect([await triedWithin(999), await triedWithin(1)]).toEqual([0, 1]);
  await lost(9000);
  expect([await triedWithin(99_999), await triedWithin(1)]).toEqual([0, 1]);
  await lost(10_000);
  expect([await triedWithin(999), await triedWithin(1)]).toEqual([0, 1]);
});

/** Waits by turns of the event loop, where timers stand still. */
async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never: ${String(condition)}`);
    await setImmediate();
  }
}

describe('the intervals', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => vi.useRealTimers());

  /** When each of 60 devices, that start at the same moment, makes its attempts within a time; a server that is no URL fails at once. */
  async function attempts(forMs: number): Promise<number[][]> {
    const start = performance.now();
    const all = Array.from({ length: 60 }, () => {
      const times: number[] = [];
      const turn = async (): Promise<void> => void times.push(performance.now() - start);
      return { times, registration: register({ server: 'nonsense', turn, retry: undefined }) };
    });
    await vi.advanceTimersByTimeAsync(forMs);
    for (const { registration } of all) void registration.close(CLOSED);
    return all.map(({ times }) => times);
  }

  it('ascend for each device, up to a minute', async () => {
    for (const times of await attempts(600_000)) {
      const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
      expect(times[0]).toBe(0);
      for (const [index, wait] of waits.entries()) {
        const full = Math.min(60_000, 1500 * 1.3 ** index);
        expect(wait).toBeGreaterThanOrEqual(full * 0.5 - 1);
        expect(wait).toBeLessThanOrEqual(full + 1);
      }
      expect(waits.length).toBeLessThan(40);
    }
  });

  it('are each device’s own: no two have the same, and no herd comes back', async () => {
    const all = await attempts(30_000);
    expect(new Set(all.map((times) => times.join())).size).toBe(60);
    const later = all.flatMap((times) => times.slice(2));
    const most = Math.max(...later.map((time) => later.filter((other) => other >= time && other < time + 100).length));
    expect(most).toBeLessThan(20);
  });

  it('leave no device away for longer than ten seconds after an outage of up to fourteen', async () => {
    for (const times of await attempts(60_000)) {
      for (let outage = 500; outage <= 14_000; outage += 500) {
        const back = times.find((time) => time >= outage) ?? Number.POSITIVE_INFINITY;
        expect(back - outage).toBeLessThan(10_000);
      }
    }
  });
});
