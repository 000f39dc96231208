import { describe, expect, it } from 'vitest';
import { SenderClock } from '../../../../src/media/rtp/sender-clock.ts';

const RATE = 90_000;
const START = Date.UTC(2026, 0, 1);

/** A sender whose clock is ahead of ours, and whose timestamps begin at 0 with the test. */
class Sender {
  readonly clock = new SenderClock(RATE);
  aheadMs = 5000;
  nowMs = 0;

  /** Five seconds later. */
  report({ errorMs = 0, lateMs = 0, aheadMs = this.aheadMs, afterMs = 5000 } = {}): void {
    this.nowMs += afterMs;
    const unixMs = START + this.nowMs + aheadMs;
    const arrivalMs = START + this.nowMs + 20 + lateMs;
    const timestamp = (((this.nowMs - errorMs) * RATE) / 1000) % 2 ** 32;
    // Packets come 50 ms after their instants.
    this.clock.take({ unixMs, timestamp, arrivalMs }, { unixMs: START + 50, timestamp: 0 });
  }

  /** What is told of the camera's clock against what it is, milliseconds. */
  get errorMs(): number {
    const { time } = this.clock;
    return time === undefined ? Number.NaN : time.unixMs - (time.timestamp / RATE) * 1000 - START - this.aheadMs;
  }

  settle(): void {
    for (let count = 0; count < 8; count += 1) this.report();
  }
}

describe("a sender's clock", () => {
  it('follows exact reports, whatever they are late', () => {
    const sender = new Sender();
    sender.settle();
    for (let count = 0; count < 20; count += 1) {
      sender.aheadMs += 2;
      sender.report({ lateMs: count % 3 === 0 ? 0 : 900 });
      expect(Math.abs(sender.errorMs)).toBeLessThan(0.1);
    }
    expect(sender.clock.isExact).toBe(true);
    expect(Math.abs((sender.clock.delayMs ?? 0) - (50 - sender.aheadMs))).toBeLessThan(10);
    expect(sender.clock.offsetMs).toBeGreaterThan(sender.aheadMs - 60);
  });

  it('moves by little with each report that is not exact, and stays near those that name the newest timestamp', () => {
    const sender = new Sender();
    let before: number | undefined;
    for (let count = 0; count < 200; count += 1) {
      sender.report({ errorMs: (count * 17) % 40 });
      if (count < 20) continue;
      expect(Math.abs(sender.errorMs - (before ?? sender.errorMs))).toBeLessThan(5.1);
      expect(sender.errorMs).toBeLessThan(20);
      before = sender.errorMs;
    }
    expect(sender.clock.isExact).toBe(false);
  });

  it.each([120_000, -120_000, 400, 60, -60])('is set with the second report that says so: by %i ms', (byMs) => {
    const sender = new Sender();
    sender.settle();
    const { offsetMs = 0 } = sender.clock;
    sender.aheadMs += byMs;
    sender.report();
    expect(sender.errorMs).toBeCloseTo(-byMs);
    expect(sender.clock.suspected?.byMs).toBeCloseTo(byMs);
    sender.report();
    expect(sender.errorMs).toBeCloseTo(0);
    expect(sender.clock.takeJump()?.byMs).toBeCloseTo(byMs);
    expect([sender.clock.takeJump(), sender.clock.suspected]).toEqual([undefined, undefined]);
    expect((sender.clock.offsetMs ?? 0) - offsetMs).toBeCloseTo(byMs);
    expect(sender.clock.isExact).toBe(true);
  });

  it('is not set by one report, nor by those that were held up and come together', () => {
    const sender = new Sender();
    sender.settle();
    sender.report({ aheadMs: 65_000 });
    for (let count = 0; count < 5; count += 1) sender.report({ aheadMs: 65_000, afterMs: 10 });
    expect(sender.errorMs).toBeCloseTo(0);
    sender.report();
    expect(sender.clock.suspected).toBeUndefined();
  });

  it('takes the third report that says the same of timestamps of another count, and calls it no jump', () => {
    const sender = new Sender();
    sender.settle();
    const errors = [1, 2, 3].map(() => {
      sender.report({ errorMs: 800 });
      return Math.round(sender.errorMs);
    });
    expect(errors).toEqual([0, 0, 800]);
    expect(sender.clock.takeJump()).toBeUndefined();
  });

  it('takes the next report where the timestamps are known to begin anew', () => {
    const sender = new Sender();
    sender.settle();
    sender.clock.breakCount();
    sender.report({ errorMs: 300 });
    expect(sender.errorMs).toBeCloseTo(300);
  });

  it('is not believed after three reports that contradict it and each other, until one fits', () => {
    const sender = new Sender();
    sender.settle();
    for (const aheadMs of [65_000, 900_000, -70_000]) {
      expect(sender.clock.time).toBeDefined();
      sender.report({ aheadMs });
    }
    expect([sender.clock.time, sender.clock.offsetMs, sender.clock.delayMs, sender.clock.isFresh(0)]).toEqual([
      undefined,
      undefined,
      undefined,
      false,
    ]);
    sender.report();
    expect(sender.errorMs).toBeCloseTo(0);
  });

  it('knows nothing of reports that are not about the packets', () => {
    const sender = new Sender();
    sender.report({ errorMs: 6000 });
    expect(sender.clock.time).toBeUndefined();
  });

  it('is old a minute after its last report', () => {
    const sender = new Sender();
    sender.report();
    expect([60_000, 60_021].map((ms) => sender.clock.isFresh(START + sender.nowMs + ms))).toEqual([true, false]);
  });
});
