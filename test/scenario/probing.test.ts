import { describe, expect, it } from 'vitest';
import { SimulatedViewing, type Seen, type ViewingOptions } from '../support/simulated-viewing.ts';

/*
 * The estimate of a viewer's path, and probes of it, on simulated links: a camera of 0.7 Mbit/s whose viewer would be sent 4 Mbit/s if the path were known to carry
 * it. A clock of its own and a seed.
 */

const MBIT = 1_000_000;

const fixed =
  (bitsPerSecond: number): (() => number) =>
  () =>
    bitsPerSecond;

/** What is sent beside probes: pictures, headers and sound. */
const SENT = 0.8 * MBIT;
const WANTED = 4 * MBIT;

const VIEWING: ViewingOptions = {
  rate: fixed(6 * MBIT),
  queueMs: 500,
  delayMs: 20,
  source: fixed(0.7 * MBIT),
  wanted: fixed(WANTED),
  seed: 7,
};

/** What is seen of a viewing from the end of each span to that of the next, seconds. */
function view(options: Partial<ViewingOptions>, ...spans: number[]): Seen[] {
  const viewing = new SimulatedViewing({ ...VIEWING, ...options });
  return spans.map((seconds) => viewing.run(seconds));
}

describe('a path that carries what is wanted', () => {
  it('is known to within three seconds, without a queue or a loss, and is left alone from then on', () => {
    const [found, after] = view({}, 3, 30);
    expect(found?.estimate).toBeGreaterThanOrEqual(WANTED);
    expect(found).toMatchObject({ loss: 0, probes: { carried: 3, failed: 0 } });
    expect(found?.maxQueueMs).toBeLessThan(30);
    expect(after).toMatchObject({ loss: 0, padding: 0, capacity: undefined, probes: { carried: 0, failed: 0 } });
  });

  it.each([1, 2, 3])('is so with 2 percent of the packets lost at random, by seed %i', (seed) => {
    const [found] = view({ loss: 0.02, seed }, 5);
    expect(found?.estimate).toBeGreaterThanOrEqual(WANTED);
    expect(found?.probes.failed).toBe(0);
    expect(found?.capacity).toBeUndefined();
    expect(found?.maxQueueMs).toBeLessThan(30);
  });

  it('is so with a third of the feedback lost', () => {
    const [found] = view({ feedbackLoss: 0.33 }, 8);
    expect(found?.estimate).toBeGreaterThanOrEqual(WANTED);
    expect(found?.loss).toBe(0);
  });

  it('is so behind a pause of all feedback in the midst of a probe, which is given up', () => {
    const [silent, found] = view({ noFeedback: (nowMs) => nowMs > 600 && nowMs < 2600 }, 2.6, 7);
    expect(silent?.estimate).toBeLessThan(2 * MBIT);
    expect(silent?.padding).toBeGreaterThan(0);
    expect(found?.probes.failed).toBe(1);
    expect(found?.estimate).toBeGreaterThanOrEqual(WANTED);
  });

  it.each([1, 2, 3])(
    'is so where a radio link stops for 20 to 80 ms three times a second and then lets all go, by seed %i',
    (seed) => {
      const rate = (nowMs: number): number => {
        const stallMs = 20 + ((Math.floor(nowMs / 300) * 7919 + seed * 31) % 61);
        const leftMs = stallMs - (nowMs % 300);
        return leftMs > 0 ? (1200 * 8000) / Math.max(1, leftMs) : 8 * MBIT;
      };
      const [, found] = view({ rate, seed }, 5, 25);
      expect(found?.estimate).toBeGreaterThanOrEqual(WANTED);
      expect(found).toMatchObject({ loss: 0 });
      expect(found?.meanQueueMs).toBeLessThan(10);
      expect(found?.maxQueueMs).toBeLessThan(100);
    },
  );
});

describe('a path that carries less than is wanted', () => {
  it.each([200, 500])(
    'is tried every 12 seconds or more, by 3 percent of what is sent, with a queue of 100 ms for a moment at most: %i ms',
    (queueMs) => {
      const [, early, late] = view({ rate: fixed(1.5 * MBIT), queueMs }, 20, 60, 120);
      for (const seen of [early, late]) {
        expect(seen).toMatchObject({ loss: 0, probes: { carried: 0 } });
        expect(seen?.maxEstimate).toBeLessThan(1.1 * 1.5 * MBIT);
        expect(seen?.minEstimate).toBeGreaterThan(SENT);
        expect(seen?.meanQueueMs).toBeLessThan(5);
        expect(seen?.maxQueueMs).toBeLessThan(100);
        expect(seen?.padding).toBeLessThan(0.03);
        expect(seen?.deliveredBitsPerSecond).toBeGreaterThan(0.98 * SENT);
      }
      expect(late?.probes.failed).toBeLessThanOrEqual(120 / 12);
      expect(late?.probes.failed).toBeGreaterThan(120 / 20);
    },
  );

  it('and loses before it delays (a queue of 30 ms) loses 0.3 percent by it', () => {
    const [, seen] = view({ rate: fixed(1.5 * MBIT), queueMs: 30 }, 20, 60);
    expect(seen?.loss).toBeLessThan(0.003);
    expect(seen?.maxEstimate).toBeLessThan(1.1 * 1.5 * MBIT);
  });

  it.each([4000, 16_000, 32_000])(
    'is told from one that carries it also where it lets %i bytes pass at once (tbf)',
    (burstBytes) => {
      const [, seen] = view({ rate: fixed(2.5 * MBIT), burstBytes, queueMs: 100 }, 20, 60);
      // What passes at once is a fifth of what such a probe is made of.
      expect(seen?.maxEstimate).toBeLessThan(1.25 * 2.5 * MBIT);
      expect(seen?.loss).toBeLessThan(0.002);
      expect(seen?.meanQueueMs).toBeLessThan(5);
      expect((seen?.padding ?? 1) * (seen?.deliveredBitsPerSecond ?? 0)).toBeLessThan(0.06 * 2.5 * MBIT);
    },
  );
});

