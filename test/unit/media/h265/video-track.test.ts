import { describe, expect, it } from 'vitest';
import { VideoTrack, type CameraFrame } from '../../../../src/media/video-track.ts';
import { H265_IDR, H265_SETS, H265Camera, h265NalsOf, h265Slice, h265Track } from '../h265-camera.ts';
import { hex } from '../rtp-bytes.ts';

const MAX_PAYLOAD = 1150;
/** Types of ITU-T H.265 table 7-1. */
const [TRAIL, TRAIL_B, RASL, CRA] = [h265Slice(1), h265Slice(1, 'B'), h265Slice(9, 'B'), h265Slice(21, 'I')];
const [VPS = hex(''), SPS = hex(''), PPS = hex('')] = H265_SETS;
const SPROPS = {
  'sprop-vps': VPS.toString('base64'),
  'sprop-sps': SPS.toString('base64'),
  'sprop-pps': PPS.toString('base64'),
};

function start(fmtp: Record<string, string> = {}): {
  track: VideoTrack;
  frames: CameraFrame[];
  told: string[];
  camera: H265Camera;
  feed: (...packets: Buffer[]) => void;
} {
  const frames: CameraFrame[] = [];
  const told: string[] = [];
  const track = new VideoTrack(h265Track(fmtp), 0, MAX_PAYLOAD, {
    frame: (frame) => frames.push(frame),
    keyframeWanted: () => told.push('keyframe wanted'),
    reordered: () => told.push('reordered'),
    interlaced: () => told.push('interlaced'),
  });
  let arrivalMs = 1000;
  const feed = (...packets: Buffer[]): void => {
    for (const packet of packets) track.receive(packet, arrivalMs);
    arrivalMs += 40;
  };
  return { track, frames, told, camera: new H265Camera(), feed };
}

const nalsOf = (frames: readonly CameraFrame[]): Buffer[][] => frames.map(({ payloads }) => h265NalsOf(payloads));

describe('video track of H.265', () => {
  it('hands on pictures as payloads of its own size, with their time, and says which are keyframes', () => {
    const { track, frames, told, camera, feed } = start();
    feed(...camera.picture([...H265_SETS, H265_IDR], 60_000));
    feed(...camera.picture([TRAIL]));
    expect(nalsOf(frames)).toEqual([[...H265_SETS, H265_IDR], [TRAIL]]);
    expect(frames.map(({ codec, keyframe, timestamp }) => [codec, keyframe, timestamp])).toEqual([
      ['H265', true, 0],
      ['H265', false, 3600],
    ]);
    expect(H265_IDR.length).toBeGreaterThan(MAX_PAYLOAD);
    expect(Math.max(...frames.flatMap(({ payloads }) => payloads.map(({ length }) => length)))).toBeLessThanOrEqual(MAX_PAYLOAD);
    expect([track.accessUnits, track.keyframes, track.damaged, track.malformed, told]).toEqual([2, 1, 0, 0, []]);
  });

  it('puts the parameter sets of the SDP before each picture at which decoding may start, and no delimiter or filler', () => {
    const { frames, camera, feed } = start(SPROPS);
    feed(...camera.picture([hex('4601 10'), H265_IDR, hex('4c01 ffff80')]));
    feed(...camera.picture([TRAIL]));
    feed(...camera.picture([CRA]));
    expect(nalsOf(frames)).toEqual([[VPS, SPS, PPS, H265_IDR], [TRAIL], [VPS, SPS, PPS, CRA]]);
  });

  it('counts a newer set over an older one of the same number', () => {
    const { frames, camera, feed } = start(SPROPS);
    const newer = Buffer.concat([PPS, hex('80')]);
    feed(...camera.picture([newer, H265_IDR]));
    feed(...camera.picture([H265_IDR]));
    expect(nalsOf(frames)).toEqual([
      [VPS, SPS, newer, H265_IDR],
      [VPS, SPS, newer, H265_IDR],
    ]);
  });

  it.each([
    ['without VPS', [SPS, PPS]],
    ['without SPS', [VPS, PPS]],
    ['without PPS', [VPS, SPS]],
  ])('hands nothing on %s, and asks for a keyframe', (_, sets) => {
    const { track, frames, told, camera, feed } = start();
    feed(...camera.picture([...sets, H265_IDR]));
    expect([frames.length, track.damaged, told]).toEqual([0, 1, ['keyframe wanted']]);
    feed(...camera.picture([...H265_SETS, H265_IDR]));
    expect(frames).toHaveLength(1);
  });

  it('leaves out leading pictures that refer to what was before the one that decoding starts at, and counts them', () => {
    const { track, frames, told, camera, feed } = start(SPROPS);
    feed(...camera.picture([CRA]));
    feed(...camera.picture([RASL]));
    feed(...camera.picture([TRAIL]));
    expect([frames.length, track.damaged, told]).toEqual([2, 1, []]);
    // With the group before it there, they can be decoded.
    feed(...camera.picture([CRA]));
    feed(...camera.picture([RASL]));
    expect([frames.length, track.damaged]).toEqual([4, 1]);
    // And not behind a loss.
    camera.picture([TRAIL]);
    feed(...camera.picture([CRA]));
    feed(...camera.picture([RASL]));
    expect([frames.length, track.damaged]).toEqual([5, 2]);
  });

  it.each([
    ['a B picture that steps back in time', TRAIL_B, ['reordered']],
    ['a leading picture that does', h265Slice(8), ['reordered']],
    ['a P picture that does, which is a glitch', TRAIL, []],
  ])('knows another order by %s', (_, slice, told) => {
    const subject = start(SPROPS);
    const { camera, feed } = subject;
    for (const [nal, place] of [
      [H265_IDR, 0],
      [TRAIL, 3],
      [slice, 1],
    ] as const) {
      camera.timestamp = place * 3600;
      feed(...camera.picture([nal]));
    }
    expect([subject.told, subject.track.reordered]).toEqual([told, told.length > 0]);
  });

  it('does not take B pictures alone for another order', () => {
    const { told, camera, feed } = start(SPROPS);
    for (const nal of [H265_IDR, TRAIL_B, TRAIL_B]) feed(...camera.picture([nal]));
    expect(told).toEqual([]);
  });

  it('says once that pictures are fields, where the SPS does', () => {
    const fields = Buffer.from(SPS);
    // general_progressive_source_flag and general_interlaced_source_flag, behind profile and compatibility flags.
    expect(fields.readUInt8(9) & 0xc0).toBe(0x80);
    fields.writeUInt8((fields.readUInt8(9) & 0x3f) | 0x40, 9);
    const { told, camera, feed } = start();
    for (let group = 0; group < 2; group += 1) feed(...camera.picture([VPS, fields, PPS, H265_IDR]));
    expect(told).toEqual(['interlaced']);
  });

  it('becomes H.264 when the camera comes back with that, and counts on', () => {
    const { track, camera, feed } = start(SPROPS);
    feed(...camera.picture([H265_IDR]), Buffer.from('no RTP'));
    track.reconnect({ ...h265Track(), encodingName: 'H264' });
    expect([track.codec, track.malformed, track.accessUnits]).toEqual(['H264', 1, 1]);
  });
});
