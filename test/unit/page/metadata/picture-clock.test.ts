import { beforeEach, describe, expect, it } from 'vitest';
import { PictureClock } from '../../../../src/page/metadata/picture-clock.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
/** Seconds from 1900 to 1970 (RFC 868). */
const NTP = 2_208_988_800 * 1000;

let clock: PictureClock;

beforeEach(() => {
  clock = new PictureClock();
});

describe('the time of a picture', () => {
  it('is not known at first', () => {
    expect(clock.timeOf(1000)).toBeUndefined();
    clock.addSource({ rtpTimestamp: 0, timestamp: 0 });
    expect(clock.timeOf(1000)).toBeUndefined();
    expect(clock.isExact).toBe(false);
  });

  it('is exact where the sender writes it, for pictures before and after, over the wrap of timestamps', () => {
    clock.addSource({ rtpTimestamp: 2 ** 32 - 900, timestamp: 5, captureTimestamp: NOON + NTP });
    expect(clock.timeOf(2 ** 32 - 900)).toBe(NOON);
    expect(clock.timeOf(2700)).toBe(NOON + 40);
    expect(clock.timeOf(2 ** 32 - 4500)).toBe(NOON - 40);
    expect(clock.isExact).toBe(true);
  });

  it('follows what the sender writes', () => {
    clock.addSource({ rtpTimestamp: 0, timestamp: 0, captureTimestamp: NOON + NTP });
    clock.addSource({ rtpTimestamp: 3600, timestamp: 0, captureTimestamp: NOON + NTP + 50 });
    expect(clock.timeOf(3600)).toBe(NOON + 50);
  });

  /** Our clock is `AHEAD` ahead of the camera's. A picture is due 70 ms after it was taken; this many earlier it is handed out. */
  const AHEAD = 7_654_321;
  function estimate(number: number, earlyMs: number, reportedLaterMs = 4): void {
    const dueAt = NOON + AHEAD + number * 40 + 70;
    const reportedAt = dueAt - earlyMs + reportedLaterMs;
    const source = { rtpTimestamp: number * 3600, timestamp: dueAt - earlyMs };
    clock.addEstimate(source, { senderMs: reportedAt - AHEAD - 70, reportedAt });
  }

  it('is estimated from what should be on the screen now, to less than half a picture', () => {
    for (const [number, earlyMs] of [25, 18, 12, 21, 28, 14].entries()) estimate(number, earlyMs);
    expect(Math.abs((clock.timeOf(10 * 3600) ?? 0) - (NOON + 400))).toBeLessThan(10);
  });

  it('is so where one picture was late and handed out at once', () => {
    for (const [number, earlyMs] of [25, 18, 0, 21].entries()) estimate(number, earlyMs);
    expect(Math.abs((clock.timeOf(10 * 3600) ?? 0) - (NOON + 400))).toBeLessThan(10);
  });

  it('takes no report that is not of the picture', () => {
    estimate(0, 20, -1);
    expect(clock.timeOf(0)).toBeUndefined();
  });

  it('begins anew with another stream', () => {
    for (let number = 0; number < 10; number += 1) estimate(number, 15);
    const later = { rtpTimestamp: 123_456, timestamp: NOON + AHEAD + 70 };
    clock.addEstimate(later, { senderMs: NOON, reportedAt: NOON + AHEAD + 70 });
    expect(Math.abs((clock.timeOf(123_456) ?? 0) - NOON)).toBeLessThan(10);
  });

  it('forgets old estimates, so that it follows a drift', () => {
    estimate(0, -300);
    for (let number = 1; number <= 20; number += 1) estimate(number, 15);
    expect(Math.abs((clock.timeOf(21 * 3600) ?? 0) - (NOON + 21 * 40))).toBeLessThan(12);
  });
});

describe('the time from picture to picture', () => {
  it('is the shortest that was seen lately, since pictures are left out', () => {
    for (const number of [0, 2, 5, 6, 8]) clock.see(number * 3600);
    expect(clock.intervalMs).toBe(40);
    for (let number = 10; number < 30; number += 2) clock.see(number * 3600);
    expect(clock.intervalMs).toBe(80);
  });

  it('is 40 ms before two were seen, and at most 200 ms', () => {
    expect(clock.intervalMs).toBe(40);
    clock.see(0);
    clock.see(90_000);
    expect(clock.intervalMs).toBe(200);
  });
});