describe('a path that changes', () => {
  it('of 5, then 1, then 5 Mbit/s is known to carry more 15 s after it does', () => {
    const rate = (nowMs: number): number => (nowMs >= 20_000 && nowMs < 60_000 ? 1 : 5) * MBIT;
    const [wide, , fall, narrow, found, after] = view({ rate }, 5, 15, 3, 37, 15, 30);
    expect(wide?.estimate).toBeGreaterThanOrEqual(WANTED);
    expect(fall?.estimate).toBeLessThan(1.1 * MBIT);
    expect(fall?.loss).toBe(0);
    expect(narrow).toMatchObject({ loss: 0, probes: { carried: 0 } });
    expect(narrow?.maxEstimate).toBeLessThan(1.2 * MBIT);
    expect(narrow?.meanQueueMs).toBeLessThan(5);
    expect(narrow?.maxQueueMs).toBeLessThan(60);
    expect(found?.estimate).toBeGreaterThanOrEqual(WANTED);
    expect(found).toMatchObject({ loss: 0 });
    expect(after).toMatchObject({ loss: 0, padding: 0 });
  });

  it('by a ramp from 1 to 6 Mbit/s is followed, and down to 0.9 again', () => {
    const rate = (nowMs: number): number => Math.max(0.9, 6 - Math.abs(nowMs - 60_000) / 10_000) * MBIT;
    const viewing = new SimulatedViewing({ ...VIEWING, rate });
    viewing.run(20);
    for (let atSecond = 20; atSecond < 55; atSecond += 5) {
      const seen = viewing.run(5);
      expect(seen.maxEstimate).toBeLessThan(1.2 * rate((atSecond + 5) * 1000));
      expect(seen).toMatchObject({ loss: 0 });
      expect(seen.maxQueueMs).toBeLessThan(100);
    }
    expect(viewing.estimate).toBeGreaterThanOrEqual(WANTED);
    const [down, low] = [viewing.run(50), viewing.run(35)];
    expect(down).toMatchObject({ loss: 0 });
    expect(down.deliveredBitsPerSecond).toBeGreaterThan(0.98 * SENT);
    expect(low).toMatchObject({ loss: 0 });
    expect(low.meanQueueMs).toBeLessThan(10);
    expect(low.estimate).toBeLessThan(1.1 * 0.9 * MBIT);
  });

  it('is not probed while a TCP download fills it, and is known to carry what is wanted 5 s behind that', () => {
    const tcp = (nowMs: number): boolean => nowMs > 20_000 && nowMs < 50_000;
    const [, , shared, alone] = view({ rate: fixed(5 * MBIT), queueMs: 200, tcp }, 5, 15, 30, 5);
    expect(shared?.padding).toBe(0);
    expect(shared?.loss).toBeLessThan(0.02);
    // What TCP leaves to who gives way to a queue.
    expect(shared?.deliveredBitsPerSecond).toBeGreaterThan(0.3 * MBIT);
    expect((shared?.deliveredBitsPerSecond ?? 0) + (shared?.tcpBitsPerSecond ?? 0)).toBeGreaterThan(0.95 * 5 * MBIT);
    expect(alone?.estimate).toBeGreaterThanOrEqual(WANTED);
    expect(alone?.loss).toBe(0);
  });
});

describe('nobody who wants more', () => {
  it('nothing is probed on a path without a limit', () => {
    const [seen] = view({ rate: fixed(50 * MBIT), source: fixed(4 * MBIT), wanted: fixed(0) }, 60);
    expect(seen).toMatchObject({ padding: 0, probes: { carried: 0, failed: 0 }, capacity: undefined, loss: 0 });
  });

  it('a limit that holds pictures back is tried, by the pictures: a short severe drop is over for them 5 s later', () => {
    const rate = (nowMs: number): number => (nowMs > 10_000 && nowMs < 10_800 ? 0.5 : 50) * MBIT;
    const [, , held, free] = view({ rate, source: fixed(2 * MBIT), wanted: fixed(0) }, 10, 0.8, 5, 30);
    expect(held?.probes).toMatchObject({ failed: 0 });
    expect(held?.capacity).toBeGreaterThan(4 * MBIT);
    expect(held?.padding).toBeLessThan(0.1);
    // A keyframe is as large as the pictures of a fifth of a second.
    expect(free?.maxWaitingBytes).toBeLessThan((0.2 * 2 * MBIT) / 8);
    expect(free).toMatchObject({ padding: 0, probes: { carried: 0, failed: 0 }, capacity: undefined, loss: 0 });
  });
});

it('the same seed gives the same run, another one another', () => {
  const run = (seed: number): Seen[] => view({ rate: fixed(3 * MBIT), loss: 0.02, feedbackLoss: 0.1, seed }, 5, 5, 10);
  expect(run(7)).toEqual(run(7));
  expect(run(8)).not.toEqual(run(7));
});
