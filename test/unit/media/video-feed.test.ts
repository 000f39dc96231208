import { describe, expect, it } from 'vitest';
import type { Conversions, ConvertedPicture, PictureConversion } from '../../../src/media/conversion.ts';
import { Stream, type StreamReader } from '../../../src/media/stream.ts';
import type { CameraFrame, VideoFrame } from '../../../src/media/video-track.ts';
import type { VideoCodec } from '../../../src/media/viewer-codecs.ts';
import { H264Camera, IDR, PPS, SLICES, SPS, videoTrack } from './h264-camera.ts';
import { H265_IDR, H265_SETS, H265Camera, h265Slice, h265Track } from './h265-camera.ts';
import { hex, rtpBytes } from './rtp-bytes.ts';

/* Which pictures viewers are given: the camera's, or those that are made of them. */

const [SLICE = Buffer.alloc(0)] = SLICES;
/** The first slice of a B picture. */
const B = hex('01 a2112233');
const H264 = videoTrack(`${SPS.toString('base64')},${PPS.toString('base64')}`);
const H265 = h265Track();
/** MPEG-4's headers as ffmpeg's encoder writes them. */
const MPEG4_CONFIG = '000001b001000001b58913000001000000012000c48d8800cd0a041e1443';

/** A conversion whose pictures a test makes itself. */
class Converting implements Conversions {
  readonly begun: { codec: string; given: CameraFrame[]; closed: boolean; make: (picture: ConvertedPicture) => void }[] = [];
  isOff = false;
  /** Nothing comes of them, as when there is no ffmpeg. */
  isFailed = false;

  sound(): undefined {
    return undefined;
  }

  video(codec: CameraFrame['codec'], onPicture: (picture: ConvertedPicture) => void): PictureConversion | undefined {
    if (this.isOff) return undefined;
    const conversion = { codec, given: new Array<CameraFrame>(), closed: false, make: onPicture };
    this.begun.push(conversion);
    const isFailed = (): boolean => this.isFailed;
    return {
      get isFailed() {
        return isFailed();
      },
      push: (frame) => conversion.given.push(frame),
      close: () => {
        conversion.closed = true;
      },
    };
  }

  /** Makes a picture that a test knows again by its timestamp. */
  make(timestamp: number, keyframe: boolean): void {
    this.begun.at(-1)?.make({ nals: [keyframe ? IDR : SLICE], timestamp, keyframe });
  }
}

class Reader implements StreamReader {
  readonly codecs;
  readonly frames: VideoFrame[] = [];
  readonly wantsMetadata = false;

  constructor(...video: VideoCodec[]) {
    this.codecs = { video: new Set(video), audio: new Set<never>() };
  }

  video(frame: VideoFrame): void {
    this.frames.push(frame);
  }

  audio(): void {
    // Nothing is heard here.
  }

  metadata(): void {
    // Nor told.
  }
}

function start(): { stream: Stream; conversions: Converting; reordered: () => number } {
  const conversions = new Converting();
  let reordered = 0;
  const stream = new Stream({
    ...{ maxPayload: 1150, keyframeCacheBytes: 1e6, clockOffsetMs: 0, conversions },
    onKeyframeWanted: () => undefined,
    onReordered: () => {
      reordered += 1;
    },
  });
  return { stream, conversions, reordered: () => reordered };
}

const MADE = [1_000_001, 1_000_002, 1_000_003];

