import { describe, expect, it } from 'vitest';
import type { PacketResult } from '../../../../src/peer/congestion/packet-result.ts';
import { ProbeControl, type ProbedPath, type SentOnPath } from '../../../../src/peer/congestion/probe-control.ts';

const MBIT = 1_000_000;
const BYTES = 1250;
const WAY_MS = 30;

/** A path on which nothing is sent but what probes lack, in steps of 5 ms; what it is sent is reported on 50 ms later. */
class Path {
  readonly control = new ProbeControl();
  nowMs = 100_000;
  estimate = MBIT;
  capacity: number | undefined;
  /** More than this waits, as on a link; bit/s. */
  carries = Number.POSITIVE_INFINITY;
  isReporting = true;
  paddedBytes = 0;
  /** What was judged, in Mbit/s; what was not carried below zero. */
  readonly judged: number[] = [];
  #freeAtMs = 0;
  #sentAtMs = 0;
  #unreported: PacketResult[] = [];

  get sent(): SentOnPath {
    return { sentBytes: this.paddedBytes, numberedAtMs: this.#sentAtMs };
  }

  begin(goal?: number): boolean {
    const path: ProbedPath = {
      estimateBitsPerSecond: this.estimate,
      capacityBitsPerSecond: this.capacity,
      roundTripMs: 2 * WAY_MS,
      lossShare: 0,
      sentBytes: this.paddedBytes,
    };
    return this.control.begin(path, this.nowMs, goal);
  }

  run(milliseconds: number): this {
    for (const endMs = this.nowMs + milliseconds; this.nowMs < endMs; this.nowMs += 5) {
      while (this.control.paddingDue(this.paddedBytes, this.nowMs) > 0) this.#send();
      if (this.isReporting && this.nowMs % 50 === 0) this.#report();
    }
    return this;
  }

  /** Until whatever is under way is judged. */
  finish(): this {
    for (let tries = 0; this.control.isProbing(this.nowMs) && tries < 100; tries += 1) this.run(50);
    return this;
  }

  #send(): void {
    this.control.padded(BYTES);
    this.paddedBytes += BYTES;
    this.#sentAtMs = this.nowMs;
    this.#freeAtMs = Math.max(this.nowMs, this.#freeAtMs) + (BYTES * 8000) / this.carries;
    const arrivedAtMs = this.#freeAtMs + WAY_MS;
    this.#unreported.push({ bytes: BYTES, sentAtMs: this.nowMs, arrivedAtMs, late: false, unreportedBytes: 0 });
  }

  #report(): void {
    const results = this.#unreported.filter(({ arrivedAtMs = 0 }) => arrivedAtMs + WAY_MS <= this.nowMs);
    this.#unreported = this.#unreported.filter((result) => !results.includes(result));
    const probe = this.control.take(results, false, this.sent, this.nowMs);
    if (probe === undefined) return;
    this.judged.push((probe.carried ? probe.bitsPerSecond : -probe.bitsPerSecond) / MBIT);
    if (probe.carried) this.estimate = Math.max(this.estimate, probe.bitsPerSecond);
  }
}

