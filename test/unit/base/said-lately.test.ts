import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SaidLately } from '../../../src/base/said-lately.ts';

const MINUTE = 60_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('news is said at once, and again after five minutes with a count, whatever came in between', () => {
  const said = new SaidLately();
  expect(said.hasSpoken).toBe(false);
  expect([said.due('a'), said.due('b'), said.due('a'), said.due('b'), said.due('a')]).toEqual([1, 1, ...Array(3)]);
  vi.advanceTimersByTime(5 * MINUTE - 1);
  expect(said.due('a')).toBeUndefined();
  vi.advanceTimersByTime(1);
  expect([said.due('a'), said.due('a'), said.due('b')]).toEqual([4, undefined, 2]);
  expect(said.hasSpoken).toBe(true);
});

it('everything is news once all was well', () => {
  const said = new SaidLately();
  said.due('a');
  said.forget();
  expect(said.hasSpoken).toBe(false);
  expect([said.due('a'), said.due('a')]).toEqual([1, undefined]);
});

it('of texts that are all different, no more are said than eight in five minutes', () => {
  const said = new SaidLately();
  let lines = 0;
  for (let second = 0; second < 3600; second += 1) {
    if (said.due(`attempt ${second}`) !== undefined) lines += 1;
    vi.advanceTimersByTime(1000);
  }
  expect(lines).toBe(8 * 12);
});
