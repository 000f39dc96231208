import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Timeline, timestampAt } from '../../../../src/media/rtp/timeline.ts';

const RATE = 90_000;

describe('timeline', () => {
  it('starts at its own number and follows the camera from there', () => {
    const timeline = new Timeline(RATE, 1000);
    expect(timeline.advance(500_000, 0, false)).toBe(1000);
    expect(timeline.advance(503_600, 40, false)).toBe(4600);
  });

  it('follows a step back within a second only where pictures come in another order than they are shown in', () => {
    const timeline = new Timeline(RATE, 1000);
    timeline.reordered = true;
    timeline.advance(500_000, 0, false);
    expect(timeline.advance(499_900, 80, false)).toBe(900);
    timeline.reordered = false;
    expect(timeline.advance(499_800, 120, false)).toBe(900 + 3600);
  });

  it('is back at its own count behind one packet that was stamped hours away', () => {
    const timeline = new Timeline(RATE, 0);
    timeline.advance(7_000_000, 1000, false);
    // The one comes at once and the next is late: the count does not follow arrival.
    expect(timeline.advance((7_000_000 + 2 ** 32 - 9800 * RATE) % 2 ** 32, 1040, false)).toBe(3600);
    expect(timeline.advance(7_007_200, 1095, false)).toBe(7200);
    expect(timeline.advance(7_010_800, 1120, false)).toBe(10_800);
  });

  it('goes on over the wrap of the camera and over its own', () => {
    const timeline = new Timeline(RATE, 0xffff_f000);
    expect(timeline.advance(0xffff_ff00, 0, false)).toBe(0xffff_f000);
    expect(timeline.advance(0x0000_0d10, 40, false)).toBe(0xffff_fe10);
    expect(timeline.advance(0x0000_1b20, 80, false)).toBe(0x0000_0c20);
  });

  it('is continuous by arrival where the source started anew', () => {
    const timeline = new Timeline(RATE, 0);
    timeline.advance(7_000_000, 1000, false);
    expect(timeline.advance(42, 3000, true)).toBe(2 * RATE);
    expect(timeline.advance(42 + 3600, 3040, false)).toBe(2 * RATE + 3600);
  });

  it.each([
    ['forward', 7_000_000 + 3600 + 5 * RATE],
    ['backward', 7_000_000 - 2 * RATE],
    ['by half a circle', (7_000_000 + 2 ** 31) % 2 ** 32],
  ])('is continuous by arrival where the timestamps jump %s', (_, after) => {
    const timeline = new Timeline(RATE, 0);
    timeline.advance(7_000_000, 1000, false);
    expect(timeline.advance(after, 1040, false)).toBe(3600);
    expect(timeline.advance((after + 3600) % 2 ** 32, 1080, false)).toBe(7200);
  });

  it('moves ahead at least one unit over a restart, even when our clock was set back', () => {
    const timeline = new Timeline(RATE, 100);
    timeline.advance(0, 5000, false);
    expect(timeline.advance(9999, 4000, true)).toBe(101);
  });

  it('takes neither a pause of the camera nor a stall with a burst behind it for a jump', () => {
    const timeline = new Timeline(RATE, 0);
    timeline.advance(0, 0, false);
    // No picture for 20 s, in both clocks.
    expect(timeline.advance(20 * RATE, 20_000, false)).toBe(20 * RATE);
    // The connection stalls for 10 s; what the camera sent meanwhile comes at once, and time is the camera's.
    for (let frame = 1; frame <= 250; frame += 1) {
      expect(timeline.advance(20 * RATE + frame * 3600, 30_000, false)).toBe(20 * RATE + frame * 3600);
    }
  });

  it('never throws a viewer about, whatever the camera does: each step is at most what the clocks allow', () => {
    const step = fc.record({
      rtp: fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constant(3600)),
      elapsedMs: fc.integer({ min: 0, max: 5000 }),
      restart: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 30 }), (steps) => {
        const timeline = new Timeline(RATE, 0);
        let arrivalMs = 0;
        let last: number | undefined;
        for (const { rtp, elapsedMs, restart } of steps) {
          arrivalMs += elapsedMs;
          const timestamp = timeline.advance(rtp, arrivalMs, restart);
          const moved = last === undefined ? 0 : ((timestamp - last) | 0) / RATE;
          expect(moved).toBeGreaterThanOrEqual(0);
          expect(moved).toBeLessThanOrEqual(3.001 + elapsedMs / 1000);
          last = timestamp;
        }
      }),
    );
  });

  it("translates the camera's timestamps, before and after a break", () => {
    const timeline = new Timeline(RATE, 1000);
    timeline.advance(500_000, 0, false);
    expect(timeline.translate(500_900)).toBe(1900);
    expect(timeline.translate(499_000)).toBe(0);
    expect(timeline.translate(498_999)).toBe(0xffff_ffff);
    timeline.advance(10, 40, true);
    expect(timeline.translate(10)).toBe(4600);
  });
});

