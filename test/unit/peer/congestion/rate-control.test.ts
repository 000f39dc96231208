import { expect, it } from 'vitest';
import { RateControl } from '../../../../src/peer/congestion/rate-control.ts';

const MBIT = 1_000_000;

/** One that has found the path to carry 1 Mbit/s. */
function limited(): RateControl {
  const rate = new RateControl(2 * MBIT);
  rate.update({ usage: 'over', deliveredBitsPerSecond: MBIT, roundTripMs: 50 }, 1000);
  return rate;
}

it('goes at once to what the path was shown to carry, and forgets the limit below that', () => {
  const rate = limited();
  expect([rate.bitsPerSecond, rate.capacityBitsPerSecond]).toEqual([0.85 * MBIT, MBIT]);
  rate.carried(3 * MBIT);
  expect([rate.bitsPerSecond, rate.capacityBitsPerSecond]).toEqual([3 * MBIT, undefined]);
});

it('does not go down to what the path was shown to carry', () => {
  const rate = limited();
  rate.carried(0.5 * MBIT);
  expect([rate.bitsPerSecond, rate.capacityBitsPerSecond]).toEqual([0.85 * MBIT, MBIT]);
});
