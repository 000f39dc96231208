import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { StreamMeasurement, type MeasuredTrack } from '../../../../src/media/measurement/stream-measurement.ts';
import { H264Camera, IDR, PPS, SLICES, SPS } from '../h264-camera.ts';
import { rtpBytes, senderReportBytes } from '../rtp-bytes.ts';

const START_MS = Date.UTC(2026, 10, 21);

const track = (
  kind: MeasuredTrack['kind'],
  encodingName: string,
  payloadType: number,
  fmtp: Record<string, string> = {},
): MeasuredTrack => {
  return {
    kind,
    encodingName,
    payloadType,
    clockRate: kind === 'audio' ? 8000 : 90_000,
    channels: 1,
    fmtp: new Map(Object.entries(fmtp)),
  };
};

/** A keyframe and nine pictures, twice, from a camera with these tracks. */
function measured(
  video: MeasuredTrack,
  sets: readonly Buffer[],
  drop: (index: number, packet: number) => boolean = () => false,
): StreamMeasurement {
  const measurement = new StreamMeasurement([video]);
  const camera = new H264Camera();
  for (let picture = 0; picture < 20; picture += 1) {
    const slice = SLICES[picture % 10] ?? IDR;
    for (const [at, packet] of camera.picture(picture % 10 === 0 ? [...sets, IDR] : [slice], 200).entries()) {
      if (!drop(picture, at)) measurement.receiveRtp(video, packet, START_MS + picture * 40);
    }
  }
  return measurement;
}