describe('pictures that come in another order than they are shown in', () => {
  /** The stream up to its first B-frame. */
  function withBFrames(
    reader: StreamReader,
    then: 'stays' | 'leaves' = 'stays',
  ): ReturnType<typeof start> & { camera: H264Camera; feed: (nal: Buffer, place: number) => void } {
    const started = start();
    const camera = new H264Camera(1, 0);
    started.stream.setTracks([H264]);
    const leave = started.stream.addReader(reader);
    const feed = (nal: Buffer, place: number): void => {
      camera.timestamp = place * 3600;
      for (const packet of camera.picture([nal])) started.stream.receiveRtp(0, packet, 1000 + place * 40);
    };
    feed(IDR, 0);
    feed(SLICE, 3);
    expect(started.conversions.begun).toEqual([]);
    feed(B, 1);
    if (then === 'leaves') leave();
    return { ...started, camera, feed };
  }

  it('are converted from the moment that it is proved, and replace the camera’s at a keyframe', () => {
    const reader = new Reader('H264');
    const { conversions, feed, reordered } = withBFrames(reader);
    expect([reordered(), conversions.begun.map(({ codec, given }) => [codec, given.length])]).toEqual([1, [['H264', 3]]]);
    feed(SLICE, 6);
    // A picture that refers to others is nothing to begin with.
    conversions.make(MADE[0] ?? 0, false);
    expect(reader.frames).toHaveLength(4);
    conversions.make(MADE[1] ?? 0, true);
    feed(B, 4);
    conversions.make(MADE[2] ?? 0, false);
    expect(reader.frames.slice(4).map(({ timestamp, keyframe }) => [timestamp, keyframe])).toEqual([
      [MADE[1], true],
      [MADE[2], false],
    ]);
  });

  it('are given to one that joins as they are made', () => {
    const { stream, conversions } = withBFrames(new Reader('H264'));
    conversions.make(MADE[0] ?? 0, true);
    const late = new Reader('H264');
    stream.addReader(late);
    expect(late.frames.map(({ timestamp }) => timestamp)).toEqual([MADE[0]]);
  });

  it('are not given as they came to one for whom the conversion begins, whom the group of pictures would be shown twice', () => {
    const { stream, conversions, feed } = withBFrames(new Reader('H264'), 'leaves');
    expect(conversions.begun.map(({ closed }) => closed)).toEqual([true]);
    const reader = new Reader('H264');
    stream.addReader(reader);
    expect(conversions.begun.map(({ given }) => given.length)).toEqual([3, 3]);
    feed(SLICE, 6);
    expect(reader.frames).toEqual([]);
    conversions.make(MADE[0] ?? 0, true);
    expect(reader.frames.map(({ timestamp }) => timestamp)).toEqual([MADE[0]]);
  });

  it('go out as they came to one for whom no conversion can begin', () => {
    const { stream, conversions } = withBFrames(new Reader('H264'), 'leaves');
    conversions.isOff = true;
    const reader = new Reader('H264');
    stream.addReader(reader);
    expect(reader.frames).toHaveLength(3);
  });

  it('go out as they come, from a keyframe on, where they cannot be converted any more; and no longer once they can again', () => {
    const reader = new Reader('H264');
    const { conversions, feed } = withBFrames(reader);
    conversions.make(MADE[0] ?? 0, true);
    conversions.isFailed = true;
    const before = reader.frames.length;
    feed(SLICE, 6);
    feed(IDR, 9);
    feed(SLICE, 12);
    expect(reader.frames.slice(before).map(({ keyframe }) => keyframe)).toEqual([true, false]);
    conversions.isFailed = false;
    conversions.make(MADE[1] ?? 0, true);
    feed(IDR, 15);
    expect(reader.frames.slice(before + 2).map(({ timestamp }) => timestamp)).toEqual([MADE[1]]);
  });

  it('go out as they come where they are not converted', () => {
    const reader = new Reader('H264');
    const started = start();
    started.conversions.isOff = true;
    started.stream.setTracks([H264]);
    started.stream.addReader(reader);
    const camera = new H264Camera(1, 0);
    for (const [nal, place] of [
      [IDR, 0],
      [SLICE, 3],
      [B, 1],
      [SLICE, 6],
    ] as const) {
      camera.timestamp = place * 3600;
      for (const packet of camera.picture([nal])) started.stream.receiveRtp(0, packet, 1000);
    }
    expect([started.reordered(), reader.frames.length]).toEqual([1, 4]);
  });

  it('are the camera’s again when it comes back without B-frames', () => {
    const reader = new Reader('H264');
    const { stream, conversions } = withBFrames(reader);
    conversions.make(MADE[0] ?? 0, true);
    stream.setTracks([H264]);
    expect(conversions.begun.map(({ closed }) => closed)).toEqual([true]);
    const before = reader.frames.length;
    for (const packet of new H264Camera(1, 0).picture([IDR])) stream.receiveRtp(0, packet, 5000);
    expect(reader.frames.slice(before).map(({ keyframe }) => keyframe)).toEqual([true]);
  });
});

