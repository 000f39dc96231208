import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayError } from '../../../../../src/base/errors.ts';
import { createLogger } from '../../../../../src/base/log.ts';
import type { IssuedToken } from '../../../../../src/signaling/device/token/authorization-server.ts';
import { OAuthToken } from '../../../../../src/signaling/device/token/oauth-token.ts';
import { recordingLogger } from '../../../../support/site.ts';

const DOWN = new GatewayError('oauth.unreachable', 'It is away.', { advice: 'It is tried again.' });

describe('a token of OAuth', () => {
  let issued: number;
  let answer: () => IssuedToken;
  let source: OAuthToken;
  let lines: Record<string, unknown>[];

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    issued = 0;
    answer = () => ({ token: `token-${issued}`, lifetime: 1000 });
    const recording = recordingLogger((destination) => createLogger({ destination }));
    ({ lines } = recording);
    source = new OAuthToken({
      issueToken: async () => {
        issued += 1;
        return answer();
      },
      log: recording.logger,
      retry: { firstMs: 1000, maxMs: 8000 },
    });
  });
  afterEach(() => {
    source.close();
    vi.useRealTimers();
  });

  it('is fetched once for all who ask at the same time, and kept', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, async () => source.current()));
    expect(new Set(all)).toEqual(new Set(['token-1']));
    expect(source.current()).toBe('token-1');
    expect(issued).toBe(1);
  });

  it('is renewed before it expires, without anybody asking', async () => {
    await source.current();
    await vi.advanceTimersByTimeAsync(690_000);
    expect(issued).toBe(1);
    await vi.advanceTimersByTimeAsync(170_000);
    expect(issued).toBe(2);
    expect(source.current()).toBe('token-2');
  });

  it('is used as long as it is good while no other can be had, then there is none; the log says so once', async () => {
    await source.current();
    answer = () => {
      throw DOWN;
    };
    await vi.advanceTimersByTimeAsync(985_000);
    expect(issued).toBeGreaterThan(10);
    expect(source.current()).toBe('token-1');
    expect(lines.filter(({ level }) => level === 40)).toMatchObject([
      { msg: 'No new token yet: It is away. It is tried again.' },
    ]);
    await vi.advanceTimersByTimeAsync(10_000);
    const asked = source.current();
    expect(asked).toBeInstanceOf(Promise);
    answer = () => ({ token: 'back', lifetime: 1000 });
    await vi.advanceTimersByTimeAsync(8000);
    await expect(asked).resolves.toBe('back');
  });

  it('without an end is kept until it is refused', async () => {
    answer = () => ({ token: `token-${issued}` });
    await source.current();
    await vi.advanceTimersByTimeAsync(100 * 24 * 3600 * 1000);
    expect(source.current()).toBe('token-1');
    expect(issued).toBe(1);
  });

  it('is fetched anew when the server refused it, once for all who were refused', async () => {
    const token = await source.current();
    expect([source.refused(token), source.refused(token), source.refused(token)]).toEqual([true, true, true]);
    const renewed = await Promise.all([source.current(), source.current()]);
    expect(renewed).toEqual(['token-2', 'token-2']);
    // Who comes late with the old one gets the new one, and does not take it from the others.
    expect(source.refused(token)).toBe(true);
    expect(source.current()).toBe('token-2');
    expect(issued).toBe(2);
  });

  it('is not fetched at each attempt where all are refused, but ever less often', async () => {
    let asked = 0;
    for (let second = 0; second < 600; second += 1) {
      for (let camera = 0; camera < 10; camera += 1) {
        asked += 1;
        source.refused(await source.current());
      }
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(asked).toBe(6000);
    expect(issued).toBeGreaterThan(3);
    expect(issued).toBeLessThan(12);
  });

  it('that cannot be had is said at once, and asked for at growing intervals, together', async () => {
    answer = () => {
      throw DOWN;
    };
    await expect(source.current()).rejects.toBe(DOWN);
    const waiting = Promise.allSettled(Array.from({ length: 200 }, async () => source.current()));
    await vi.advanceTimersByTimeAsync(600);
    expect(issued).toBe(1);
    await vi.advanceTimersByTimeAsync(500);
    expect(issued).toBe(2);
    expect((await waiting).every(({ status }) => status === 'rejected')).toBe(true);
  });

  it('is no more fetched after the end', async () => {
    await source.current();
    source.close();
    await vi.advanceTimersByTimeAsync(2_000_000);
    expect(issued).toBe(1);
    await expect(source.current()).rejects.toMatchObject({ code: 'signaling.closed' });
  });
});
