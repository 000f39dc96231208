import { describe, expect, it } from 'vitest';
import { PacketHistory, type KeptFrame } from '../../../src/media/packet-history.ts';

/** 40 ms. */
const TICKS = 3600;

/** Pictures in order, each 40 ms behind the one before; of one packet with their number, and 1000 bytes of memory with what they cost besides. */
class Camera {
  timestamp = 0;

  frame(keyframe: boolean, bytes = 560, packets = 1): KeptFrame {
    this.timestamp = (this.timestamp + TICKS) >>> 0;
    const payloads = Array.from({ length: packets }, (_, index) => Buffer.from(`${this.timestamp}/${index}`));
    return { payloads, timestamp: this.timestamp, keyframe, bytes };
  }
}

/** The number of a frame's packet. */
function numberOf({ kept }: KeptFrame, index = 0): number {
  return ((kept?.first ?? NaN) + index) >>> 0;
}

describe('packet history: the newest group of pictures', () => {
  it('is kept from its keyframe on', () => {
    const [history, camera] = [new PacketHistory(100_000), new Camera()];
    const group = [camera.frame(true), camera.frame(false), camera.frame(false)];
    for (const each of [camera.frame(true), camera.frame(false), ...group]) history.add(each);
    expect([history.group, history.hasGroup]).toEqual([group, true]);
  });

  it('is none before a keyframe', () => {
    const [history, camera] = [new PacketHistory(100_000), new Camera()];
    history.add(camera.frame(false));
    expect([history.group, history.hasGroup]).toEqual([[], false]);
    const keyframe = camera.frame(true);
    history.add(keyframe);
    expect(history.group).toEqual([keyframe]);
  });

  it('is kept whole however long it is, within the limit', () => {
    const [history, camera] = [new PacketHistory(2_000_000), new Camera()];
    const group = [camera.frame(true), ...Array.from({ length: 1500 }, () => camera.frame(false))];
    for (const frame of group) history.add(frame);
    expect(history.group).toHaveLength(1501);
    expect(group.every((frame) => history.get(numberOf(frame)) === frame.payloads[0])).toBe(true);
  });

  it('is none any more once it grows over the limit, until the next keyframe', () => {
    const [history, camera] = [new PacketHistory(3000), new Camera()];
    for (const each of [camera.frame(true), camera.frame(false), camera.frame(false)]) history.add(each);
    expect(history.group).toHaveLength(3);
    history.add(camera.frame(false));
    history.add(camera.frame(false, 1));
    expect([history.group, history.hasGroup]).toEqual([[], false]);
    const next = camera.frame(true);
    history.add(next);
    expect(history.group).toEqual([next]);
  });

  it('is none of a keyframe that is over the limit by itself', () => {
    const [history, camera] = [new PacketHistory(3000), new Camera()];
    history.add(camera.frame(true, 2561));
    expect([history.group, history.bytes]).toEqual([[], 0]);
    history.add(camera.frame(false, 1));
    expect(history.group).toEqual([]);
  });

  it('of pictures that nobody is sent as they are is all that is kept', () => {
    const [history, camera] = [new PacketHistory(100_000), new Camera()];
    const frames = [camera.frame(true), camera.frame(true), camera.frame(true)];
    for (const frame of frames) history.add(frame, false);
    expect([history.group, history.bytes]).toEqual([frames.slice(2), 1000]);
  });
});

describe('packet history: packets that may be asked for again', () => {
  it('are found by their number in each frame', () => {
    const [history, camera] = [new PacketHistory(100_000), new Camera()];
    const frames = [1, 5, 2, 9, 1].map((packets, at) => camera.frame(at === 0, 560, packets));
    for (const frame of frames) history.add(frame);
    for (const frame of frames)
      for (const [index, payload] of frame.payloads.entries()) expect(history.get(numberOf(frame, index))).toBe(payload);
    const [first, last] = [frames[0], frames.at(-1)];
    expect([
      history.get(numberOf(last ?? camera.frame(true), 1)),
      history.get(numberOf(first ?? camera.frame(true), -1)),
    ]).toEqual([undefined, undefined]);
    expect(frames.every(({ kept }) => kept?.history === history)).toBe(true);
  });

  it('are kept for 2 s when their group is over, and no longer', () => {
    const [history, camera] = [new PacketHistory(1_000_000), new Camera()];
    const frames = Array.from({ length: 76 }, (_, at) => camera.frame(at % 25 === 0));
    for (const frame of frames) history.add(frame);
    // The last is the keyframe of 3 s; 50 pictures are 2 s.
    expect(frames.map((frame) => history.get(numberOf(frame)) !== undefined)).toEqual(frames.map((_, at) => at >= 25));
    expect(history.bytes).toBe(51_000);
  });

  it('are let go from the oldest on where they are over the limit, the group of pictures last', () => {
    const [history, camera] = [new PacketHistory(30_000), new Camera()];
    const frames = Array.from({ length: 40 }, (_, at) => camera.frame(at % 25 === 0));
    for (const frame of frames) history.add(frame);
    expect(frames.map((frame) => history.get(numberOf(frame)) !== undefined)).toEqual(frames.map((_, at) => at >= 10));
    expect(history.group).toEqual(frames.slice(25));
    expect(history.bytes).toBe(30_000);
  });

  it('of a group that grew over the limit are kept for 2 s as others are', () => {
    const [history, camera] = [new PacketHistory(60_000), new Camera()];
    const frames = Array.from({ length: 100 }, (_, at) => camera.frame(at === 0));
    for (const frame of frames) history.add(frame);
    expect(history.group).toEqual([]);
    expect(frames.map((frame) => history.get(numberOf(frame)) !== undefined)).toEqual(frames.map((_, at) => at >= 49));
  });

  it.each([3_600_000, -3_600_000])('of before a jump of the camera’s time by %i ms are let go with their group', (jumpMs) => {
    const [history, camera] = [new PacketHistory(1_000_000), new Camera()];
    history.add(camera.frame(true));
    history.add(camera.frame(false));
    camera.timestamp = (camera.timestamp + jumpMs * 90) >>> 0;
    history.add(camera.frame(true));
    expect(history.bytes).toBe(1000);
  });

  it('are found over the wrap of their numbers', () => {
    const [history, camera] = [new PacketHistory(Infinity), new Camera()];
    // One picture of as many packets as there are numbers but three: only their count is looked at.
    const endless: KeptFrame = { ...camera.frame(true), payloads: Object.assign([], { length: 2 ** 32 - 3 }) };
    history.add(endless);
    const frames = [2, 2, 2].map((packets) => camera.frame(false, 560, packets));
    for (const frame of frames) history.add(frame);
    expect(frames.map(({ kept }) => kept?.first)).toEqual([2 ** 32 - 3, 2 ** 32 - 1, 1]);
    history.add(camera.frame(true));
    // Only the endless one is over 2 s old then.
    camera.timestamp += 46 * TICKS;
    history.add(camera.frame(true));
    for (const frame of frames)
      expect(frame.payloads.map((_, index) => history.get(numberOf(frame, index)))).toEqual(frame.payloads);
  });
});