describe('arrival mapping', () => {
  /** Where the mapping places our clock at the timestamp of `elapsedMs` since the start, at a true rate of `RATE`. */
  function mappedMs(timeline: Timeline, timestamp: number): number {
    const mapping = timeline.arrival;
    if (mapping === undefined) throw new Error('no mapping');
    return mapping.unixMs + ((timestamp - mapping.timestamp) / RATE) * 1000;
  }

  it('is not there before the first packet', () => {
    expect(new Timeline(RATE, 0).arrival).toBeUndefined();
  });

  it('ignores jitter: it follows the packets that came soonest', () => {
    const timeline = new Timeline(RATE, 0);
    for (let frame = 0; frame < 500; frame += 1) {
      const late = frame % 5 === 0 ? 0 : (frame * 37) % 60;
      timeline.advance(frame * 3600, 10_000 + frame * 40 + late, false);
      expect(Math.abs(mappedMs(timeline, frame * 3600) - (10_000 + frame * 40))).toBeLessThan(1);
    }
  });

  it.each([200, -200])("follows a camera's clock that drifts by %i parts in a million", (drift) => {
    const timeline = new Timeline(RATE, 0);
    const arrival = (frame: number): number => frame * 40 * (1 + drift / 1e6);
    for (let frame = 0; frame < 20_000; frame += 1) timeline.advance(frame * 3600, arrival(frame), false);
    expect(Math.abs(mappedMs(timeline, 19_999 * 3600) - arrival(19_999))).toBeLessThan(5);
  });

  it('is back at once when the first packet in time comes behind a stall and its burst', () => {
    const timeline = new Timeline(RATE, 0);
    for (let frame = 0; frame < 100; frame += 1) timeline.advance(frame * 3600, frame * 40, false);
    for (let frame = 100; frame < 350; frame += 1) timeline.advance(frame * 3600, 14_000, false);
    timeline.advance(350 * 3600, 14_000, false);
    timeline.advance(351 * 3600, 351 * 40, false);
    expect(Math.abs(mappedMs(timeline, 351 * 3600) - 351 * 40)).toBeLessThan(1);
  });

  it('starts anew where the timestamps break', () => {
    const timeline = new Timeline(RATE, 0);
    timeline.advance(0, 0, false);
    const timestamp = timeline.advance(42, 3000, true);
    expect(timeline.arrival).toEqual({ unixMs: 3000, timestamp });
  });

  it('gives the timestamp of any instant, in the past and over the wrap', () => {
    const mapping = { unixMs: 1_700_000_000_000, timestamp: 4500 };
    expect(timestampAt(mapping, 1_700_000_000_500, RATE)).toBe(49_500);
    expect(timestampAt(mapping, 1_699_999_999_900, RATE)).toBe(2 ** 32 - 4500);
    expect(timestampAt({ ...mapping, timestamp: 0xffff_ffff }, 1_700_000_000_000 + 0.1, RATE)).toBe(8);
    expect(timestampAt(mapping, 1_700_000_000_500, 8000)).toBe(8500);
  });
});
