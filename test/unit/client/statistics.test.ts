import { describe, expect, it } from 'vitest';
import { readStatistics } from '../../../src/client/statistics.ts';

const NOW = Date.UTC(2026, 10, 21, 10, 0, 0);
/** The same moment as NTP has it: seconds since 1900, of which 1970 is the 2208988800th. */
const NOW_NTP_MS = (NOW / 1000 + 2_208_988_800) * 1000;

/** As Chromium 156 reports a session, shortened. */
function report(changes: Record<string, Record<string, unknown>> = {}): Map<string, Record<string, unknown>> {
  const entries: Record<string, Record<string, unknown>> = {
    IT01V: {
      type: 'inbound-rtp',
      kind: 'video',
      timestamp: NOW,
      codecId: 'CIT01_96',
      packetsReceived: 1000,
      packetsLost: 3,
      bytesReceived: 1_000_000,
      framesDecoded: 250,
      keyFramesDecoded: 5,
      framesPerSecond: 25,
      frameWidth: 1280,
      frameHeight: 720,
      freezeCount: 1,
      totalFreezesDuration: 0.25,
      estimatedPlayoutTimestamp: NOW_NTP_MS - 120,
    },
    IT01A: {
      type: 'inbound-rtp',
      kind: 'audio',
      timestamp: NOW,
      codecId: 'CIT01_0',
      packetsReceived: 500,
      packetsLost: 0,
      bytesReceived: 80_000,
      estimatedPlayoutTimestamp: NOW_NTP_MS - 150,
    },
    CIT01_96: { type: 'codec', mimeType: 'video/H264' },
    CIT01_0: { type: 'codec', mimeType: 'audio/PCMU' },
    CPa: { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.9 },
    CPb: { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.004 },
    T01: { type: 'transport', selectedCandidatePairId: 'CPb' },
  };
  return new Map(Object.entries(entries).map(([id, entry]) => [id, { id, ...entry, ...changes[id] }]));
}

describe('statistics', () => {
  it('are read from a report', () => {
    expect(readStatistics(report(), 0, undefined).statistics).toEqual({
      bitrateKbps: null,
      packets: 1000,
      lost: 3,
      roundTripMs: 4,
      codec: 'H264',
      width: 1280,
      height: 720,
      framesPerSecond: 25,
      framesDecoded: 250,
      keyframesDecoded: 5,
      freezes: 1,
      freezeMs: 250,
      behindLiveMs: 120,
      audioCodec: 'PCMU',
      audioPackets: 500,
      audioLost: 0,
      audioBehindLiveMs: 150,
    });
  });

  it('count the bitrate of picture and sound from one report to the next', () => {
    const { mark } = readStatistics(report(), 0, undefined);
    const later = report({ IT01V: { timestamp: NOW + 1000, bytesReceived: 1_250_000 }, IT01A: { bytesReceived: 88_000 } });
    expect(readStatistics(later, 0, mark).statistics.bitrateKbps).toBe((258_000 * 8) / 1000);
    expect(readStatistics(report(), 0, mark).statistics.bitrateKbps).toBeNull();
  });

  it('take the difference of the clocks into account', () => {
    // A camera whose clock is 5 s fast stamps 5 s more.
    const fast = report({ IT01V: { estimatedPlayoutTimestamp: NOW_NTP_MS + 5000 - 120 } });
    expect(readStatistics(fast, 5000, undefined).statistics.behindLiveMs).toBe(120);
  });

  it('do not know how far behind live it is before the first sender report', () => {
    for (const estimatedPlayoutTimestamp of [undefined, 0]) {
      expect(readStatistics(report({ IT01V: { estimatedPlayoutTimestamp } }), 0, undefined).statistics.behindLiveMs).toBeNull();
    }
  });

  it('find the pair in use where the transport does not name it (Firefox)', () => {
    const unnamed = report({ T01: { selectedCandidatePairId: undefined }, CPa: { nominated: false } });
    expect(readStatistics(unnamed, 0, undefined).statistics.roundTripMs).toBe(4);
  });

  it('are zero or null for an empty report', () => {
    const { statistics, mark } = readStatistics(new Map<string, Record<string, unknown>>(), 0, undefined);
    expect(mark).toBeUndefined();
    expect(statistics).toMatchObject({
      packets: 0,
      framesDecoded: 0,
      codec: null,
      roundTripMs: null,
      behindLiveMs: null,
      bitrateKbps: null,
    });
  });
});
