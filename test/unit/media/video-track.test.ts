import { describe, expect, it } from 'vitest';
import { isForViewers, VideoTrack, type VideoFrame } from '../../../src/media/video-track.ts';
import { H264Camera, IDR, nalsOf, PPS, SLICES, SPS, videoTrack } from './h264-camera.ts';
import { hex } from './rtp-bytes.ts';

const SPROP = `${SPS.toString('base64')},${PPS.toString('base64')}`;
const MAX_PAYLOAD = 1150;
const [SLICE_1, SLICE_2, SLICE_3] = [0, 1, 2].map((index) => SLICES[index] ?? Buffer.alloc(0)) as [Buffer, Buffer, Buffer];

/** A track under test, what it handed on, and how often it asked for a keyframe. */
function start(sprop?: string): {
  track: VideoTrack;
  frames: VideoFrame[];
  wanted: () => number;
  feed: (...packets: Buffer[]) => void;
} {
  const frames: VideoFrame[] = [];
  let wanted = 0;
  let arrivalMs = 1000;
  const track = new VideoTrack(videoTrack(sprop), 0, MAX_PAYLOAD, {
    frame: (frame) => {
      if (isForViewers(frame)) frames.push(frame);
    },
    keyframeWanted: () => {
      wanted += 1;
    },
    reordered: () => undefined,
    interlaced: () => undefined,
  });
  const feed = (...packets: Buffer[]): void => {
    for (const packet of packets) track.receive(packet, arrivalMs);
    arrivalMs += 40;
  };
  return { track, frames, wanted: () => wanted, feed };
}

