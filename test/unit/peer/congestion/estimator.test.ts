import { describe, expect, it } from 'vitest';
import { Estimator } from '../../../../src/peer/congestion/estimator.ts';
import type { PacketResult } from '../../../../src/peer/congestion/packet-result.ts';

const MBIT = 1_000_000;
const BYTES = 1250;

/** One packet of 10 kbit. */
function result(sentAtMs: number, arrivedAtMs: number | undefined): PacketResult {
  return { bytes: BYTES, sentAtMs, arrivedAtMs, late: false, unreportedBytes: 0 };
}

/** A viewer on a path that takes 30 ms and no queue, and reports ten times a second. */
class Viewer {
  readonly estimator = new Estimator();
  #nowMs = 0;

  /**
   * @param loses every so many packets are lost
   * @param queueMs how long those that are sent now wait
   */
  run(
    milliseconds: number,
    bitsPerSecond: number,
    loses = Number.POSITIVE_INFINITY,
    queueMs = (_sinceMs: number): number => 0,
  ): this {
    const everyMs = (BYTES * 8000) / bitsPerSecond;
    const startMs = this.#nowMs;
    let results: PacketResult[] = [];
    let sentAtMs = startMs;
    for (let packet = 1; sentAtMs < startMs + milliseconds; packet += 1) {
      const arrivedAtMs = sentAtMs + 1_000_000 + 30 + queueMs(sentAtMs - startMs);
      results.push(result(sentAtMs, packet % loses === 0 ? undefined : arrivedAtMs));
      sentAtMs += everyMs;
      if (sentAtMs - this.#nowMs < 100) continue;
      this.#nowMs += 100;
      this.estimator.takeResults(results, this.#nowMs);
      results = [];
    }
    this.#nowMs = startMs + milliseconds;
    return this;
  }

  /** Nothing is sent. */
  pause(milliseconds: number): this {
    this.#nowMs += milliseconds;
    return this;
  }
}

describe('an estimate by transport-wide feedback', () => {
  it('is not reduced behind a pause for a queue that was there before it', () => {
    const viewer = new Viewer().run(3000, 0.5 * MBIT).run(400, 0.5 * MBIT, undefined, (sinceMs) => sinceMs / 6);
    const before = viewer.estimator.bitsPerSecond;
    viewer.pause(1500).run(200, 0.1 * MBIT);
    expect(viewer.estimator.bitsPerSecond).toBe(before);
  });

  it('is at least what arrives, and half as much again at most', () => {
    const { estimator } = new Viewer().run(2000, 6 * MBIT);
    expect(estimator.bitsPerSecond).toBeGreaterThan(5.9 * MBIT);
    expect(estimator.bitsPerSecond).toBeLessThan(9.1 * MBIT);
    expect(estimator.capacityBitsPerSecond).toBeUndefined();
    expect(estimator.roundTripMs).toBeGreaterThan(0);
  });

  it('says whether packets are lost though there is room', () => {
    expect(new Viewer().run(5000, 2 * MBIT).estimator.losesAtRandom).toBe(false);
    expect(new Viewer().run(5000, 2 * MBIT, 50).estimator.losesAtRandom).toBe(true);
    expect(new Viewer().run(5000, 2 * MBIT, 8).estimator.losesAtRandom).toBe(false);
    const standing = (sinceMs: number): number => (sinceMs > 1000 ? 100 : 0);
    expect(new Viewer().run(5000, 2 * MBIT, 50, standing).estimator.losesAtRandom).toBe(false);
  });

  it('stays when less is sent', () => {
    const viewer = new Viewer().run(5000, 6 * MBIT);
    const before = viewer.estimator.bitsPerSecond;
    viewer.run(20_000, 0.5 * MBIT);
    expect(viewer.estimator.bitsPerSecond).toBe(before);
  });

  it('falls below what arrives when delays grow, and a limit is known from then on', () => {
    const viewer = new Viewer().run(3000, 4 * MBIT).run(1000, 4 * MBIT, undefined, (sinceMs) => sinceMs);
    // While each packet waits as long again as it took to send them all, half arrives.
    expect(viewer.estimator.bitsPerSecond).toBeGreaterThan(0.7 * 2 * MBIT);
    expect(viewer.estimator.bitsPerSecond).toBeLessThan(0.9 * 2 * MBIT);
    // And what empties the queue is half of that path.
    expect(viewer.estimator.capacityBitsPerSecond).toBeCloseTo(MBIT, -5);
  });

  it('is calm again a second after it was seen that delays grow, and no sooner', () => {
    const viewer = new Viewer().run(3000, 4 * MBIT);
    expect(viewer.estimator.isCalm(3000)).toBe(true);
    viewer.run(1000, 4 * MBIT, undefined, (sinceMs) => sinceMs);
    expect(viewer.estimator.isCalm(10_000)).toBe(false);
    const { overusedAtMs } = viewer.run(1500, MBIT).estimator;
    expect(overusedAtMs).toBeGreaterThan(3000);
    expect([viewer.estimator.isCalm(overusedAtMs + 999), viewer.estimator.isCalm(overusedAtMs + 1000)]).toEqual([false, true]);
  });

  it('is not calm while more than a tenth is lost', () => {
    // At all times, so that it bounds nothing.
    const lossy = new Viewer().run(20_000, 3 * MBIT, 8).estimator;
    expect(lossy.overusedAtMs).toBeLessThan(15_000);
    expect(lossy.isCalm(20_000)).toBe(false);
    expect(new Viewer().run(20_000, 3 * MBIT, 12).estimator.isCalm(20_000)).toBe(true);
  });

  it('falls when every third packet is lost, though nothing is late, and no further than what arrives', () => {
    const viewer = new Viewer().run(3000, 3 * MBIT).run(10_000, 3 * MBIT, 3);
    expect(viewer.estimator.bitsPerSecond).toBeGreaterThan(1.9 * MBIT);
    expect(viewer.estimator.bitsPerSecond).toBeLessThan(2.2 * MBIT);
    expect(viewer.estimator.capacityBitsPerSecond).toBe(viewer.estimator.bitsPerSecond);
  });

  it('falls where nothing arrives any more, and not to nothing', () => {
    const { estimator } = new Viewer().run(3000, 3 * MBIT).run(60_000, 3 * MBIT, 1);
    expect(estimator.bitsPerSecond).toBe(30_000);
  });

  it('is left as it is by a packet in twenty', () => {
    const viewer = new Viewer().run(3000, 3 * MBIT);
    const before = viewer.estimator.bitsPerSecond;
    viewer.run(10_000, 3 * MBIT, 20);
    expect(viewer.estimator.bitsPerSecond).toBeGreaterThanOrEqual(before);
    expect(viewer.estimator.capacityBitsPerSecond).toBeUndefined();
  });

  it('makes nothing of a clock of the viewer that jumps', () => {
    const viewer = new Viewer().run(3000, 3 * MBIT);
    const before = viewer.estimator.bitsPerSecond;
    viewer.estimator.takeResults([result(3000, 9_000_000), result(3010, 9_000_010)], 3100);
    viewer.run(10_000, 3 * MBIT);
    expect(viewer.estimator.bitsPerSecond).toBeGreaterThanOrEqual(before);
    expect(viewer.estimator.bitsPerSecond).toBeLessThan(1.6 * 3 * MBIT);
    expect(viewer.estimator.capacityBitsPerSecond).toBeUndefined();
  });
});

describe('without transport-wide feedback', () => {
  const report = (fractionLost: number): { fractionLost: number; sentBitsPerSecond: number; roundTripMs: number } => {
    return { fractionLost, sentBitsPerSecond: 4 * MBIT, roundTripMs: 40 };
  };

  it('reports without loss bring the estimate to what is sent, and half as much again at most', () => {
    const estimator = new Estimator();
    for (let second = 0; second < 60; second += 1) estimator.takeReport(report(0), second * 1000);
    expect(estimator.bitsPerSecond).toBeGreaterThan(4 * MBIT);
    expect(estimator.bitsPerSecond).toBeLessThan(6.1 * MBIT);
    expect([estimator.capacityBitsPerSecond, estimator.roundTripMs]).toEqual([undefined, 40]);
  });

  it('reports of heavy loss bring it down to what arrives', () => {
    const estimator = new Estimator();
    for (let second = 0; second < 20; second += 1) estimator.takeReport(report(second < 10 ? 0 : 0.5), second * 1000);
    expect(estimator.bitsPerSecond).toBeCloseTo(2 * MBIT, -5);
    expect(estimator.capacityBitsPerSecond).toBe(estimator.bitsPerSecond);
  });

  it('the viewer knows better (REMB); one that lowers its own estimate has found a limit', () => {
    const estimator = new Estimator();
    for (const [at, mbit] of [2, 3, 3.1].entries()) estimator.takeReceiverEstimate(mbit * MBIT, at * 1000);
    expect([estimator.bitsPerSecond, estimator.capacityBitsPerSecond]).toEqual([3.1 * MBIT, undefined]);
    estimator.takeReceiverEstimate(1.5 * MBIT, 4000);
    expect([estimator.bitsPerSecond, estimator.capacityBitsPerSecond]).toEqual([1.5 * MBIT, 1.5 * MBIT]);
    estimator.takeReceiverEstimate(0, 5000);
    expect(estimator.bitsPerSecond).toBeGreaterThan(0);
  });

  it('the viewer has found a limit also where its first estimate is below what it is sent', () => {
    const estimator = new Estimator();
    estimator.takeReport(report(0), 0);
    estimator.takeReceiverEstimate(3.7 * MBIT, 1000);
    expect(estimator.capacityBitsPerSecond).toBeUndefined();
    estimator.takeReceiverEstimate(MBIT, 2000);
    expect(estimator.capacityBitsPerSecond).toBe(MBIT);
  });

  it('and where it lowers its estimate step by step', () => {
    const estimator = new Estimator();
    for (const [at, mbit] of [3, 2.8].entries()) estimator.takeReceiverEstimate(mbit * MBIT, at * 1000);
    expect(estimator.capacityBitsPerSecond).toBeUndefined();
    estimator.takeReceiverEstimate(2.6 * MBIT, 2000);
    expect(estimator.capacityBitsPerSecond).toBe(2.6 * MBIT);
  });

  it('neither counts once there is some', () => {
    const viewer = new Viewer().run(3000, 3 * MBIT);
    const before = viewer.estimator.bitsPerSecond;
    viewer.estimator.takeReceiverEstimate(0.1 * MBIT, 3000);
    for (let second = 3; second < 9; second += 1) viewer.estimator.takeReport(report(0.5), second * 1000);
    expect(viewer.estimator.bitsPerSecond).toBe(before);
  });
});

describe('a link that keyframes fill', () => {
  /** Seconds of 15 pictures each of two packets, the keyframe every 2 s of 21, over a link that queues; bit/s. */
  function afterKeyframes(linkBitsPerSecond: number, seconds: number, reportMs: number): Estimator {
    const estimator = new Estimator();
    let freeAtMs = 0;
    const results = Array.from({ length: seconds * 15 }, (_, picture) => {
      const isKeyframe = picture % 30 === 0;
      return Array.from({ length: isKeyframe ? 21 : 2 }, () => {
        const bytes = isKeyframe ? 1200 : 930;
        const sentAtMs = (picture * 1000) / 15;
        freeAtMs = Math.max(freeAtMs, sentAtMs) + (bytes * 8000) / linkBitsPerSecond;
        return { bytes, sentAtMs, arrivedAtMs: freeAtMs + 20, late: false, unreportedBytes: 0 };
      });
    }).flat();
    for (let nowMs = reportMs; nowMs <= seconds * 1000; nowMs += reportMs) {
      const arrived = results.filter(({ arrivedAtMs }) => arrivedAtMs > nowMs - reportMs && arrivedAtMs <= nowMs);
      estimator.takeResults(arrived, nowMs + 20);
    }
    return estimator;
  }

  it.each([
    [700_000, 50],
    [700_000, 100],
    [900_000, 50],
    [900_000, 100],
  ])(
    'is taken for what it carries, not for what comes with the pauses behind them: %i bit/s, reports each %i ms',
    (link, reportMs) => {
      const { bitsPerSecond } = afterKeyframes(link, 60, reportMs);
      expect(bitsPerSecond).toBeGreaterThan(0.75 * link);
      expect(bitsPerSecond).toBeLessThan(link);
    },
  );
});
