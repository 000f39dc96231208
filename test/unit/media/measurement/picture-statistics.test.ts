import { describe, expect, it } from 'vitest';
import { PictureStatistics } from '../../../../src/media/measurement/picture-statistics.ts';

const CLOCK = 90_000;
const START = 0xffff_0000;

interface Sent {
  /** Seconds since the first. */
  at: number;
  key?: true;
  bytes?: number;
  /** Seconds; default as `at`. */
  arrival?: number;
}

function statisticsOf(pictures: readonly Sent[]): PictureStatistics {
  const statistics = new PictureStatistics(CLOCK);
  for (const { at, key = false, bytes = 1000, arrival = at } of pictures) {
    statistics.add({ keyframe: key }, (START + Math.round(at * CLOCK)) % 2 ** 32, bytes, 1e12 + arrival * 1000);
  }
  return statistics;
}

const every = (seconds: number, count: number, key: (index: number) => boolean = () => false): Sent[] =>
  Array.from({ length: count }, (_, index) => ({ at: index * seconds, ...(key(index) ? { key: true as const } : {}) }));

describe('rates of a stream', () => {
  it('go by timestamps, over their wrap', () => {
    const statistics = statisticsOf(every(0.04, 100));
    expect(statistics.frames).toBe(100);
    expect(statistics.framesPerSecond).toBeCloseTo(25, 5);
    // The last picture is shown for a while that nobody knows yet.
    expect(statistics.bitrateKbps).toBeCloseTo(200, 5);
  });

  it('are not known before the second picture', () => {
    for (const count of [0, 1]) {
      const statistics = statisticsOf(every(0.04, count));
      expect([statistics.framesPerSecond, statistics.bitrateKbps, statistics.keyframeInterval]).toEqual([null, null, null]);
    }
  });

  it('do not mind B-frames, which come out of the order of their timestamps', () => {
    const order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8];
    expect(statisticsOf(order.map((place) => ({ at: place / 10 }))).framesPerSecond).toBeCloseTo(10, 5);
  });

  it('take the two fields of a frame for one picture', () => {
    const fields = every(0.04, 50).flatMap((picture) => [picture, picture]);
    const statistics = statisticsOf(fields);
    expect(statistics.frames).toBe(50);
    expect(statistics.framesPerSecond).toBeCloseTo(25, 5);
    expect(statistics.bitrateKbps).toBeCloseTo(400, 5);
  });

  it('go by arrival where the timestamps cannot be right, and not where a burst came at once', () => {
    const slow = every(0.04, 50).map(({ at }) => ({ at: at / 10, arrival: at }));
    expect(statisticsOf(slow).framesPerSecond).toBeCloseTo(25, 1);
    const stuck = every(0.04, 50).map(({ at }, index) => ({ at: index % 2 === 0 ? 0 : 0.00001, arrival: at }));
    expect(statisticsOf(stuck).framesPerSecond).toBeCloseTo(25, 1);
    const burst = every(0.04, 50).map(({ at }) => ({ at, arrival: at / 100 }));
    expect(statisticsOf(burst).framesPerSecond).toBeCloseTo(25, 5);
  });

  it('have the bitrate over whole groups of pictures where there were some', () => {
    const pictures = every(0.1, 29, (index) => index % 10 === 3).map((picture) => ({
      ...picture,
      bytes: picture.key ? 5500 : 500,
    }));
    // 5500 + 9 * 500 bytes a second.
    expect(statisticsOf(pictures).bitrateKbps).toBeCloseTo(80, 5);
  });
});

describe('keyframes of a stream', () => {
  it('are so many frames and seconds apart', () => {
    const statistics = statisticsOf(every(0.04, 130, (index) => index % 50 === 10));
    expect(statistics.keyframes).toBe(3);
    expect(statistics.keyframeInterval).toEqual({
      frames: 50,
      seconds: expect.closeTo(2, 5) as number,
      longestSeconds: expect.closeTo(2, 5) as number,
    });
    expect(statistics.secondsSinceKeyframe).toBeCloseTo(0.76, 5);
  });

  it('come further apart at times with a smart codec', () => {
    const statistics = statisticsOf(every(0.1, 100, (index) => [0, 10, 20, 30, 90].includes(index)));
    expect(statistics.keyframeInterval).toMatchObject({ frames: 10, longestSeconds: expect.closeTo(6, 5) as number });
  });

  it('have no interval where one came or none', () => {
    const one = statisticsOf(every(0.1, 51, (index) => index === 10));
    expect([one.keyframes, one.keyframeInterval]).toEqual([1, null]);
    expect(one.secondsSinceKeyframe).toBeCloseTo(4, 5);
    expect(statisticsOf(every(0.1, 51)).secondsSinceKeyframe).toBeCloseTo(5, 5);
  });
});
