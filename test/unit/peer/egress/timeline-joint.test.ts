import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestampDistance } from '../../../../src/media/rtp/packet.ts';
import type { TimeMapping } from '../../../../src/media/rtp/timeline.ts';
import { TimelineJoint } from '../../../../src/peer/egress/timeline-joint.ts';

const NOW = Date.UTC(2026, 0, 1);
const VIDEO = 90_000;

/** A stream whose timeline stands at `start` at {@link NOW}: its timestamp after so many milliseconds, and its time. */
function stream(start: number, clockRate = VIDEO): { at: (ms: number) => number; time: () => TimeMapping } {
  return {
    at: (ms) => (start + (ms * clockRate) / 1000) >>> 0,
    time: () => ({ unixMs: NOW, timestamp: start }),
  };
}

describe('the joint of two timelines', () => {
  it('leaves the first stream as it is', () => {
    const joint = new TimelineJoint();
    const { at, time } = stream(0xffff_ff00);
    expect([0, 40, 80].map((ms) => joint.place(at(ms), VIDEO, time))).toEqual([at(0), at(40), at(80)]);
  });

  it('goes on by the time that passed, wherever the next one starts, also where it was left before anything came of it', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff), fc.integer({ min: 1, max: 100_000 }), (first, second, gapMs) => {
        const joint = new TimelineJoint();
        const [before, never, after] = [stream(first), stream(second ^ 0x5555_5555), stream(second)];
        joint.place(before.at(1000), VIDEO, before.time);
        joint.leave(before.time(), NOW + 1000);
        joint.leave(never.time(), NOW + 1000);
        expect(joint.place(after.at(1000 + gapMs), VIDEO, after.time)).toBe(before.at(1000 + gapMs));
        expect(joint.place(after.at(1040 + gapMs), VIDEO, after.time)).toBe(before.at(1040 + gapMs));
      }),
    );
  });

  it('is settled by what is asked first, a report or a picture, and says the same of both', () => {
    const joint = new TimelineJoint();
    const [before, after] = [stream(1000), stream(4_000_000_000)];
    joint.place(before.at(0), VIDEO, before.time);
    joint.leave(before.time(), NOW);
    expect(joint.translate(after.at(500), VIDEO, after.time)).toBe(before.at(500));
    // Its clock is understood better later on: what was said stays.
    const better = { unixMs: NOW - 25, timestamp: after.at(0) };
    expect(joint.place(after.at(500), VIDEO, () => better)).toBe(before.at(500));
  });

  it('puts pictures that were kept right behind what the viewer has, and the first that is newer in its place', () => {
    const joint = new TimelineJoint();
    const [before, after] = [stream(700), stream(90)];
    const last = joint.place(before.at(2000), VIDEO, before.time);
    joint.leave(before.time(), NOW + 2010);
    const kept = [0, 1000, 1990].map((ms) => joint.place(after.at(ms), VIDEO, after.time));
    expect(kept).toEqual([last + 1, last + 2, last + 3]);
    expect(joint.place(after.at(2040), VIDEO, after.time)).toBe(before.at(2040));
    // From there on pictures in another order than they are shown in (B-frames) step back as they do.
    expect(joint.place(after.at(2020), VIDEO, after.time)).toBe(before.at(2020));
  });

  it('goes on with another clock rate by the time that passed (RFC 7160)', () => {
    const joint = new TimelineJoint();
    const [g711, opus] = [stream(5000, 8000), stream(123, 48_000)];
    const last = joint.place(g711.at(1000), 8000, g711.time);
    joint.leave({ unixMs: NOW + 1000, timestamp: g711.at(1000) }, NOW + 1000);
    const next = joint.place(opus.at(1020), 48_000, opus.time);
    expect(timestampDistance(last, next)).toBe(960);
  });

  it('goes on at the last timestamp where the stream before has no time any more', () => {
    const joint = new TimelineJoint();
    const [before, after] = [stream(5), stream(99)];
    const last = joint.place(before.at(0), VIDEO, before.time);
    joint.leave(undefined, NOW);
    expect(joint.place(after.at(100), VIDEO, after.time)).toBe(last + 9000);
  });

  it('takes the next stream as it is where nothing came of the one before', () => {
    const joint = new TimelineJoint();
    joint.leave({ unixMs: NOW, timestamp: 1 }, NOW);
    expect(joint.place(4711, VIDEO, stream(1).time)).toBe(4711);
  });
});