describe('video track', () => {
  it('hands on pictures as payloads of its own size, with their time, and says which are keyframes', () => {
    const { track, frames, feed } = start();
    const camera = new H264Camera();
    feed(...camera.picture([SPS, PPS, IDR]));
    feed(...camera.picture([SLICE_1]));
    feed(...camera.picture([SLICE_2]));
    expect(frames.map(({ payloads }) => nalsOf(payloads))).toEqual([[SPS, PPS, IDR], [SLICE_1], [SLICE_2]]);
    expect(frames.map(({ keyframe, timestamp }) => [keyframe, timestamp])).toEqual([
      [true, 0],
      [false, 3600],
      [false, 7200],
    ]);
    for (const { payloads, bytes } of frames) {
      expect(bytes).toBe(payloads.reduce((sum, payload) => sum + payload.length, 0));
    }
    expect([track.accessUnits, track.keyframes, track.damaged, track.malformed]).toEqual([3, 1, 0, 0]);
  });

  it('makes packets of at most its size of a NAL unit that came whole in an oversize one', () => {
    const { frames, feed } = start(SPROP);
    expect(IDR.length).toBeGreaterThan(4 * MAX_PAYLOAD);
    feed(...new H264Camera().picture([IDR], 65_000));
    expect(Math.max(...(frames[0]?.payloads ?? []).map(({ length }) => length))).toBeLessThanOrEqual(MAX_PAYLOAD);
    expect(nalsOf(frames[0]?.payloads ?? [])).toEqual([SPS, PPS, IDR]);
  });

  it('puts the parameter sets of the SDP before each IDR when they never come in band', () => {
    const { frames, feed } = start(SPROP);
    const camera = new H264Camera();
    for (const nals of [[IDR], [SLICE_1], [IDR]]) feed(...camera.picture(nals));
    expect(frames.map(({ payloads }) => nalsOf(payloads))).toEqual([[SPS, PPS, IDR], [SLICE_1], [SPS, PPS, IDR]]);
  });

  it('hands nothing on before there are parameter sets, and asks for a keyframe', () => {
    const { track, frames, wanted, feed } = start('');
    const camera = new H264Camera();
    feed(...camera.picture([IDR]));
    feed(...camera.picture([SLICE_1]));
    expect([frames.length, wanted(), track.damaged]).toEqual([0, 2, 2]);
    feed(...camera.picture([SPS, PPS, IDR]));
    expect(frames).toHaveLength(1);
  });

  it('hands nothing on before the first keyframe', () => {
    const { frames, wanted, feed } = start(SPROP);
    const camera = new H264Camera();
    feed(...camera.picture([SLICE_1]));
    expect([frames.length, wanted()]).toEqual([0, 1]);
  });

  it('keeps parameter sets that come under a timestamp of their own and hands on only pictures', () => {
    const { track, frames, wanted, feed } = start();
    const camera = new H264Camera();
    for (let group = 0; group < 2; group += 1) {
      feed(...camera.picture([SPS, PPS]));
      feed(...camera.picture([IDR]));
      feed(...camera.picture([SLICE_1]));
    }
    feed(...camera.picture([hex('06 0501')]));
    feed(...camera.picture([SLICE_2]));
    expect(frames.map(({ payloads }) => nalsOf(payloads))).toEqual([
      [SPS, PPS, IDR],
      [SLICE_1],
      [SPS, PPS, IDR],
      [SLICE_1],
      [SLICE_2],
    ]);
    expect([track.accessUnits, track.damaged, wanted()]).toEqual([5, 0, 0]);
  });

  it('after a loss hands nothing on until the next keyframe, and asks for one with each picture that it holds back', () => {
    const { track, frames, wanted, feed } = start(SPROP);
    const camera = new H264Camera();
    feed(...camera.picture([IDR]));
    feed(...camera.picture([IDR]).filter((_, index) => index !== 1));
    expect([frames.length, wanted()]).toEqual([1, 1]);
    feed(...camera.picture([SLICE_1]));
    feed(...camera.picture([SLICE_2]));
    expect([frames.length, wanted(), track.damaged, track.receiver.lost]).toEqual([1, 3, 3, 1]);
    feed(...camera.picture([IDR]));
    feed(...camera.picture([SLICE_3]));
    expect(frames.map(({ keyframe }) => keyframe)).toEqual([true, true, false]);
    expect(wanted()).toBe(3);
  });

  it('notices a whole picture that was lost between two', () => {
    const { frames, wanted, feed } = start(SPROP);
    const camera = new H264Camera();
    feed(...camera.picture([IDR]));
    camera.picture([SLICE_1]);
    feed(...camera.picture([SLICE_2]));
    expect([frames.length, wanted()]).toEqual([1, 1]);
  });

  it('gives each picture its own time when a camera without markers shows its end only by the next', () => {
    const { frames, feed } = start(SPROP);
    const camera = new H264Camera();
    for (const nal of [IDR, SLICE_1, SLICE_2, SLICE_3]) {
      feed(camera.packet(nal, false));
      camera.timestamp = (camera.timestamp + 3600) % 2 ** 32;
    }
    expect(frames.map(({ timestamp, payloads }) => [timestamp, nalsOf(payloads).at(-1)])).toEqual([
      [0, IDR],
      [3600, SLICE_1],
      [7200, SLICE_2],
    ]);
  });

  it('does not mix a picture begun before the source started anew with one behind it', () => {
    const { frames, wanted, feed } = start(SPROP);
    const before = new H264Camera(1, 0, 77);
    feed(...before.picture([IDR]));
    feed(before.packet(SLICE_1, false));
    const after = new H264Camera(30_000, 5_000_000, 78);
    feed(...after.picture([SLICE_2]));
    expect([frames.length, wanted()]).toEqual([1, 1]);
    feed(...after.picture([IDR]));
    expect(frames.map(({ timestamp }) => timestamp)).toEqual([0, 10_800]);
  });

  it('waits for a keyframe after a reconnect, goes on in time, and forgets the parameter sets of before', () => {
    const { track, frames, feed } = start(SPROP);
    feed(...new H264Camera(1, 0).picture([IDR]));
    track.reconnect(videoTrack());
    const camera = new H264Camera(9, 123_456);
    feed(...camera.picture([SLICE_1]));
    feed(...camera.picture([IDR]));
    expect(frames).toHaveLength(1);
    feed(...camera.picture([SPS, PPS, IDR]));
    expect(frames.map(({ timestamp }) => timestamp)).toEqual([0, 10_800]);
  });

  it('counts what is malformed over reconnects', () => {
    const { track, feed } = start(SPROP);
    const camera = new H264Camera();
    feed(camera.packet(hex('7c'), true), Buffer.from('no RTP'));
    track.reconnect(videoTrack(SPROP));
    feed(camera.packet(hex('7c'), true));
    expect(track.malformed).toBe(3);
  });

  it('writes to nothing that it was given', () => {
    const { feed } = start(SPROP);
    const packets = new H264Camera().picture([IDR]);
    const before = packets.map((packet) => Buffer.from(packet));
    feed(...packets);
    expect(packets).toEqual(before);
  });
});
