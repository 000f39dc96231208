import { gunzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { parseRtcp } from '../../../src/media/rtp/rtcp.ts';
import { Stream, type AudioPacket, type StreamReader } from '../../../src/media/stream.ts';
import type { TrackDescription } from '../../../src/media/track.ts';
import type { VideoFrame } from '../../../src/media/video-track.ts';
import { H264Camera, IDR, nalsOf, PPS, SLICES, SPS, videoTrack } from './h264-camera.ts';
import { rtpBytes, senderReportBytes } from './rtp-bytes.ts';
import { BROWSER_CODECS } from '../../support/viewer-codecs.ts';

const NOW = Date.UTC(2026, 0, 1);
const SLICE = SLICES[0] ?? Buffer.alloc(0);
const VIDEO = videoTrack(`${SPS.toString('base64')},${PPS.toString('base64')}`);
const AUDIO: TrackDescription = { kind: 'audio', encodingName: 'PCMU', payloadType: 0, clockRate: 8000, fmtp: new Map() };
const METADATA: TrackDescription = {
  kind: 'application',
  encodingName: 'vnd.onvif.metadata',
  payloadType: 107,
  clockRate: 90_000,
  fmtp: new Map(),
};

class Reader implements StreamReader {
  readonly codecs = BROWSER_CODECS;
  readonly frames: VideoFrame[] = [];
  readonly packets: AudioPacket[] = [];
  readonly documents: string[] = [];
  wantsMetadata = false;

  video(frame: VideoFrame): void {
    this.frames.push(frame);
  }

  audio(packet: AudioPacket): void {
    this.packets.push(packet);
  }

  metadata(gzipped: Buffer): void {
    this.documents.push(gunzipSync(gzipped).toString());
  }
}

function start(keyframeCacheBytes = 4 * 1024 * 1024): { stream: Stream; onKeyframeWanted: ReturnType<typeof vi.fn> } {
  const onKeyframeWanted = vi.fn<() => void>();
  const stream = new Stream({ maxPayload: 1150, keyframeCacheBytes, clockOffsetMs: 250, onKeyframeWanted });
  return { stream, onKeyframeWanted };
}

function feed(stream: Stream, packets: Buffer[], arrivalMs: number, index = 0): void {
  for (const packet of packets) stream.receiveRtp(index, packet, arrivalMs);
}

function sound(sequenceNumber: number, timestamp: number, payload = Buffer.alloc(160, 0xff)): Buffer {
  return rtpBytes({ payload, payloadType: 0, sequenceNumber, timestamp, ssrc: 5 });
}

describe('stream: tracks', () => {
  it('are chosen: the first of each kind, of sound one that needs no conversion where there is one, and none that cannot be read', () => {
    const second = { ...AUDIO, encodingName: 'PCMA' };
    expect(Stream.choose([AUDIO, VIDEO, METADATA, second, { ...VIDEO, payloadType: 97 }])).toEqual([VIDEO, AUDIO, METADATA]);
    const [h265, jpeg, mpeg4] = ['H265', 'JPEG', 'MP4V-ES'].map((encodingName) => ({ ...VIDEO, encodingName }));
    expect(Stream.choose([jpeg, mpeg4, h265, VIDEO].flatMap((track) => track ?? []))).toEqual([VIDEO]);
    expect(Stream.choose([jpeg, h265].flatMap((track) => track ?? []))).toEqual([h265]);
    expect(Stream.choose([jpeg, mpeg4].flatMap((track) => track ?? []))).toEqual([mpeg4]);
    expect(
      Stream.choose(
        [jpeg, mpeg4].flatMap((track) => track ?? []),
        false,
      ),
    ).toEqual([]);
    expect(Stream.choose([{ ...VIDEO, encodingName: 'VP8' }])).toEqual([]);
    const aac = { ...AUDIO, encodingName: 'MPEG4-GENERIC', clockRate: 16_000 };
    const wide = { ...AUDIO, clockRate: 16_000 };
    const opus = { ...AUDIO, encodingName: 'OPUS', clockRate: 48_000 };
    const shouting = { ...METADATA, encodingName: 'VND.ONVIF.METADATA' };
    expect(Stream.choose([aac, opus, VIDEO, shouting])).toEqual([VIDEO, opus, shouting]);
    expect(Stream.choose([aac, wide])).toEqual([aac]);
    expect(
      Stream.choose([
        { ...AUDIO, encodingName: 'G729' },
        { ...AUDIO, encodingName: '' },
      ]),
    ).toEqual([]);
  });

  it('hand on what comes at their positions', () => {
    const { stream } = start();
    stream.setTracks([AUDIO, VIDEO]);
    const reader = new Reader();
    stream.addReader(reader);
    feed(stream, [sound(1, 0)], NOW, 0);
    feed(stream, new H264Camera().picture([IDR]), NOW, 1);
    expect([reader.packets.length, reader.frames.length]).toEqual([1, 1]);
  });

  it('passes over packets at positions that have no track', () => {
    const { stream } = start();
    feed(stream, [sound(1, 0)], NOW, 7);
    stream.receiveRtcp(7, senderReportBytes(NOW, 0), NOW);
    expect([stream.packetsReceived, stream.bytesReceived]).toEqual([0, 172]);
  });

  it('counts over all tracks', () => {
    const { stream } = start();
    stream.setTracks([VIDEO, AUDIO]);
    feed(stream, [sound(1, 0), sound(4, 480), Buffer.from('no RTP')], NOW, 1);
    feed(stream, [Buffer.from('no RTP')], NOW, 0);
    expect([stream.packetsReceived, stream.packetsLost, stream.packetsMalformed]).toEqual([2, 2, 2]);
  });
});

describe('stream: readers', () => {
  it('gives a reader that joins the group of pictures from its keyframe on, and then what comes', () => {
    const { stream } = start();
    stream.setTracks([VIDEO]);
    const camera = new H264Camera();
    for (const nals of [[IDR], [SLICE], [IDR], [SLICE]]) feed(stream, camera.picture(nals), NOW);
    expect(stream.hasKeyframe).toBe(true);
    const reader = new Reader();
    const remove = stream.addReader(reader);
    expect(reader.frames.map(({ keyframe }) => keyframe)).toEqual([true, false]);
    feed(stream, camera.picture([SLICE]), NOW);
    const [first, ...rest] = reader.frames.map(({ timestamp }) => timestamp);
    // What was kept comes at once, and is stamped so: 40 ms are only between the newest and the next.
    expect(rest.map((timestamp) => (timestamp - (first ?? 0)) >>> 0)).toEqual([1, 3601]);
    expect(nalsOf(reader.frames[0]?.payloads ?? [])).toEqual([SPS, PPS, IDR]);
    expect(stream.readers).toBe(1);
    remove();
    feed(stream, camera.picture([SLICE]), NOW);
    expect([reader.frames.length, stream.readers]).toEqual([3, 0]);
  });

  it('shares the bytes among all readers', () => {
    const { stream } = start();
    stream.setTracks([VIDEO, AUDIO]);
    const readers = [new Reader(), new Reader()];
    for (const reader of readers) stream.addReader(reader);
    feed(stream, new H264Camera().picture([IDR]), NOW);
    feed(stream, [sound(1, 0)], NOW, 1);
    expect(readers[0]?.frames[0]).toBe(readers[1]?.frames[0]);
    expect(readers[0]?.packets[0]).toBe(readers[1]?.packets[0]);
  });

  it('has no keyframe for a reader that joins when the group is above the limit', () => {
    const { stream } = start(IDR.length * 1.2 + 500);
    stream.setTracks([VIDEO]);
    const camera = new H264Camera();
    feed(stream, camera.picture([IDR]), NOW);
    expect(stream.hasKeyframe).toBe(true);
    feed(stream, camera.picture([Buffer.concat([SLICE, Buffer.alloc(IDR.length, 1)])]), NOW);
    expect(stream.hasKeyframe).toBe(false);
    const reader = new Reader();
    stream.addReader(reader);
    feed(stream, camera.picture([SLICE]), NOW);
    expect(reader.frames.map(({ keyframe }) => keyframe)).toEqual([false]);
  });

  it('passes sound on as it came, on its own timeline, and no empty packets', () => {
    const { stream } = start();
    stream.setTracks([VIDEO, AUDIO]);
    const reader = new Reader();
    stream.addReader(reader);
    const payload = Buffer.from([1, 2, 3]);
    feed(stream, [sound(1, 900, payload), sound(2, 900, Buffer.alloc(0)), sound(3, 903, payload)], NOW, 1);
    expect(reader.packets.map((packet) => packet.payload)).toEqual([payload, payload]);
    expect(reader.packets[0]).toMatchObject({ codec: 'PCMU', clockRate: 8000, marker: false });
    expect(((reader.packets[1]?.timestamp ?? 0) - (reader.packets[0]?.timestamp ?? 0)) >>> 0).toBe(3);
  });

  it('gives metadata only to readers that listen', async () => {
    const { stream } = start();
    stream.setTracks([VIDEO, METADATA]);
    const [deaf, listening] = [new Reader(), new Reader()];
    listening.wantsMetadata = true;
    stream.addReader(deaf);
    stream.addReader(listening);
    feed(stream, [rtpBytes({ payload: Buffer.from('<a/>'), payloadType: 107, marker: true })], NOW, 1);
    await vi.waitFor(() => {
      expect(listening.documents).toEqual(['<a/>']);
    });
    expect(deaf.documents).toEqual([]);
  });
});

describe('stream: loss and reconnect', () => {
  it('leaves out a viewer that throws, tells its owner, and goes on for the others', () => {
    const { stream } = start();
    const camera = new H264Camera();
    stream.setTracks([VIDEO]);
    feed(stream, camera.picture([IDR]), NOW);
    const failures: unknown[] = [];
    /** Takes so many pictures, then throws. */
    const join = (pictures: number): Reader => {
      const reader = new Reader();
      const video = vi.fn<StreamReader['video']>((frame) => {
        if (reader.frames.length === pictures) throw new TypeError(`took ${pictures}`);
        reader.frames.push(frame);
      });
      stream.addReader(Object.assign(reader, { video }), (error) => failures.push(error));
      return reader;
    };
    // The first fails at what is there already, the second at what comes.
    join(0);
    join(1);
    const other = join(100);
    expect([failures, stream.readers]).toEqual([[new TypeError('took 0')], 2]);
    for (const at of [40, 80]) feed(stream, camera.picture([SLICE]), NOW + at);
    expect(failures.slice(1)).toEqual([new TypeError('took 1')]);
    expect([other.frames.length, stream.readers]).toEqual([3, 1]);
  });

  it('asks for a keyframe after a loss and hands no damaged picture on', () => {
    const { stream, onKeyframeWanted } = start();
    stream.setTracks([VIDEO]);
    const reader = new Reader();
    stream.addReader(reader);
    const camera = new H264Camera();
    feed(stream, camera.picture([IDR]), NOW);
    feed(stream, camera.picture([IDR]).slice(1), NOW);
    feed(stream, camera.picture([SLICE]), NOW);
    expect(reader.frames).toHaveLength(1);
    expect(onKeyframeWanted).toHaveBeenCalledTimes(2);
  });

  it("keeps every reader's time going over a reconnect, and lets the cached pictures of before go", () => {
    const { stream } = start();
    stream.setTracks([VIDEO, AUDIO]);
    const reader = new Reader();
    stream.addReader(reader);
    feed(stream, new H264Camera().picture([IDR]), NOW);
    feed(stream, [sound(1, 500)], NOW, 1);
    stream.setTracks([]);
    expect(stream.hasKeyframe).toBe(false);
    // The same camera 3 s later: other numbers, other positions.
    stream.setTracks([AUDIO, VIDEO]);
    feed(stream, new H264Camera(5, 99, 4).picture([IDR]), NOW + 3000, 1);
    feed(stream, [sound(900, 7)], NOW + 3000, 0);
    expect(reader.frames.map(({ timestamp }) => timestamp)).toEqual(
      [0, 3 * 90_000].map((step) => ((reader.frames[0]?.timestamp ?? 0) + step) % 2 ** 32),
    );
    expect(reader.packets.map(({ timestamp }) => timestamp)).toEqual(
      [0, 3 * 8000].map((step) => ((reader.packets[0]?.timestamp ?? 0) + step) % 2 ** 32),
    );
  });

  it('begins a timeline of its own when the camera comes back with another audio rate', () => {
    const { stream } = start();
    stream.setTracks([AUDIO]);
    const reader = new Reader();
    stream.addReader(reader);
    feed(stream, [sound(1, 500)], NOW);
    stream.setTracks([{ ...AUDIO, encodingName: 'OPUS', clockRate: 48_000 }]);
    feed(stream, [sound(2, 500)], NOW + 100);
    expect(reader.packets.map(({ codec, clockRate }) => [codec, clockRate])).toEqual([
      ['PCMU', 8000],
      ['OPUS', 48_000],
    ]);
  });
});

describe("stream: the camera's time", () => {
  it('is unknown before the first packet', () => {
    const { stream } = start();
    stream.setTracks([VIDEO, AUDIO]);
    expect(stream.videoTime).toBeUndefined();
  });

  it('comes from the offset of its clock until there is a sender report, and then from that', () => {
    const { stream } = start();
    stream.setTracks([VIDEO]);
    const camera = new H264Camera(1, 90_000);
    feed(stream, camera.picture([IDR]), NOW);
    const timestamp = stream.videoTime?.timestamp ?? 0;
    expect(stream.videoTime).toEqual({ unixMs: NOW + 250, timestamp });
    stream.clockOffsetMs = 700;
    expect(stream.videoTime).toEqual({ unixMs: NOW + 700, timestamp });
    stream.receiveRtcp(0, senderReportBytes(NOW - 50_000, 90_000 + 9000), NOW + 100);
    expect(stream.videoTime).toEqual({ unixMs: NOW - 50_000, timestamp: (timestamp + 9000) % 2 ** 32 });
    expect(stream.cameraClockOffsetMs).toBe(-50_100);
  });

  it('is one time for picture and sound when only one of them has sender reports', () => {
    const { stream } = start();
    stream.setTracks([VIDEO, AUDIO]);
    const reader = new Reader();
    stream.addReader(reader);
    feed(stream, new H264Camera(1, 90_000).picture([IDR]), NOW);
    feed(stream, [sound(1, 8000)], NOW, 1);
    stream.receiveRtcp(0, senderReportBytes(NOW + 3_600_000, 90_000), NOW);
    expect(stream.videoTime?.unixMs).toBe(NOW + 3_600_000);
    expect(reader.packets[0]?.timeline.time()?.unixMs).toBe(NOW + 3_600_000);
  });
});

describe('stream: reports to the camera', () => {
  it('has a receiver report for each track that was heard', () => {
    const { stream } = start();
    stream.setTracks([VIDEO, AUDIO]);
    expect(stream.receiverReport(0, NOW)).toBeUndefined();
    feed(stream, [sound(1, 0), sound(3, 320)], NOW, 1);
    const [message] = parseRtcp(stream.receiverReport(1, NOW) ?? Buffer.alloc(0)).messages;
    expect(message).toMatchObject({ type: 'receiver-report', reports: [{ ssrc: 5, fractionLost: 85, cumulativeLost: 1 }] });
    expect(stream.receiverReport(2, NOW)).toBeUndefined();
  });

  it('asks for a keyframe before the first packet where the SSRC was announced, and then by the SSRC that came', () => {
    const { stream } = start();
    stream.setTracks([{ ...VIDEO, ssrc: 41 }]);
    const asked = (): unknown => parseRtcp(stream.pictureLossIndication(0, NOW) ?? Buffer.alloc(0)).messages;
    expect(asked()).toMatchObject([
      { type: 'receiver-report', reports: [] },
      { type: 'pli', mediaSsrc: 41 },
    ]);
    feed(stream, new H264Camera().picture([IDR]), NOW);
    expect(asked()).toMatchObject([{ type: 'receiver-report' }, { type: 'pli', mediaSsrc: 77 }]);
  });

  it('asks the video track for a keyframe, behind a report, and leaves the other tracks alone', () => {
    const { stream } = start();
    stream.setTracks([VIDEO, AUDIO]);
    expect(stream.pictureLossIndication(0, NOW)).toBeUndefined();
    feed(stream, new H264Camera().picture([IDR]), NOW);
    feed(stream, [sound(1, 0), sound(3, 320)], NOW, 1);
    const { messages, malformed } = parseRtcp(stream.pictureLossIndication(0, NOW) ?? Buffer.alloc(0));
    expect(malformed).toBe(false);
    expect(messages.map(({ type }) => type)).toEqual(['receiver-report', 'pli']);
    expect(messages[1]).toMatchObject({ mediaSsrc: 77 });
    expect(stream.pictureLossIndication(1, NOW)).toBeUndefined();
    // The audio's interval is still whole: one of three was lost.
    expect(parseRtcp(stream.receiverReport(1, NOW) ?? Buffer.alloc(0)).messages[0]).toMatchObject({
      reports: [{ fractionLost: 85 }],
    });
  });
});
