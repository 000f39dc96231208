import { describe, expect, it } from 'vitest';
import { parseRtcp } from '../../../src/media/rtp/rtcp.ts';
import { TrackReceiver, type TrackDescription } from '../../../src/media/track.ts';
import { rtpBytes, senderReportBytes } from './rtp-bytes.ts';

const TRACK: TrackDescription = { kind: 'audio', encodingName: 'PCMU', payloadType: 0, clockRate: 8000, fmtp: new Map() };
const PAYLOAD = Buffer.alloc(160);
/** Our clock when the tests begin, and the camera's: an hour and a bit ahead. */
const NOW = Date.UTC(2026, 0, 1);
const CAMERA_AHEAD = 3_600_250;

function receive(track: TrackReceiver, sequenceNumber: number, timestamp: number, arrivalMs: number): number | undefined {
  return track.receive(rtpBytes({ payload: PAYLOAD, payloadType: 0, sequenceNumber, timestamp }), arrivalMs)?.timestamp;
}

function report(track: TrackReceiver, unixMs: number, rtpTimestamp: number, arrivalMs: number): void {
  for (const message of parseRtcp(senderReportBytes(unixMs, rtpTimestamp)).messages) track.receiveRtcp(message, arrivalMs);
}

describe('track receiver', () => {
  it('places packets on its timeline', () => {
    const track = new TrackReceiver(TRACK, 5000);
    expect(receive(track, 1, 77_000, NOW)).toBe(5000);
    expect(receive(track, 2, 77_160, NOW + 20)).toBe(5160);
    expect([track.received, track.lost, track.malformed]).toEqual([2, 0, 0]);
  });

  it('counts what is no packet of the track, and drops what comes twice', () => {
    const track = new TrackReceiver(TRACK, 0);
    expect(track.receive(Buffer.from('no RTP'), NOW)).toBeUndefined();
    expect(track.receive(rtpBytes({ payload: PAYLOAD, payloadType: 8 }), NOW)).toBeUndefined();
    receive(track, 1, 0, NOW);
    expect(receive(track, 1, 0, NOW)).toBeUndefined();
    expect([track.received, track.malformed]).toEqual([1, 2]);
  });

  it("knows the camera's time by its sender report, however late packets are", () => {
    const track = new TrackReceiver(TRACK, 5000);
    receive(track, 1, 77_000, NOW + 300);
    report(track, NOW + CAMERA_AHEAD + 1000, 77_000 + 8000, NOW + 1000);
    expect(track.reportedTime).toEqual({ unixMs: NOW + CAMERA_AHEAD + 1000, timestamp: 13_000 });
    expect(track.reportedClockOffsetMs).toBe(CAMERA_AHEAD);
  });

  it('knows our time by arrival, and no other when there is no sender report', () => {
    const track = new TrackReceiver(TRACK, 5000);
    expect(track.arrivalTime).toBeUndefined();
    receive(track, 1, 77_000, NOW);
    expect(track.arrivalTime).toEqual({ unixMs: NOW, timestamp: 5000 });
    expect([track.reportedTime, track.reportedClockOffsetMs]).toEqual([undefined, undefined]);
  });

  it('takes a sender report that comes ahead of the first packet', () => {
    const track = new TrackReceiver(TRACK, 5000);
    report(track, NOW, 76_200, NOW);
    receive(track, 1, 77_000, NOW + 100);
    expect(track.reportedTime).toEqual({ unixMs: NOW, timestamp: 4200 });
  });

  it('goes on where it left when the camera comes back, and forgets what the report before said', () => {
    const track = new TrackReceiver(TRACK, 0);
    receive(track, 100, 77_000, NOW);
    receive(track, 103, 77_480, NOW + 60);
    report(track, NOW, 77_000, NOW + 60);
    track.reconnect({ ...TRACK, payloadType: 8 });
    expect(track.reportedClockOffsetMs).toBeUndefined();
    const placed = track.receive(rtpBytes({ payload: PAYLOAD, payloadType: 8, sequenceNumber: 9, timestamp: 1 }), NOW + 5060);
    expect(placed).toMatchObject({ timestamp: 480 + 5 * 8000, reception: { gap: false, restart: true } });
    expect(track.lost).toBe(2);
    const next = track.receive(rtpBytes({ payload: PAYLOAD, payloadType: 8, sequenceNumber: 10, timestamp: 161 }), NOW + 5080);
    expect(next).toMatchObject({ timestamp: 480 + 5 * 8000 + 160, reception: { restart: false } });
  });

  it('keeps the place of a sender report on the timeline over a jump of the timestamps', () => {
    const track = new TrackReceiver(TRACK, 0);
    receive(track, 1, 77_000, NOW);
    report(track, NOW, 77_000, NOW);
    receive(track, 2, 77_160 + 60 * 8000, NOW + 20);
    expect(track.reportedTime).toEqual({ unixMs: NOW, timestamp: 0 });
    report(track, NOW + 20, 77_160 + 60 * 8000, NOW + 20);
    expect(track.reportedTime).toEqual({ unixMs: NOW + 20, timestamp: 160 });
    expect(track.reportedClockOffsetMs).toBe(0);
  });

  it('keeps a report that came ahead of the first packet of a new connection', () => {
    const track = new TrackReceiver(TRACK, 0);
    receive(track, 1, 77_000, NOW);
    track.reconnect(TRACK);
    report(track, NOW + 900, 0, NOW + 900);
    receive(track, 50, 800, NOW + 1000);
    expect(track.reportedTime).toEqual({ unixMs: NOW + 900, timestamp: 7200 });
  });
});
