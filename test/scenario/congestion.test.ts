import { describe, expect, it } from 'vitest';
import { SimulatedViewing, type Seen, type ViewingOptions } from '../support/simulated-viewing.ts';

/* The estimate of a viewer's path on simulated links: a clock of its own, a seed, the codec of the feedback and the send log as in the product. */

const MBIT = 1_000_000;

/** Of each packet's 1200 bytes 48 are not of the picture, and there is sound. */
const SHARE_OF_PICTURES = 0.96;
const SOUND = 83_200;

/** Pictures that are made as large as the path takes them, with a little room. */
const adaptive = (estimate: number): number => Math.min(0.95 * (estimate - SOUND) * SHARE_OF_PICTURES, 8 * MBIT);

const fixed =
  (bitsPerSecond: number): (() => number) =>
  () =>
    bitsPerSecond;

const LINK = { rate: fixed(3 * MBIT), queueMs: 500, delayMs: 20, source: adaptive, seed: 7 };

/** What is seen of a viewing from the end of each span to that of the next, seconds. */
function view(options: Partial<ViewingOptions>, ...spans: number[]): Seen[] {
  const viewing = new SimulatedViewing({ ...LINK, ...options });
  return spans.map((seconds) => viewing.run(seconds));
}

describe('a link of 5, then 1, then 5 Mbit/s', () => {
  const rate = (nowMs: number): number => (nowMs >= 20_000 && nowMs < 40_000 ? 1 : 5) * MBIT;

  it('is used to nine tenths; falls at once, its queue is gone within two seconds, and is found again', () => {
    const [, wide, fall, drained, narrow, again, found] = view({ rate }, 10, 10, 0.4, 1.6, 18, 15, 15);
    expect(wide?.deliveredBitsPerSecond).toBeGreaterThan(0.8 * 5 * MBIT);
    expect(wide).toMatchObject({ loss: 0 });
    expect(wide?.meanQueueMs).toBeLessThan(10);
    // Four tenths of a second after the fall.
    expect(fall?.estimate).toBeLessThan(MBIT);
    expect(drained?.minEstimate).toBeGreaterThan(0.8 * MBIT);
    expect(narrow?.deliveredBitsPerSecond).toBeGreaterThan(0.8 * MBIT);
    expect(narrow?.maxEstimate).toBeLessThan(1.2 * MBIT);
    expect(narrow).toMatchObject({ loss: 0 });
    expect(narrow?.maxQueueMs).toBeLessThan(50);
    expect(again?.estimate).toBeGreaterThan(2 * MBIT);
    expect(found?.estimate).toBeGreaterThan(4 * MBIT);
    expect(found?.maxQueueMs).toBeLessThan(50);
  });

  it('carries of a camera that sends 4 Mbit/s what it can, without a standing queue', () => {
    const [, wide, , , narrow] = view({ rate, source: fixed(4 * MBIT) }, 10, 10, 0.4, 1.6, 18);
    expect(wide?.deliveredBitsPerSecond).toBeGreaterThan(3.8 * MBIT);
    expect(narrow?.deliveredBitsPerSecond).toBeGreaterThan(0.95 * MBIT);
    expect(narrow).toMatchObject({ loss: 0 });
    expect(narrow?.meanQueueMs).toBeLessThan(100);
  });
});

describe('what is no congestion', () => {
  it.each([1, 2, 3])('the link is used to eight tenths with 2 percent of the packets lost at random, by seed %i', (seed) => {
    const [, lossy] = view({ loss: 0.02, seed }, 15, 45);
    expect(lossy?.deliveredBitsPerSecond).toBeGreaterThan(0.8 * 3 * MBIT);
    expect(lossy?.loss).toBeLessThan(0.03);
    expect(lossy?.meanQueueMs).toBeLessThan(20);
  });

  it('a link that loses 8 % at all times is used all the same', () => {
    const [, lossy] = view({ loss: 0.08 }, 15, 45);
    expect(lossy?.deliveredBitsPerSecond).toBeGreaterThan(0.7 * 3 * MBIT);
  });

  it('feedback that is lost, every third and all of it for two seconds, changes nothing', () => {
    const noFeedback = (nowMs: number): boolean => nowMs > 20_000 && nowMs < 22_000;
    const [, , , after] = view({ feedbackLoss: 0.3, noFeedback }, 15, 5, 2, 10);
    expect(after?.deliveredBitsPerSecond).toBeGreaterThan(0.8 * 3 * MBIT);
    expect(after?.maxEstimate).toBeLessThan(1.2 * 3 * MBIT);
    expect(after?.maxQueueMs).toBeLessThan(60);
  });
});

it('what was lost before the path became another one shows no limit of that', () => {
  let loss = 0;
  const options = { ...LINK, rate: fixed(20 * MBIT), source: fixed(4 * MBIT) };
  const viewing = new SimulatedViewing({
    ...options,
    get loss() {
      return loss;
    },
  });
  viewing.run(20);
  loss = 1.1;
  for (let second = 0; second < 3; second += 1) {
    viewing.path.beginPath();
    viewing.run(1);
  }
  viewing.path.beginPath();
  loss = 0;
  for (let second = 0; second < 15; second += 1) expect(viewing.run(1).capacity).toBeUndefined();
});

