import { describe, expect, it } from 'vitest';
import { ArrivalClock } from '../../../../src/media/rtp/arrival-clock.ts';

const RATE = 90_000;
const FRAME_MS = 40;

/** Late by so much, for a while; returns what the clock says of the newest against its timestamp, milliseconds. */
function play(clock: ArrivalClock, fromMs: number, forMs: number, lateMs: (frame: number) => number): number {
  for (let atMs = fromMs; atMs < fromMs + forMs; atMs += FRAME_MS) {
    clock.observe((atMs * RATE) / 1000, 1_000_000 + atMs + lateMs(atMs / FRAME_MS));
  }
  const { unixMs = Number.NaN, timestamp = 0 } = clock.mapping ?? {};
  return unixMs - 1_000_000 - (timestamp * 1000) / RATE;
}

describe('our clock by arrival', () => {
  it('is that of the packets that come soonest', () => {
    const clock = new ArrivalClock(RATE);
    expect(play(clock, 0, 10_000, (frame) => (frame % 50 === 3 ? 25 : 35 + ((frame * 31) % 80)))).toBeCloseTo(25);
  });

  it('follows a way that became slower within ten seconds, and one that became faster at once', () => {
    const clock = new ArrivalClock(RATE);
    play(clock, 0, 10_000, () => 25);
    expect(play(clock, 10_000, 4000, () => 90)).toBeCloseTo(25);
    expect(play(clock, 14_000, 6000, () => 90)).toBeCloseTo(90);
    expect(play(clock, 20_000, FRAME_MS, () => 30)).toBeCloseTo(30);
  });

  it('is not moved by a stall and the burst behind it', () => {
    const clock = new ArrivalClock(RATE);
    play(clock, 0, 10_000, () => 25);
    expect(play(clock, 10_000, 8000, (frame) => 18_000 - frame * FRAME_MS)).toBeCloseTo(25);
    expect(play(clock, 18_000, 10_000, () => 25)).toBeCloseTo(25);
  });

  it('follows a drift of 100 ppm by a millisecond', () => {
    const clock = new ArrivalClock(RATE);
    const slower = (frame: number): number => (frame * FRAME_MS) / 10_000;
    expect(Math.abs(play(clock, 0, 600_000, slower) - 60)).toBeLessThan(1.1);
    const faster = (frame: number): number => (1_200_000 - frame * FRAME_MS) / 10_000;
    expect(Math.abs(play(clock, 600_000, 600_000, faster))).toBeLessThan(1.1);
  });
});
