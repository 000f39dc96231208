import { afterEach, describe, expect, it, vi } from 'vitest';
import { SimulatedLadder, type LadderOptions } from '../support/simulated-ladder.ts';

/* What of the ladder on simulated links takes longer: test/scenario/ladder.test.ts has the rest. */

afterEach(() => {
  vi.useRealTimers();
});

const MBIT = 1_000_000;
const LINK = { queueMs: 500, delayMs: 20, seed: 3 };

function ladderOf(options: Partial<LadderOptions> & Pick<LadderOptions, 'rate' | 'profiles'>): SimulatedLadder {
  return new SimulatedLadder({ ...LINK, ...options });
}

/** The highest whose mean is at most 0.8 of the link; undefined where the link is within 25 % of a boundary. */
function expectedRung({ rungs }: SimulatedLadder, linkBitsPerSecond: number): number | undefined {
  const boundaries = rungs.map(({ bitsPerSecond }) => bitsPerSecond / 0.8);
  if (boundaries.some((boundary) => Math.abs(linkBitsPerSecond / boundary - 1) < 0.25)) return undefined;
  return boundaries.findLastIndex((boundary) => boundary <= linkBitsPerSecond);
}

describe('a link that stays as it is', () => {
  const RATES = [0.2, 0.29, 0.41, 0.6, 0.85, 1.2, 1.7, 2.4, 3.4, 4.9, 7, 10];
  const LADDERS = [
    [0.4, 1.5, 4],
    [0.25, 1, 2.5],
    [0.5, 3],
  ];
  const ladderAt = (mbit: number, profiles: readonly number[]): SimulatedLadder =>
    ladderOf({ rate: () => mbit * MBIT, profiles: profiles.map((each) => each * MBIT) });
  const table = LADDERS.flatMap((profiles) => RATES.map((mbit) => ({ profiles, mbit }))).flatMap(({ profiles, mbit }) => {
    const expected = expectedRung(ladderAt(mbit, profiles), mbit * MBIT);
    // Sound alone is sent where nothing fits.
    return expected === undefined ? [] : [{ profiles, mbit, expected: Math.max(0, expected) }];
  });
  vi.useRealTimers();

  it('is looked at for each of twelve rates', () => {
    expect(new Set(table.map(({ mbit }) => mbit))).toEqual(new Set(RATES));
  });

  it.each(table)(
    'is sent the rung that fits, 95 % of the time: $mbit Mbit/s, profiles of $profiles Mbit/s',
    ({ profiles, mbit, expected }) => {
      const ladder = ladderAt(mbit, profiles);
      ladder.run(15);
      const seen = ladder.run(120);
      expect(seen.share[expected]).toBeGreaterThanOrEqual(0.95);
      expect(seen.loss).toBeLessThan(0.01);
      // One packet of 1200 bytes takes 48 ms of 0.2 Mbit/s.
      expect(seen.meanQueueMs).toBeLessThan(Math.max(40, (2 * 1200 * 8) / (mbit * 1000)));
    },
  );

  it.each([1.8, 1.9, 2, 2.1, 2.2, 2.3, 2.4, 2.5])(
    'has at most two switches in ten minutes, however near the profile is to it: 2.5 Mbit/s, %f and 0.3 Mbit/s',
    (mbit) => {
      const ladder = ladderOf({ rate: () => 2.5 * MBIT, profiles: [0.3 * MBIT, mbit * MBIT] });
      const seen = ladder.run(600);
      expect(seen.switches).toBeLessThanOrEqual(2);
      expect(seen.loss).toBeLessThan(0.01);
      expect(seen.meanQueueMs).toBeLessThan(40);
    },
  );
});

describe('a viewer that says nothing of its sound, as browsers of PCMU', () => {
  /** Keyframes of 24 times the other pictures take half of what they and the sound do. */
  const CAMERA = { profiles: [0.3 * MBIT, 2 * MBIT], keyframeSize: 24, reportsSound: false };

  it.each([0.29, 0.3, 0.32, 0.35, 0.68, 0.8, 1, 1.5, 4])('is sent the rung that fits all the same: %f Mbit/s', (mbit) => {
    const ladder = ladderOf({ ...CAMERA, rate: () => mbit * MBIT });
    const expected = expectedRung(ladder, mbit * MBIT) ?? Number.NaN;
    ladder.run(15);
    const seen = ladder.run(120);
    expect(seen.share[expected]).toBeGreaterThanOrEqual(0.95);
    expect(seen.loss).toBeLessThan(0.01);
  });
});

describe('a viewer that does not report on each packet', () => {
  const rate = (nowMs: number): number => (nowMs >= 30_000 && nowMs < 70_000 ? 1 : 5.5) * MBIT;

  it.each(['receiver-estimate', 'receiver-reports'] as const)(
    'is sent less when its link goes from 5.5 to 1 Mbit/s, and within three minutes all when that is wide again: %s',
    (reports) => {
      const ladder = ladderOf({ rate, reports, profiles: [0.4 * MBIT, 1.5 * MBIT, 4 * MBIT] });
      const [wide, fall, narrow, , again] = [30, 10, 30, 150, 20].map((seconds) => ladder.run(seconds));
      expect(wide?.share[4]).toBe(1);
      expect(fall?.share[2]).toBeGreaterThan(0.4);
      expect(narrow?.share[2]).toBeGreaterThan(0.8);
      expect(narrow?.switches).toBeLessThanOrEqual(2);
      expect(again?.share[4]).toBe(1);
    },
  );

  it.each(['receiver-estimate', 'receiver-reports'] as const)(
    'tries more than its link carries seldom, and ever more seldom: %s',
    (reports) => {
      const ladder = ladderOf({ rate: () => MBIT, reports, profiles: [0.4 * MBIT, 1.5 * MBIT, 4 * MBIT] });
      ladder.run(60);
      const [early, late] = [ladder.run(240), ladder.run(240)];
      expect(early.switches).toBeLessThanOrEqual(8);
      expect(late.switches).toBeLessThanOrEqual(4);
      expect(late.share[2]).toBeGreaterThan(0.95);
    },
  );
});
