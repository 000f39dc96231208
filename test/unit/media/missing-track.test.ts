import { describe, expect, it } from 'vitest';
import type { Conversions } from '../../../src/media/conversion.ts';
import { Stream } from '../../../src/media/stream.ts';
import type { TrackDescription } from '../../../src/media/track.ts';
import { H264Camera, IDR, videoTrack } from './h264-camera.ts';
import { rtpBytes, senderReportBytes } from './rtp-bytes.ts';

/* A camera that comes back without one of its tracks, or sends nothing more of one. */

const NOW = Date.UTC(2026, 0, 1);
const AHEAD_MS = 3_600_000;
const VIDEO = videoTrack();
const AUDIO: TrackDescription = { kind: 'audio', encodingName: 'L16', payloadType: 97, clockRate: 8000, fmtp: new Map() };

/** Which conversions run. */
class Converting implements Conversions {
  readonly running = new Set<string>();

  isBroken = false;

  sound(): ReturnType<Conversions['sound']> {
    if (this.isBroken) throw new RangeError('out of range');
    return { ...this.#begin('audio'), translate: (time) => time };
  }

  video(): ReturnType<Conversions['video']> {
    return this.#begin('video');
  }

  #begin(kind: string): { isFailed: boolean; push: () => void; close: () => void } {
    this.running.add(kind);
    return { isFailed: false, push: () => undefined, close: () => void this.running.delete(kind) };
  }
}

function start(): { stream: Stream; running: ReadonlySet<string>; break: () => void } {
  const conversions = new Converting();
  const options = { maxPayload: 1150, keyframeCacheBytes: 1e6, clockOffsetMs: 0, onKeyframeWanted: () => undefined };
  const stream = new Stream({ ...options, conversions });
  return { stream, running: conversions.running, break: () => void (conversions.isBroken = true) };
}

/** A packet of sound, 8 kHz. */
function hear(stream: Stream, index: number, sequenceNumber: number, atMs: number): void {
  const packet = rtpBytes({ payload: Buffer.alloc(320), payloadType: 97, sequenceNumber, timestamp: atMs * 8, ssrc: 5 });
  stream.receiveRtp(index, packet, NOW + atMs);
}

describe('a track that a camera comes back without', () => {
  it('is not converted any more, until it has it again', () => {
    const { stream, running } = start();
    const jpeg = { ...VIDEO, encodingName: 'JPEG' };
    stream.setTracks([jpeg, AUDIO]);
    stream.addReader({
      codecs: { video: new Set(['H264']), audio: new Set(['OPUS']) },
      ...{ video: () => undefined, audio: () => undefined, metadata: () => undefined, wantsMetadata: false },
    });
    expect([...running]).toEqual(['video', 'audio']);
    stream.setTracks([jpeg]);
    expect([...running]).toEqual(['video']);
    stream.setTracks([AUDIO]);
    expect([...running]).toEqual(['audio']);
    stream.setTracks([jpeg, AUDIO]);
    expect(running.size).toBe(2);
  });

  it('does not tell the time', () => {
    const { stream } = start();
    stream.setTracks([VIDEO, AUDIO]);
    for (const packet of new H264Camera(1, 0).picture([IDR])) stream.receiveRtp(0, packet, NOW);
    stream.receiveRtcp(0, senderReportBytes(NOW + AHEAD_MS, 0), NOW);
    expect(stream.reportedClockOffsetMs).toBe(AHEAD_MS);
    stream.setTracks([AUDIO]);
    hear(stream, 0, 1, 1000);
    expect([stream.reportedClockOffsetMs, stream.cameraClockOffsetMs]).toEqual([undefined, 0]);
  });
});

it('a viewer for whom its sound cannot be made ready is no viewer: who adds it is thrown why, and it is given nothing', () => {
  const { stream, break: breakConversions } = start();
  stream.setTracks([VIDEO, AUDIO]);
  breakConversions();
  const given: string[] = [];
  const viewer = { codecs: { video: new Set(['H264' as const]), audio: new Set(['OPUS' as const]) }, wantsMetadata: false };
  const methods = { video: () => given.push('video'), audio: () => undefined, metadata: () => undefined };
  expect(() => stream.addReader({ ...viewer, ...methods })).toThrow(RangeError);
  for (const packet of new H264Camera(1, 0).picture([IDR])) stream.receiveRtp(0, packet, NOW);
  expect([stream.readers, given]).toEqual([0, []]);
});

it('a track that has fallen silent tells the time no longer than its reports hold, while another comes', () => {
  const { stream } = start();
  stream.setTracks([VIDEO, AUDIO]);
  const camera = new H264Camera(1, 0);
  /** The camera's clock goes fast by 0.4 of a thousandth. */
  const reportAt = (index: number, atMs: number, timestamp: number): void =>
    stream.receiveRtcp(index, senderReportBytes(NOW + atMs * 1.0004, timestamp), NOW + atMs);
  for (let atMs = 0; atMs <= 120_000; atMs += 5000) {
    hear(stream, 1, atMs / 5000, atMs);
    reportAt(1, atMs, atMs * 8);
    // The picture has exact reports for half a minute.
    if (atMs > 30_000) continue;
    camera.timestamp = atMs * 90;
    for (const packet of camera.picture([IDR])) stream.receiveRtp(0, packet, NOW + atMs);
    reportAt(0, atMs, atMs * 90);
  }
  expect(stream.reportedClockOffsetMs).toBeGreaterThan(40);
});
