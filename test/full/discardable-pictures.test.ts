import { expect, it } from 'vitest';
import { splitAnnexB } from '../../src/media/h264/nal.ts';
import { packetizeH264 } from '../../src/media/h264/packetizer.ts';
import { VideoTrack, type CameraFrame } from '../../src/media/video-track.ts';
import { decodePictures } from '../support/decoded-pictures.ts';
import { encode, type Encoding } from '../support/encode.ts';
import { packetizeH265 } from '../support/h265-packets.ts';
import { nalsOf } from '../unit/media/h264-camera.ts';
import { h265NalsOf } from '../unit/media/h265-camera.ts';
import { rtpBytes } from '../unit/media/rtp-bytes.ts';

/* Which pictures of x264 and x265 are left out where the path is narrow: what ffmpeg decodes without them is, picture by picture, what it decodes with them. */

const PICTURES = 50;
const START_CODE = Buffer.from([0, 0, 0, 1]);

/** What a viewer is sent of the stream, every NAL unit in a packet of its own; the last of a picture is told by the slice that begins the next. */
function read(bytes: Buffer, codec: Encoding['codec']): CameraFrame[] {
  const isH264 = codec === 'libx264';
  const frames: CameraFrame[] = [];
  const track = {
    kind: 'video' as const,
    encodingName: isH264 ? 'H264' : 'H265',
    payloadType: 96,
    clockRate: 90_000,
    fmtp: new Map(),
  };
  const events = { keyframeWanted: () => undefined, reordered: () => undefined, interlaced: () => undefined };
  const video = new VideoTrack(track, 0, 1150, { ...events, frame: (frame) => frames.push(frame) });
  let [sequenceNumber, timestamp] = [0, 0];
  for (const nal of splitAnnexB(bytes)) {
    const type = isH264 ? nal.readUInt8(0) & 0x1f : nal.readUInt8(0) >> 1;
    const isSlice = isH264 ? type === 1 || type === 5 : type < 32;
    const payloads = isH264 ? packetizeH264([nal], 1200) : packetizeH265([nal], 1200);
    for (const [at, payload] of payloads.entries()) {
      const marker = isSlice && at === payloads.length - 1;
      video.receive(rtpBytes({ payload, sequenceNumber, timestamp, marker }), 1e12 + timestamp / 90);
      sequenceNumber += 1;
    }
    if (isSlice) timestamp += 3600;
  }
  return frames;
}

function annexB(frames: readonly CameraFrame[], codec: Encoding['codec']): Buffer {
  const nals = frames.flatMap(({ payloads }) => (codec === 'libx264' ? nalsOf(payloads) : h265NalsOf(payloads)));
  return Buffer.concat(nals.flatMap((nal) => [START_CODE, nal]));
}

it.each<[string, Encoding['codec'], string[], [least: number, most: number]]>([
  [
    'x264 with B-frames of which some are referred to',
    'libx264',
    ['-bf', '3', '-b_strategy', '0', '-x264-params', 'b-pyramid=normal:keyint=25'],
    [20, 26],
  ],
  ['x264 without B-frames', 'libx264', ['-bf', '0', '-g', '25'], [0, 0]],
  [
    'x265 with B-frames of which some are referred to',
    'libx265',
    ['bframes=3', 'b-adapt=0', 'b-pyramid=1', 'keyint=25'],
    [20, 26],
  ],
  ['x265 in three sub-layers', 'libx265', ['bframes=3', 'b-adapt=0', 'b-pyramid=1', 'temporal-layers=3', 'keyint=25'], [20, 26]],
  ['x265 without B-frames', 'libx265', ['bframes=0', 'keyint=25'], [0, 0]],
])('the pictures of %s that are discardable are referred to by none', async (_, codec, options, [least, most]) => {
  const { bytes } = await encode({ codec, size: '320x240', rate: 25, frames: PICTURES, options });
  const frames = read(bytes, codec);
  expect(frames.length).toBe(PICTURES);
  const kept = frames.filter(({ discardable }) => !discardable);
  const format = codec === 'libx264' ? 'h264' : 'hevc';
  const [all, less] = await Promise.all([
    decodePictures(format, annexB(frames, codec)),
    decodePictures(format, annexB(kept, codec)),
  ]);
  const leftOut = PICTURES - kept.length;
  expect(leftOut).toBeGreaterThanOrEqual(least);
  expect(leftOut).toBeLessThanOrEqual(most);
  expect([all.problems, less.problems]).toEqual(['', '']);
  expect([all.pictures.length, less.pictures.length]).toEqual([PICTURES, kept.length]);
  let at = -1;
  for (const picture of less.pictures) {
    at = all.pictures.indexOf(picture, at + 1);
    expect(at).toBeGreaterThanOrEqual(0);
  }
});
