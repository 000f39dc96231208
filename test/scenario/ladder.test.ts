import { afterEach, describe, expect, it, vi } from 'vitest';
import { Random } from '../fuzz/random.ts';
import { SimulatedLadder, type LadderOptions, type LadderSeen } from '../support/simulated-ladder.ts';

/*
 * Which rung a viewer is sent on simulated links: the choice, the estimate, probes, pacer, send log and the codec of the feedback are those of the product; a camera
 * whose keyframes are eight times as large as its other pictures, which vary by the seed; time is vitest's.
 */

afterEach(() => {
  vi.useRealTimers();
});

const MBIT = 1_000_000;
const fixed = (mbit: number) => (): number => mbit * MBIT;
const LINK = { rate: fixed(6), queueMs: 500, delayMs: 20, profiles: [0.4 * MBIT, 1.5 * MBIT, 4 * MBIT], seed: 3 };
/** Sound alone, keyframes of the lowest profile, and each profile. */
const [SOUND, KEYFRAMES, SUB, MID, MAIN] = [0, 1, 2, 3, 4] as const;

/** What is seen from the end of each span to that of the next, seconds. */
function view(options: Partial<LadderOptions>, ...spans: number[]): LadderSeen[] {
  const ladder = new SimulatedLadder({ ...LINK, ...options });
  return spans.map((seconds) => ladder.run(seconds));
}

interface Limits {
  /** Rung that is sent all the time. */
  rung?: number;
  /** At least, Mbit/s. */
  delivered: number;
  /** At most. */
  meanQueueMs: number;
  maxQueueMs: number;
  loss?: number;
  switches?: number;
}

/** Which of the limits it is beyond, with what was seen; none: it holds all. */
function beyond(seen: LadderSeen | undefined, limits: Limits): string[] {
  if (seen === undefined) return ['nothing was seen'];
  const { rung, delivered, meanQueueMs, maxQueueMs, loss = 0, switches = 0 } = limits;
  const checks: readonly (readonly [string, boolean])[] = [
    [`rungs ${seen.share.join(' ')}`, rung === undefined || seen.share[rung] === 1],
    [`delivered ${seen.deliveredBitsPerSecond}`, seen.deliveredBitsPerSecond > delivered * MBIT],
    [`mean queue ${seen.meanQueueMs}`, seen.meanQueueMs < meanQueueMs],
    [`longest queue ${seen.maxQueueMs}`, seen.maxQueueMs < maxQueueMs],
    [`loss ${seen.loss}`, seen.loss <= loss],
    [`switches ${seen.switches}`, seen.switches <= switches],
  ];
  return checks.flatMap(([what, isHeld]) => (isHeld ? [] : [what]));
}

/** What the highest rung takes of a link that has room for it. */
const HIGHEST = { rung: MAIN, delivered: 4, meanQueueMs: 20, maxQueueMs: 250 };

/** Falls to 1 Mbit/s after half a minute, for 40 s. */
const stepsFrom =
  (mbit: number) =>
  (nowMs: number): number =>
    (nowMs >= 30_000 && nowMs < 70_000 ? 1 : mbit) * MBIT;

describe.each([
  // The highest profile takes no more than 0.8 of the link.
  { mbit: 5, highest: 3.5 },
  { mbit: 5.5, highest: 4 },
])('a link of $mbit, then 1, then $mbit Mbit/s', ({ mbit, highest }) => {
  const rate = stepsFrom(mbit);
  const profiles = [0.4 * MBIT, 1.5 * MBIT, highest * MBIT];

  it('is left within a second for the rung that fits, without a freeze; within 20 s of room the highest is back', () => {
    const [wide, fall, drained, narrow, back, again] = view({ rate, profiles }, 30, 1, 2, 37, 20, 20);
    const whole = { ...HIGHEST, delivered: highest };
    expect(beyond(wide, whole)).toEqual([]);
    // It is not stepped down: the first rung that is gone to is the one that stays. What the queue does not hold until then is lost.
    expect(fall).toMatchObject({ switches: 1 });
    expect(beyond(fall, { delivered: 0.9, meanQueueMs: 505, maxQueueMs: 505, loss: 0.4, switches: 1 })).toEqual([]);
    for (const seen of [fall, drained]) expect(seen?.maxGapMs).toBeLessThan(400);
    expect(beyond(drained, { rung: SUB, delivered: 0.4, meanQueueMs: 60, maxQueueMs: 300 })).toEqual([]);
    expect(beyond(narrow, { rung: SUB, delivered: 0.5, meanQueueMs: 10, maxQueueMs: 200 })).toEqual([]);
    expect(beyond(back, { delivered: 0.5, meanQueueMs: 15, maxQueueMs: 100, switches: 2 })).toEqual([]);
    expect(beyond(again, whole)).toEqual([]);
  });

  it('is left as soon as the camera has a keyframe, where it makes none when it is asked', () => {
    const late = { rate, profiles, answersRequests: false, groupMs: 4000 };
    const [, fall, narrow] = view(late, 30, 5, 35);
    expect(fall).toMatchObject({ switches: 1 });
    expect(fall?.maxGapMs).toBeLessThan(1000);
    expect(beyond(narrow, { rung: SUB, delivered: 0.5, meanQueueMs: 15, maxQueueMs: 200 })).toEqual([]);
  });
});

