import { expect, it } from 'vitest';
import { FoundLimit } from '../../../../src/peer/congestion/found-limit.ts';

/** For how many seconds it is known while there is room, from this second on. */
function knownFor(limit: FoundLimit, fromSecond: number): number {
  for (let second = 0; second < 1000; second += 1) {
    limit.look(true, (fromSecond + second) * 1000);
    if (!limit.isKnown) return second;
  }
  return Number.POSITIVE_INFINITY;
}

it('is forgotten after ten seconds with room, and after twice as long each time that it is found again within a minute', () => {
  const limit = new FoundLimit();
  expect(limit.isKnown).toBe(false);
  limit.found(0);
  expect(knownFor(limit, 0)).toBe(10);
  limit.found(40_000);
  expect(knownFor(limit, 40)).toBe(20);
  limit.found(90_000);
  expect(knownFor(limit, 90)).toBe(40);
  limit.found(300_000);
  expect(knownFor(limit, 300)).toBe(10);
});

it('is known for five minutes at most after it was found for the last time', () => {
  const limit = new FoundLimit();
  let second = 0;
  for (let times = 0; times < 10; times += 1) {
    limit.found(second * 1000);
    second += knownFor(limit, second) + 1;
  }
  limit.found(second * 1000);
  expect(knownFor(limit, second)).toBe(320);
});

it('stays while there is no room', () => {
  const limit = new FoundLimit();
  limit.found(0);
  for (let second = 0; second < 100; second += 1) limit.look(second % 10 !== 9, second * 1000);
  expect(limit.isKnown).toBe(true);
});
