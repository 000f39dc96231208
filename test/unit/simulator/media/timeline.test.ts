import { describe, expect, it } from 'vitest';
import { CLIP_MS, GOP_MS } from '../../../../src/simulator/profiles.ts';
import { Timeline } from '../../../../src/simulator/timeline.ts';

function timelineAt(start: number, options: { clockOffsetMs?: number } = {}): { timeline: Timeline; clock: { ms: number } } {
  const clock = { ms: start };
  return { timeline: new Timeline({ now: () => clock.ms }, options), clock };
}

describe('Timeline', () => {
  it('follows the clock and starts again with the clip', () => {
    const { timeline } = timelineAt(0);
    expect(timeline.clipTimeAt(30_000)).toBe(0);
    expect(timeline.clipTimeAt(39_999)).toBe(9_999);
    expect(timeline.clipTimeAt(40_000)).toBe(0);
    expect(timeline.clipTimeAt(-1)).toBe(CLIP_MS - 1);
  });

  it('jumps to the next GOP at once and goes on from there', () => {
    const { timeline, clock } = timelineAt(1_003_100);
    const jumps: number[] = [];
    timeline.events.on('jump', (now) => jumps.push(now));
    expect(timeline.clipTimeAt(clock.ms)).toBe(3_100);
    timeline.jumpToNextGop();
    expect(jumps).toEqual([1_003_100]);
    expect(timeline.clipTimeAt(clock.ms)).toBe(4_000);
    expect(timeline.clipTimeAt(clock.ms + 250)).toBe(4_250);
  });

  it('jumps a whole GOP from the very start of one, and over the end of the clip', () => {
    const { timeline, clock } = timelineAt(8_000);
    timeline.jumpToNextGop();
    expect(timeline.clipTimeAt(clock.ms)).toBe(0);
    clock.ms += GOP_MS;
    timeline.jumpToNextGop();
    expect(timeline.clipTimeAt(clock.ms)).toBe(2 * GOP_MS);
  });

  it('jumps once for requests that come within a picture', () => {
    const { timeline, clock } = timelineAt(8_500);
    for (const later of [0, 4, 35]) {
      clock.ms += later;
      timeline.jumpToNextGop();
    }
    expect(timeline.clipTimeAt(clock.ms)).toBe(39);
    clock.ms += 1;
    timeline.jumpToNextGop();
    expect(timeline.clipTimeAt(clock.ms)).toBe(GOP_MS);
  });

  it('knows after jumps what was shown before them', () => {
    const { timeline, clock } = timelineAt(2_500);
    timeline.jumpToNextGop();
    clock.ms = 3_000;
    timeline.jumpToNextGop();
    expect(timeline.clipTimeAt(2_499)).toBe(2_499);
    expect(timeline.clipTimeAt(2_600)).toBe(4_100);
    expect(timeline.clipTimeAt(3_100)).toBe(6_100);
  });

  it('says when a media time is shown, as things stand', () => {
    const { timeline, clock } = timelineAt(2_500);
    expect(timeline.hostTimeOf(2_600)).toBe(2_600);
    timeline.jumpToNextGop();
    expect(timeline.hostTimeOf(timeline.mediaTimeAt(clock.ms))).toBe(2_500);
    expect(timeline.hostTimeOf(4_040)).toBe(2_540);
  });

  it('sets the camera clock off without moving the picture', () => {
    const { timeline } = timelineAt(0, { clockOffsetMs: 3_600_000 });
    expect(timeline.clipTimeAt(1_234)).toBe(1_234);
    expect(timeline.cameraTimeAt(1_234)).toBe(3_601_234);
    expect(timeline.positionAt(3_601_234)).toBe(1_234);
    timeline.clockOffsetMs = -7;
    expect(timeline.positionAt(timeline.cameraTimeAt(1_234))).toBe(1_234);
  });
});