describe('a viewer on a machine that is held up', () => {
  /** Nothing arrives for so long every five seconds, then all that was sent at the rate of the link. */
  function stalled(stallMs: number, linkMbit: number): Seen | undefined {
    const rate = (nowMs: number): number => {
      const leftMs = stallMs - (nowMs % 5000);
      return nowMs > 20_000 && leftMs > 0 ? (1200 * 8000) / Math.max(1, leftMs) : linkMbit * MBIT;
    };
    return view({ rate, source: fixed(4 * MBIT), queueMs: 6000, seed: 3 }, 19, 40)[1];
  }

  it.each([
    [150, 6],
    [300, 6],
    [700, 6],
    [300, 20],
    [1500, 20],
  ])('shows no limit below what the path carries: %i ms on %i Mbit/s', (stallMs, linkMbit) => {
    const seen = stalled(stallMs, linkMbit);
    expect(seen?.minEstimate).toBeGreaterThan(4.3 * MBIT);
    expect(seen?.deliveredBitsPerSecond).toBeGreaterThan(4 * MBIT);
  });

  it.each([
    [300, 6],
    [700, 20],
    [1500, 20],
  ])('is shown pictures that waited for half a second at most in the gateway: %i ms on %i Mbit/s', (stallMs, linkMbit) => {
    expect(stalled(stallMs, linkMbit)?.maxWaitingBytes).toBeLessThan((0.5 * 4 * MBIT) / 8);
  });
});

describe('a path with a limit and a camera that sends more', () => {
  it.each([0.4, 1, 3])('is filled with headers, sound and pictures together: %f Mbit/s', (mbit) => {
    const [, full] = view({ rate: fixed(mbit * MBIT), source: fixed(4 * MBIT), seed: 3 }, 20, 40);
    expect(full).toMatchObject({ loss: 0 });
    expect(full?.meanQueueMs).toBeLessThan(50);
    expect(full?.maxQueueMs).toBeLessThan(120);
    expect(full?.deliveredBitsPerSecond).toBeGreaterThan(0.95 * mbit * MBIT);
  });
});

describe('a queue that would hold 200 ms', () => {
  it('stays empty but for the first seconds, and the link is used to eight tenths', () => {
    const [, bloated] = view({ queueMs: 200 }, 10, 30);
    expect(bloated?.deliveredBitsPerSecond).toBeGreaterThan(0.8 * 3 * MBIT);
    expect(bloated).toMatchObject({ loss: 0 });
    expect(bloated?.meanQueueMs).toBeLessThan(10);
    expect(bloated?.maxQueueMs).toBeLessThan(60);
  });

  it('is left to others who come, and their part is taken over when they go', () => {
    const others = (nowMs: number): number => (nowMs > 15_000 && nowMs < 30_000 ? 1.5 * MBIT : 0);
    const [, , shared, , alone] = view({ queueMs: 200, others }, 15, 3, 12, 10, 20);
    expect(shared?.deliveredBitsPerSecond).toBeGreaterThan(0.7 * 1.5 * MBIT);
    expect(shared?.loss).toBeLessThan(0.01);
    expect(shared?.meanQueueMs).toBeLessThan(50);
    expect(alone?.estimate).toBeGreaterThan(0.8 * 3 * MBIT);
  });
});

describe('a link with a queue of 20 ms, which loses before it delays', () => {
  it('is used to seven tenths, and loses next to nothing', () => {
    const [, short] = view({ queueMs: 20 }, 30, 30);
    expect(short?.deliveredBitsPerSecond).toBeGreaterThan(0.7 * 3 * MBIT);
    expect(short?.loss).toBeLessThan(0.02);
  });
});

describe('a camera that sends less than the link carries', () => {
  it('neither raises the estimate beyond what was tried nor pulls it down, and no limit is found', () => {
    const [early, late] = view({ rate: fixed(20 * MBIT), source: fixed(MBIT) }, 60, 60);
    expect(late?.maxEstimate).toBeLessThan(3 * MBIT);
    expect(late?.minEstimate).toBeGreaterThanOrEqual(early?.estimate ?? MBIT);
    expect(late?.capacity).toBeUndefined();
  });

  it('is held up by a limit no longer that a short disturbance has shown', () => {
    const rate = (nowMs: number): number => (nowMs > 10_000 && nowMs < 10_800 ? 0.5 : 50) * MBIT;
    const [, disturbed, after] = view({ rate, source: fixed(2 * MBIT) }, 10, 3, 40);
    expect(disturbed?.capacity).toBeGreaterThan(0);
    expect(after?.capacity).toBeUndefined();
    expect(after?.deliveredBitsPerSecond).toBeGreaterThan(1.95 * MBIT);
  });
});

it('the same seed gives the same run, another one another', () => {
  const run = (seed: number): Seen[] => view({ loss: 0.02, feedbackLoss: 0.1, seed }, 5, 5);
  expect(run(7)).toEqual(run(7));
  expect(run(8)).not.toEqual(run(7));
});