describe('a stream as it is measured', () => {
  it('has its figures, and the pictures that a viewer of the gateway would get', () => {
    const h264 = track('video', 'H264', 96);
    const measurement = measured(h264, [SPS, PPS]);
    measurement.receiveRtcp(h264, senderReportBytes(START_MS + 5000, 0xffff_0000 + 3600 * 19, 77), START_MS + 760);
    const { video, framesPassed } = measurement.figures(START_MS + 1000);
    expect(video).toMatchObject({
      codec: 'H264',
      frames: 20,
      keyframes: 2,
      keyframeInterval: { frames: 10 },
      format: { width: 640, height: 360, interlaced: false },
      parameterSets: { sdp: false, inBand: true },
      senderReports: 1,
      firstPacketMs: START_MS,
      firstKeyframeMs: START_MS,
      lost: 0,
      passed: true,
    });
    expect(Math.round((video?.clockOffsetMs ?? 0) / 100)).toBe(42);
    expect(framesPassed).toBe(20);
  });

  it('has parameter sets of the session description, or none and then no picture either', () => {
    const sprop = [SPS, PPS].map((set) => set.toString('base64')).join(',');
    const described = measured(track('video', 'H264', 96, { 'sprop-parameter-sets': sprop }), []).figures(START_MS + 1000);
    expect(described.video).toMatchObject({ parameterSets: { sdp: true, inBand: false }, format: { width: 640 } });
    expect(described.framesPassed).toBe(20);
    const without = measured(track('video', 'H264', 96), []).figures(START_MS + 1000);
    expect(without.video).toMatchObject({
      parameterSets: { sdp: false, inBand: false },
      frames: 20,
      bFrames: false,
      reordered: null,
    });
    expect(without.video?.format).toBeUndefined();
    expect(without.framesPassed).toBe(0);
  });

  it('has the rate of pictures whose timestamps go back and forth, as those of B-frames do', () => {
    const h264 = track('video', 'H264', 96);
    const measurement = new StreamMeasurement([h264]);
    const camera = new H264Camera();
    for (let picture = 0; picture < 52; picture += 1) {
      // Decoded 0 3 1 2, shown 0 1 2 3.
      const shown = picture - (picture % 4) + ([0, 3, 1, 2][picture % 4] ?? 0);
      camera.timestamp = (0xffff_0000 + shown * 3600) % 2 ** 32;
      for (const packet of camera.picture(picture === 0 ? [SPS, PPS, IDR] : [SLICES[picture % 10] ?? IDR])) {
        measurement.receiveRtp(h264, packet, START_MS + picture * 40);
      }
    }
    const { video } = measurement.figures(START_MS + 2000);
    expect(video?.frames).toBe(52);
    expect(video?.framesPerSecond).toBeCloseTo(25, 1);
  });

  it('counts what is lost, and does not take it for another order of pictures', () => {
    const { video } = measured(
      track('video', 'H264', 96),
      [SPS, PPS],
      (picture, at) => picture === 4 || (picture === 5 && at === 1),
    ).figures(START_MS + 1000);
    expect(video?.lost).toBeGreaterThan(0);
    expect(video?.damaged).toBeGreaterThan(0);
    expect(video?.reordered).toBe(false);
  });

  it('counts the pictures of Motion JPEG, and reads their size (RFC 2435 section 3.1)', () => {
    const jpeg = track('video', 'JPEG', 26);
    const measurement = new StreamMeasurement([jpeg]);
    for (let index = 0; index < 22; index += 1) {
      const payload = Buffer.from([0, 0, 0, 0, 1, 255, 640 / 8, 480 / 8, 1, 2, 3]);
      const fields = { payload, sequenceNumber: index, timestamp: Math.floor(index / 2) * 9000, payloadType: 26 };
      measurement.receiveRtp(jpeg, rtpBytes(fields), START_MS + Math.floor(index / 2) * 100);
    }
    const { video } = measurement.figures(START_MS + 1000);
    expect(video).toMatchObject({ frames: 10, framesPerSecond: 10, keyframes: null, bFrames: null, passed: false });
    expect(video?.format).toMatchObject({ width: 640, height: 480, chroma: '4:2:0' });
  });

  it('says what metadata documents carry', () => {
    const metadata = track('application', 'vnd.onvif.metadata', 107);
    const measurement = new StreamMeasurement([metadata]);
    const documents = [
      '<tt:MetadataStream><tt:PTZ><tt:PTZStatus/></tt:PTZ></tt:MetadataStream>',
      '<MetadataStream><Event/></MetadataStream>',
      '<a><Eventual/></a>',
    ];
    for (const [index, document] of documents.entries()) {
      const fields = {
        payload: Buffer.from(document),
        sequenceNumber: index,
        timestamp: index * 9000,
        marker: true,
        payloadType: 107,
      };
      measurement.receiveRtp(metadata, rtpBytes(fields), START_MS);
    }
    expect(measurement.figures(START_MS)).toMatchObject({
      video: null,
      audio: null,
      metadata: { documents: 3, parts: ['ptz', 'events'] },
    });
  });

  it.each<[string, string, (xml: string) => Buffer]>([
    ['compressed', 'vnd.onvif.metadata+gzip', (xml) => gzipSync(xml)],
    ['in UTF-16', 'vnd.onvif.metadata', (xml) => Buffer.from(`\ufeff${xml}`, 'utf16le')],
  ])('says what metadata documents carry that are %s', (_, name, encode) => {
    const metadata = track('application', name, 107);
    const measurement = new StreamMeasurement([metadata]);
    const payload = encode('<tt:MetadataStream><tt:Event/></tt:MetadataStream>');
    measurement.receiveRtp(metadata, rtpBytes({ payload, marker: true, payloadType: 107 }), START_MS);
    expect(measurement.figures(START_MS).metadata).toMatchObject({ documents: 1, parts: ['events'] });
  });

  it('is of the tracks that the gateway takes where there are several', () => {
    const [h265, h264] = [track('video', 'H265', 97), track('video', 'H264', 96)];
    const [aac, pcmu] = [track('audio', 'MPEG4-GENERIC', 98), track('audio', 'PCMU', 0)];
    const { video, audio } = new StreamMeasurement([h265, h264, aac, pcmu]).figures(START_MS);
    expect([video?.codec, video?.passed, audio?.codec, audio?.passed]).toEqual(['H264', true, 'PCMU', true]);
    const other = new StreamMeasurement([h265, aac]).figures(START_MS);
    expect([other.video?.codec, other.video?.passed, other.audio?.codec, other.audio?.passed]).toEqual([
      ...['H265', true],
      ...['MPEG4-GENERIC', false],
    ]);
  });
});