describe('pictures of a codec that not every viewer plays', () => {
  it('go as they come to those who play them, and converted to the others, while there are some', () => {
    const { stream, conversions } = start();
    stream.setTracks([H265]);
    const [native, other] = [new Reader('H265', 'H264'), new Reader('H264')];
    stream.addReader(native);
    const camera = new H265Camera();
    const packets = [...camera.picture([...H265_SETS, H265_IDR]), ...camera.picture([h265Slice(1)])];
    for (const packet of packets) stream.receiveRtp(0, packet, 1000);
    expect(native.frames.map(({ codec, keyframe }) => [codec, keyframe])).toEqual([
      ['H265', true],
      ['H265', false],
    ]);
    expect(conversions.begun).toEqual([]);
    const remove = stream.addReader(other);
    expect(conversions.begun.map(({ codec, given }) => [codec, given.length])).toEqual([['H265', 2]]);
    conversions.make(MADE[0] ?? 0, true);
    expect([native.frames.length, other.frames.map(({ codec, timestamp }) => [codec, timestamp])]).toEqual([
      2,
      [['H264', MADE[0]]],
    ]);
    remove();
    expect(conversions.begun.map(({ closed }) => closed)).toEqual([true]);
  });

  it('are not given to one that joins when the camera has come back since', () => {
    const { stream, conversions } = start();
    stream.setTracks([H265]);
    stream.addReader(new Reader('H264'));
    conversions.make(MADE[0] ?? 0, true);
    stream.setTracks([H265]);
    const late = new Reader('H264');
    stream.addReader(late);
    expect(late.frames).toEqual([]);
    conversions.make(MADE[1] ?? 0, true);
    expect([conversions.begun.length, late.frames.map(({ timestamp }) => timestamp)]).toEqual([1, [MADE[1]]]);
  });

  it('are converted anew when the camera comes back with another codec', () => {
    const { stream, conversions } = start();
    stream.setTracks([H265]);
    const reader = new Reader('H264');
    stream.addReader(reader);
    stream.setTracks([{ ...H265, encodingName: 'JPEG' }]);
    expect(conversions.begun.map(({ codec, closed }) => [codec, closed])).toEqual([
      ['H265', true],
      ['JPEG', false],
    ]);
    stream.setTracks([H264]);
    expect(conversions.begun.map(({ closed }) => closed)).toEqual([true, true]);
    for (const packet of new H264Camera(1, 0).picture([IDR])) stream.receiveRtp(0, packet, 5000);
    expect(reader.frames.map(({ codec }) => codec)).toEqual(['H264']);
  });

  it('are never given to a viewer where none plays them', () => {
    const { stream, conversions } = start();
    stream.setTracks([{ ...H265, encodingName: 'MP4V-ES', fmtp: new Map([['config', MPEG4_CONFIG]]) }]);
    const reader = new Reader('H264', 'H265');
    stream.addReader(reader);
    stream.receiveRtp(0, rtpBytes({ payload: hex('000001b6 10 aabbcc'), marker: true }), 1000);
    expect(reader.frames).toEqual([]);
    expect(conversions.begun.flatMap(({ given }) => given.map(({ codec, keyframe }) => [codec, keyframe]))).toEqual([
      ['MPEG4', true],
    ]);
  });
});
