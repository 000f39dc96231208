import { describe, expect, it } from 'vitest';
import { FrameInterval } from '../../../../src/peer/egress/frame-interval.ts';

/** The interval that is found in these timestamps, 90 kHz. */
function found(...timestamps: number[]): number {
  const interval = new FrameInterval();
  for (const timestamp of timestamps) interval.note(timestamp >>> 0);
  return interval.milliseconds;
}

describe('frame interval', () => {
  it('is not known before the second picture', () => {
    expect([found(), found(5000)]).toEqual([0, 0]);
  });

  it('is the distance of timestamps, also over their wrap', () => {
    expect(found(0, 3600)).toBe(40);
    expect(found(2 ** 32 - 1800, 1800, 5400)).toBe(40);
  });

  it('is evened out where a camera stamps unevenly', () => {
    const uneven = Array.from({ length: 100 }, (_, picture) => picture * 3600 + (picture % 2) * 2700);
    expect(found(...uneven)).toBeGreaterThan(30);
    expect(found(...uneven)).toBeLessThan(50);
  });

  it('follows a camera that changes its rate', () => {
    const slow = Array.from({ length: 20 }, (_, picture) => picture * 3600);
    const fast = Array.from({ length: 40 }, (_, picture) => 19 * 3600 + (picture + 1) * 1800);
    expect(found(...slow, ...fast)).toBeCloseTo(20, 0);
  });

  it('is not of pauses, nor of pictures out of order', () => {
    expect(found(0, 3600, 3600 + 2 * 90_000, 7200 + 2 * 90_000)).toBe(40);
    expect(found(0, 3600, 1800, 1800, 5400)).toBe(40);
  });

  it('is not of pictures that were kept, which stand a tick apart', () => {
    expect(found(0, 1, 2, 3602, 7202)).toBe(40);
  });

  it('is found anew for another stream', () => {
    const interval = new FrameInterval();
    interval.note(0);
    interval.note(3600);
    interval.begin();
    expect(interval.milliseconds).toBe(0);
    interval.note(1_000_000);
    interval.note(1_000_000 + 9000);
    expect(interval.milliseconds).toBe(100);
  });
});
