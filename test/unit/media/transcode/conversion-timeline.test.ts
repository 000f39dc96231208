import { describe, expect, it } from 'vitest';
import { ConversionTimeline } from '../../../../src/media/transcode/conversion-timeline.ts';

const sound = (start = 500): ConversionTimeline =>
  new ConversionTimeline({ clockRate: 8000, madeRate: 48_000, start, skipsGaps: true });

describe('the time of what is converted', () => {
  it('is told to a process from its first second on, and is another on the timeline of what is made', () => {
    const timeline = sound();
    expect([timeline.place(16_000), timeline.place(16_160)]).toEqual([1_000_000, 1_020_000]);
    expect([timeline.made(1), timeline.made(1.02), timeline.made(1 - 312 / 48_000)]).toEqual([500, 1460, 188]);
  });

  it('goes on where 32 bits are over, on both sides', () => {
    const timeline = sound(2 ** 32 - 480);
    expect([timeline.place(2 ** 32 - 80), timeline.place(80)]).toEqual([1_000_000, 1_020_000]);
    expect([timeline.made(1), timeline.made(1.02)]).toEqual([2 ** 32 - 480, 480]);
  });

  it('stays the same from one process to the next', () => {
    const timeline = sound(0);
    timeline.place(0);
    timeline.place(160);
    timeline.restart();
    expect(timeline.place(8000)).toBe(1_000_000);
    expect(timeline.made(1)).toBe(48_000);
    expect(timeline.translate({ unixMs: 5, timestamp: 8000 })).toEqual({ unixMs: 5, timestamp: 48_000 });
  });

  it('has small gaps filled by the process, and of large ones it knows nothing', () => {
    const timeline = sound(0);
    for (const at of [0, 160, 320]) timeline.place(at);
    // 200 ms are missing.
    expect(timeline.place(2080)).toBe(1_260_000);
    expect(timeline.place(2240)).toBe(1_280_000);
    // A minute is missing: to the process it is the next 20 ms.
    expect(timeline.place(2240 + 480_000)).toBe(1_300_000);
    expect(timeline.place(2400 + 480_000)).toBe(1_320_000);
    expect([timeline.made(1.28), timeline.made(1.3)]).toEqual([13_440, 2_893_440]);
    expect(timeline.translate({ unixMs: 0, timestamp: 2240 + 480_000 }).timestamp).toBe(2_893_440);
  });

  it('of pictures is that of the camera, tick for tick, also where they are out of order or seconds apart', () => {
    const timeline = new ConversionTimeline({ clockRate: 90_000, madeRate: 90_000, skipsGaps: false });
    const timestamps = [4_294_967_000, 10_504, 3304, 6904, 900_000, 900_001];
    const made = timestamps.map((timestamp) => timeline.made(Math.round((timeline.place(timestamp) * 90_000) / 1e6) / 90_000));
    expect(made).toEqual(timestamps);
  });

  it('of what comes before the first second of a process is not below 0', () => {
    const timeline = new ConversionTimeline({ clockRate: 90_000, madeRate: 90_000, skipsGaps: false });
    timeline.place(900_000);
    expect(timeline.place(450_000)).toBe(0);
  });
});
