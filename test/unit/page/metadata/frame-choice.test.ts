import { beforeEach, describe, expect, it } from 'vitest';
import type { AnalyticsFrame } from '../../../../src/page/metadata/analytics-frame.ts';
import { FrameChoice } from '../../../../src/page/metadata/frame-choice.ts';

/* `now` counts from 0; the camera's clock is at noon then. */
const NOON = Date.UTC(2026, 10, 21, 12);

let choice: FrameChoice;

beforeEach(() => {
  choice = new FrameChoice();
});

function frame(utcMs: number | null): AnalyticsFrame {
  return { utcMs: utcMs === null ? null : NOON + utcMs, objects: [] };
}

/** A picture of 25 a second. */
function picture(ms: number | null) {
  return { cameraMs: ms === null ? null : NOON + ms, intervalMs: 40 };
}

/** So many documents, 100 ms apart, whose times are off by so much; each as the picture of its moment is shown. */
function play(documents: number, aheadMs: number, from = 0): number {
  for (let now = from; now < from + documents * 100; now += 100) choice.add([frame(now + aheadMs)], picture(now), now);
  return from + (documents - 1) * 100;
}

describe('what is drawn', () => {
  it('is nothing before the first frame', () => {
    expect(choice.for(picture(0), 0)).toBeNull();
    expect(choice.outOfStep(picture(0), 0)).toBeNull();
  });

  it('is the frame of the picture, though later ones are there', () => {
    play(5, 0);
    expect(choice.for(picture(210), 400)).toEqual({ frame: frame(200), isInStep: true });
    expect(choice.for(picture(-100), 400)).toBeNull();
  });

  it('is all frames of a document, each in its time', () => {
    choice.add([frame(0), frame(40), frame(80)], picture(0), 0);
    expect(choice.for(picture(40), 0)).toEqual({ frame: frame(40), isInStep: true });
  });

  it.each([3_600_000, -3_600_000, 2100, -2100])('is what came last where times are off by %i ms', (aheadMs) => {
    const now = play(9, aheadMs);
    expect(choice.outOfStep(picture(now), now)).toEqual({ why: 'off', aheadMs });
    expect(choice.for(picture(now), now)).toEqual({ frame: frame(now + aheadMs), isInStep: false });
    expect(choice.for(picture(now + 1501), now + 1501)).toBeNull();
  });

  it.each([1900, -1900])('is in step as long as times are no more than 2 s apart: %i ms', (aheadMs) => {
    const now = play(9, aheadMs);
    expect(choice.outOfStep(picture(now), now)).toBeNull();
  });

  it('is not called off for a few wrong times, and is right again when they are', () => {
    play(9, 0);
    play(4, 3_600_000, 900);
    expect(choice.outOfStep(picture(1300), 1300)).toBeNull();
    play(5, 3_600_000, 1300);
    expect(choice.outOfStep(picture(1800), 1800)).toMatchObject({ why: 'off' });
    const now = play(9, 0, 1800);
    expect(choice.outOfStep(picture(now), now)).toBeNull();
    expect(choice.for(picture(now), now)).toEqual({ frame: frame(now), isInStep: true });
  });

  it('is what came last where the browser does not know the time of the picture, which is said after 5 s', () => {
    choice.add([frame(0)], picture(null), 0);
    expect(choice.for(picture(null), 100)).toEqual({ frame: frame(0), isInStep: false });
    expect(choice.outOfStep(picture(null), 5000)).toBeNull();
    expect(choice.outOfStep(picture(null), 5001)).toEqual({ why: 'no-picture-time' });
  });

  it('is what came last where frames have no time', () => {
    choice.add([frame(null)], picture(0), 0);
    expect(choice.for(picture(0), 0)).toEqual({ frame: frame(null), isInStep: false });
    expect(choice.outOfStep(picture(0), 0)).toEqual({ why: 'no-metadata-time' });
  });

  it('does not take times for off that came while no picture was shown', () => {
    for (let now = 0; now < 60_000; now += 1000) choice.add([frame(now)], undefined, now);
    choice.add([frame(60_000)], picture(60_000), 60_000);
    expect(choice.for(picture(60_000), 60_000)).toEqual({ frame: frame(60_000), isInStep: true });
  });
});
