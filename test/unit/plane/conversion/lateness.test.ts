import { expect, it } from 'vitest';
import { Lateness } from '../../../../src/plane/conversion/lateness.ts';

/** Ticks of 40 ms. */
const STEP = 3600;

/** So many pictures were given, 25 a second, and of so many something was made. */
function lateness(given: number, made: number, step = STEP, first = 0): Lateness {
  const watched = new Lateness();
  for (let index = 0; index < given; index += 1) watched.given((first + index * step) >>> 0);
  for (let index = 0; index < made; index += 1) watched.made((first + index * step) >>> 0);
  return watched;
}

it('is late what is more than two seconds behind for more than three', () => {
  const watched = lateness(100, 40);
  expect([0, 3000, 3001].map((now) => watched.isLate(now))).toEqual([false, false, true]);
});

it('is not late what catches up in between, as with a group of pictures that is given at once', () => {
  const watched = lateness(100, 40);
  expect(watched.isLate(0)).toBe(false);
  for (let index = 40; index < 60; index += 1) watched.made(index * STEP);
  expect([2900, 6000].map((now) => watched.isLate(now))).toEqual([false, false]);
});

it('is not late what has made nothing yet, nor what is begun anew', () => {
  expect([0, 60_000].map((now) => lateness(100, 0).isLate(now))).toEqual([false, false]);
  const watched = lateness(100, 40);
  watched.isLate(0);
  watched.restart();
  expect([3001, 60_000].map((now) => watched.isLate(now))).toEqual([false, false]);
});

it('is not late what holds back pictures to put them in order, one a second', () => {
  const watched = lateness(17, 1, 90_000);
  expect([0, 60_000].map((now) => watched.isLate(now))).toEqual([false, false]);
});

it('is late also where timestamps begin anew at 0', () => {
  const watched = lateness(100, 40, STEP, 2 ** 32 - 50 * STEP);
  expect([0, 3001].map((now) => watched.isLate(now))).toEqual([false, true]);
});
