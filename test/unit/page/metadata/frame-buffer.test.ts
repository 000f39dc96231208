import { beforeEach, describe, expect, it } from 'vitest';
import { FrameBuffer, type TimedFrame } from '../../../../src/page/metadata/frame-buffer.ts';

const NOON = Date.UTC(2026, 10, 21, 12);

function frame(ms: number, ...ids: string[]): TimedFrame {
  const box = { left: 0, top: 0, right: 1, bottom: 1 };
  return { utcMs: NOON + ms, objects: ids.map((id) => ({ id, box, class: null, likelihood: null })) };
}

let buffer: FrameBuffer;

beforeEach(() => {
  buffer = new FrameBuffer();
});

function at(ms: number, toleranceMs = 20): number | undefined {
  const found = buffer.at(NOON + ms, toleranceMs);
  return found && found.utcMs - NOON;
}

describe('frames kept for the picture that is to come', () => {
  it('are found by the time of the picture: the newest that is no later than it', () => {
    for (const ms of [0, 40, 80, 120]) buffer.add(frame(ms));
    expect([at(0), at(40), at(75), at(101), at(500)]).toEqual([0, 40, 80, 120, 120]);
    expect(at(-21)).toBeUndefined();
  });

  it('are found up to half a picture later, and no further', () => {
    for (const ms of [0, 40]) buffer.add(frame(ms));
    expect([at(19), at(20), at(39, 0)]).toEqual([0, 40, 0]);
  });

  it('may come in any order', () => {
    for (const ms of [80, 0, 120, 40]) buffer.add(frame(ms));
    expect([at(0), at(40), at(80), at(120)]).toEqual([0, 40, 80, 120]);
  });

  it('of one moment are one', () => {
    buffer.add(frame(0, 'a'));
    buffer.add(frame(40, 'x'));
    buffer.add(frame(0, 'b'));
    expect(buffer.at(NOON, 0)?.objects.map(({ id }) => id)).toEqual(['a', 'b']);
    for (let number = 0; number < 300; number += 1) buffer.add(frame(40, String(number)));
    expect(buffer.at(NOON + 40, 0)?.objects).toHaveLength(256);
  });

  it('are out of date after a second and a half', () => {
    for (const ms of [0, 40, 80]) buffer.add(frame(ms));
    expect([at(1580), at(1581)]).toEqual([80, undefined]);
  });

  it('hold longer where they usually come more rarely, up to ten seconds', () => {
    for (const ms of [0, 4000, 8000]) buffer.add(frame(ms));
    expect([at(14_000), at(14_001)]).toEqual([8000, undefined]);
    for (const ms of [60_000, 120_000, 180_000]) buffer.add(frame(ms));
    expect([at(190_000), at(190_001)]).toEqual([180_000, undefined]);
  });

  it('are bounded: the oldest go', () => {
    for (let number = 0; number < 200; number += 1) buffer.add(frame(number * 10));
    expect(at(710, 0)).toBeUndefined();
    expect(at(720, 0)).toBe(720);
  });

  it('are forgotten when the clock of the camera was set back', () => {
    buffer.add(frame(0));
    buffer.add(frame(-9000));
    expect(at(0)).toBe(0);
    buffer.add(frame(-3_600_000));
    expect(at(0)).toBeUndefined();
    expect(at(-3_600_000)).toBe(-3_600_000);
  });
});