it('a link of 6, then 0.8, then 6 Mbit/s: the lower profile within 3 s, no freeze and nothing lost behind that, the upper one within 20 s', () => {
  const rate = (nowMs: number): number => (nowMs >= 30_000 && nowMs < 70_000 ? 0.8 : 6) * MBIT;
  const [, fall, narrow, back, again] = view({ rate, profiles: [0.3 * MBIT, 2 * MBIT] }, 30, 3, 37, 20, 20);
  expect(fall).toMatchObject({ switches: 1 });
  expect(fall?.maxGapMs).toBeLessThan(500);
  expect(beyond(narrow, { rung: SUB, delivered: 0.35, meanQueueMs: 30, maxQueueMs: 250 })).toEqual([]);
  expect(back).toMatchObject({ switches: 1 });
  expect(beyond(again, { rung: MID, delivered: 2, meanQueueMs: 15, maxQueueMs: 150 })).toEqual([]);
});

it('a link that goes from 7 to 0.3 Mbit/s and back in two minutes is followed down and up', () => {
  const rate = (nowMs: number): number => MBIT * Math.max(0.3, 0.3 + 6.7 * Math.abs(1 - nowMs / 60_000));
  const [down, bottom, up, end] = view({ rate }, 50, 20, 50, 20);
  expect(beyond(down, { delivered: 0.6 * 3.4, meanQueueMs: 40, maxQueueMs: 250, switches: 2 })).toEqual([]);
  expect(beyond(bottom, { delivered: 0.3, meanQueueMs: 60, maxQueueMs: 300, switches: 4 })).toEqual([]);
  expect(beyond(up, { delivered: 1.4, meanQueueMs: 20, maxQueueMs: 150, switches: 3 })).toEqual([]);
  expect(beyond(end, HIGHEST)).toEqual([]);
});

it.each([1, 2, 3])('two percent of the packets lost at random are no congestion: the highest rung stays, by seed %i', (seed) => {
  const [, lossy] = view({ loss: 0.02, seed }, 10, 60);
  expect(beyond(lossy, { ...HIGHEST, loss: 0.025 })).toEqual([]);
});

it('a queue that would hold 200 ms on 3 Mbit/s does not fill: the rung that fits is sent from the second second on', () => {
  const [, bloated] = view({ rate: fixed(3), queueMs: 200 }, 2, 60);
  expect(beyond(bloated, { rung: MID, delivered: 1.6, meanQueueMs: 20, maxQueueMs: 205, loss: 0.001 })).toEqual([]);
});

it('a TCP download that keeps the queue full leaves the viewer more than sound, with few switches, and all when it ends', () => {
  const tcp = (nowMs: number): boolean => nowMs > 20_000 && nowMs < 60_000;
  const [, shared, , again] = view({ queueMs: 200, tcp }, 20, 40, 40, 20);
  // The queue is the download's: what arrives of it and of ours fills the link.
  expect(beyond(shared, { delivered: 0.1, meanQueueMs: 180, maxQueueMs: 205, loss: 0.03, switches: 3 })).toEqual([]);
  expect(shared?.share[SOUND]).toBe(0);
  expect((shared?.deliveredBitsPerSecond ?? 0) + (shared?.tcpBitsPerSecond ?? 0)).toBeGreaterThan(0.9 * 6 * MBIT);
  expect(beyond(again, HIGHEST)).toEqual([]);
});

it('a radio link that stalls for up to 300 ms every few seconds keeps the highest rung', () => {
  const random = new Random(5);
  const stalls: (readonly [number, number])[] = [];
  for (let at = 3000; at < 80_000; at += 500 + random.below(4000)) stalls.push([at, at + 50 + random.below(250)]);
  const rate = (nowMs: number): number => {
    const stall = stalls.find(([from, to]) => nowMs >= from && nowMs < to);
    return stall === undefined ? 20 * MBIT : (1200 * 8000) / Math.max(1, stall[1] - nowMs);
  };
  const [early, late] = view({ rate, queueMs: 1000 }, 20, 60);
  for (const seen of [early, late])
    expect(beyond(seen, { ...HIGHEST, delivered: 3.9, meanQueueMs: 30, maxQueueMs: 320 })).toEqual([]);
});

it('feedback that is lost, every third and all of it for two seconds, changes nothing', () => {
  const noFeedback = (nowMs: number): boolean => nowMs > 20_000 && nowMs < 22_000;
  for (const seen of view({ feedbackLoss: 0.3, noFeedback }, 20, 2, 40)) expect(beyond(seen, HIGHEST)).toEqual([]);
});

it('below the lowest profile its keyframes are sent, below them sound alone, and pictures come back with room', () => {
  const rate = (nowMs: number): number => (nowMs < 20_000 ? 0.3 : nowMs < 40_000 ? 0.12 : 3) * MBIT;
  const [, still, , silent, , back] = view({ rate }, 10, 10, 10, 10, 40, 10);
  // A keyframe of 112 kbit takes 370 ms there.
  expect(beyond(still, { rung: KEYFRAMES, delivered: 0.1, meanQueueMs: 40, maxQueueMs: 375 })).toEqual([]);
  expect(beyond(silent, { rung: SOUND, delivered: 0.08, meanQueueMs: 40, maxQueueMs: 500 })).toEqual([]);
  expect(beyond(back, { rung: MID, delivered: 1.5, meanQueueMs: 20, maxQueueMs: 150 })).toEqual([]);
});

it('the same seed gives the same run, another one another', () => {
  const run = (seed: number): LadderSeen[] => view({ rate: fixed(3), loss: 0.02, feedbackLoss: 0.1, seed }, 10, 10);
  const first = run(7);
  expect(run(7)).toEqual(first);
  expect(run(8)).not.toEqual(first);
});