describe('probing', () => {
  it('goes to what was asked for in steps: a fifth more than the estimate, then twice as much each time', () => {
    const path = new Path();
    expect(path.begin(4 * MBIT)).toBe(true);
    path.finish();
    expect(path.judged).toEqual([1.2, 2.4, 4]);
    expect(path.control.last).toMatchObject({ bitsPerSecond: 4 * MBIT, carried: true });
  });

  it('begins with a tenth more than the path was found to carry, where that is less', () => {
    const path = new Path();
    path.capacity = 1.05 * MBIT;
    path.begin(4 * MBIT);
    path.finish();
    expect(path.judged.map((judged) => Number(judged.toFixed(3)))).toEqual([1.155, 2.31, 4]);
  });

  it('tries no more than was asked for, also below the estimate', () => {
    const path = new Path();
    path.begin(0.7 * MBIT);
    expect(path.finish().judged).toEqual([0.7]);
  });

  it('tries a single step where nothing was asked for, and twice as much if it is begun again soon', () => {
    const path = new Path();
    path.begin();
    path.finish().begin();
    path.finish().run(5000).begin();
    expect(path.finish().judged.map((mbit) => Math.round(mbit * 100) / 100)).toEqual([1.2, 2.4, 2.88]);
  });

  it('sends what it is to send evenly, and a queue that grows ends it and what would follow', () => {
    const path = new Path();
    path.carries = 0.9 * MBIT;
    path.begin(4 * MBIT);
    expect(path.control.bitsPerSecond(path.nowMs)).toBe(1.2 * MBIT);
    path.run(100);
    expect(path.paddedBytes).toBeCloseTo((1.2 * MBIT * 0.1) / 8, -4);
    path.finish();
    expect(path.judged).toEqual([-1.2]);
    expect(path.paddedBytes).toBeLessThan((1.2 * MBIT * 0.35) / 8);
    expect(path.control.bitsPerSecond(path.nowMs)).toBeUndefined();
  });

  it('waits behind a failure: 3 s, then twice as long, 12 s at most; and 3 s again behind a minute without one', () => {
    const path = new Path();
    path.carries = 0.9 * MBIT;
    const waits = (): number => {
      const fromMs = path.nowMs;
      for (let tries = 0; !path.begin(4 * MBIT) && tries < 200; tries += 1) path.run(100);
      const waitedMs = path.nowMs - fromMs;
      path.finish();
      return Math.round(waitedMs / 1000);
    };
    expect([waits(), waits(), waits(), waits(), waits()]).toEqual([0, 3, 6, 12, 12]);
    path.run(61_000);
    expect([waits(), waits()]).toEqual([0, 3]);
  });

  it('waits 3 s again where a step beyond a failure has carried half as much again as the path was taken for', () => {
    const path = new Path();
    path.carries = 0.9 * MBIT;
    for (let failures = 0; failures < 3; failures += 1) {
      path.begin(6 * MBIT);
      path.finish().run(12_000);
    }
    path.carries = 3 * MBIT;
    path.begin(6 * MBIT);
    path.finish();
    expect(path.judged).toEqual([-1.2, -1.2, -1.2, 1.2, 2.4, -4.8]);
    path.run(2800);
    expect(path.begin(6 * MBIT)).toBe(false);
    expect(path.run(300).begin(6 * MBIT)).toBe(true);
  });

  it('is judged where nothing is sent behind it, and its last packet went long before its end: as little is sent beside sound', () => {
    const path = new Path();
    path.estimate = 0.2 * MBIT;
    path.begin();
    // One packet each 42 ms.
    path.finish();
    expect(path.judged).toEqual([0.24]);
  });

  it('waits also where the path was overused soon behind what it had carried', () => {
    const path = new Path();
    path.begin(1.2 * MBIT);
    path.finish().control.take([], true, path.sent, path.nowMs);
    expect(path.begin(1.2 * MBIT)).toBe(false);
    expect(path.run(3000).begin(1.2 * MBIT)).toBe(true);
    path.finish();
    // Much later that says nothing of it.
    path.run(6000).control.take([], true, path.sent, path.nowMs);
    expect(path.begin(1.2 * MBIT)).toBe(true);
  });

  it('gives up what is not reported on, and takes that for a failure', () => {
    const path = new Path();
    path.isReporting = false;
    path.begin(4 * MBIT);
    path.run(500);
    expect(path.control.isProbing(path.nowMs)).toBe(true);
    path.run(1000);
    expect(path.control.isProbing(path.nowMs)).toBe(false);
    expect(path.begin(4 * MBIT)).toBe(false);
    expect(path.control.last).toMatchObject({ bitsPerSecond: 1.2 * MBIT, carried: false });
  });

  it('tries one thing at a time', () => {
    const path = new Path();
    expect([path.begin(4 * MBIT), path.begin(2 * MBIT)]).toEqual([true, false]);
  });

  it('adds no more than 3 MB in a minute, however often it is asked', () => {
    const path = new Path();
    const added = (): number => {
      const before = path.paddedBytes;
      for (let second = 0; second < 60; second += 1) {
        path.begin(6 * MBIT);
        path.run(1000);
      }
      return path.paddedBytes - before;
    };
    // What was saved up beside what a minute gives.
    expect(added()).toBeLessThan(6_100_000);
    const next = added();
    expect(next).toBeGreaterThan(2_000_000);
    expect(next).toBeLessThan(3_400_000);
  });

  it('forgets what it has found when the path is another one', () => {
    const path = new Path();
    path.carries = 0.9 * MBIT;
    path.begin(4 * MBIT);
    path.finish().control.beginPath();
    expect(path.control.last).toBeUndefined();
    expect(path.begin(4 * MBIT)).toBe(true);
    path.control.beginPath();
    expect(path.control.isProbing(path.nowMs)).toBe(false);
  });
});
