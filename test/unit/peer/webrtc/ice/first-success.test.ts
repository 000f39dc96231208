import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { firstSuccess } from '../../../../../src/peer/webrtc/ice/first-success.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Tries that end when told to, and which of them were started. */
function tries(count: number): { starts: (() => Promise<string>)[]; started: number[]; ends: PromiseWithResolvers<string>[] } {
  const ends = Array.from({ length: count }, () => Promise.withResolvers<string>());
  const started: number[] = [];
  const starts = ends.map((end, index) => () => {
    started.push(index);
    return end.promise;
  });
  return { starts, started, ends };
}

it('starts the next one when the one before failed, at once, or when it does not answer, after a while', async () => {
  const { starts, started, ends } = tries(3);
  const first = firstSuccess(starts, 500, () => undefined);
  expect(started).toEqual([0]);
  ends[0]?.reject(new Error('no'));
  await vi.advanceTimersByTimeAsync(0);
  expect(started).toEqual([0, 1]);
  await vi.advanceTimersByTimeAsync(499);
  expect(started).toEqual([0, 1]);
  await vi.advanceTimersByTimeAsync(1);
  expect(started).toEqual([0, 1, 2]);
  ends[2]?.resolve('third');
  expect(await first).toBe('third');
});

it('starts no more after the first success, and hands over what succeeds late', async () => {
  const { starts, started, ends } = tries(3);
  const late: string[] = [];
  const first = firstSuccess(starts, 500, (result) => late.push(result));
  await vi.advanceTimersByTimeAsync(500);
  ends[0]?.resolve('first');
  expect(await first).toBe('first');
  ends[1]?.resolve('second');
  await vi.advanceTimersByTimeAsync(5000);
  expect([started, late]).toEqual([[0, 1], ['second']]);
});

it('says so when all failed, and when there was nothing to try', async () => {
  const { starts, ends } = tries(2);
  const first = firstSuccess(starts, 500, () => undefined);
  for (const end of ends) end.reject(new Error('no'));
  expect(await first).toBeUndefined();
  expect(await firstSuccess([], 500, () => undefined)).toBeUndefined();
});
