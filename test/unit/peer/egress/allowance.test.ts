import { expect, it } from 'vitest';
import { Allowance } from '../../../../src/peer/egress/allowance.ts';

const NOW = 1_000_000;
const OPTIONS = { share: 0.5, perSecond: 100, most: 1000, first: 10 };

/** How much is there at an instant; all of it is spent. */
function take(allowance: Allowance, nowMs: number): number {
  let amount = 0;
  while (!allowance.isSpent(nowMs)) {
    allowance.spend(1);
    amount += 1;
  }
  return amount;
}

it('an allowance is earned by a share of what is done and by time, and saved up to its most', () => {
  const allowance = new Allowance(OPTIONS);
  expect([take(allowance, NOW), take(allowance, NOW)]).toEqual([10, 0]);
  allowance.earn(200);
  expect(take(allowance, NOW)).toBe(100);
  expect(take(allowance, NOW + 500)).toBe(50);
  allowance.earn(1900);
  expect(take(allowance, NOW + 10_500)).toBe(1000);
  allowance.earn(1e9);
  expect(take(allowance, NOW + 10_500)).toBe(1000);
});

it('a clock that is set back costs nothing of an allowance, and it goes on from there', () => {
  const allowance = new Allowance(OPTIONS);
  expect(allowance.isSpent(NOW)).toBe(false);
  expect(take(allowance, NOW - 3_600_000)).toBe(10);
  expect(take(allowance, NOW - 3_600_000 + 1000)).toBe(100);
});

it('what is overdrawn is earned again before anything more is there', () => {
  const allowance = new Allowance(OPTIONS);
  allowance.spend(60);
  allowance.earn(80);
  expect(allowance.isSpent(NOW)).toBe(true);
  expect(allowance.isSpent(NOW + 99)).toBe(true);
  expect(allowance.isSpent(NOW + 101)).toBe(false);
});
