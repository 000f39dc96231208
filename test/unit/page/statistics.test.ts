import { describe, expect, it } from 'vitest';
import { StatisticsMeter, type MeasureContext } from '../../../src/page/statistics.ts';

const context: MeasureContext = { now: 1_800_000_000_000, firstFrameMs: 123, cameraClockAheadMs: 0 };

/** Field names as Chromium reports them. */
function report(change: { bytes?: number; packets?: number; lost?: number; playout?: number } = {}): RTCStats[] {
  const { bytes = 0, packets = 0, lost = 0, playout } = change;
  const stats = [
    {
      id: 'IV',
      type: 'inbound-rtp',
      kind: 'video',
      bytesReceived: bytes,
      packetsReceived: packets,
      packetsLost: lost,
      codecId: 'CV',
      frameWidth: 1280,
      frameHeight: 720,
      framesPerSecond: 25,
      framesDecoded: 50,
      ...(playout === undefined ? {} : { estimatedPlayoutTimestamp: playout }),
    },
    { id: 'IA', type: 'inbound-rtp', kind: 'audio', bytesReceived: 1000, packetsReceived: 10, packetsLost: 0, codecId: 'CA' },
    { id: 'CV', type: 'codec', mimeType: 'video/H264' },
    { id: 'CA', type: 'codec', mimeType: 'audio/PCMU' },
    { id: 'T', type: 'transport', selectedCandidatePairId: 'P2' },
    { id: 'P1', type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 9 },
    { id: 'P2', type: 'candidate-pair', nominated: true, state: 'succeeded', currentRoundTripTime: 0.012, localCandidateId: 'L', remoteCandidateId: 'R' },
    { id: 'L', type: 'local-candidate', candidateType: 'host', protocol: 'udp' },
    { id: 'R', type: 'remote-candidate', candidateType: 'relay', protocol: 'udp' },
  ];
  return stats.map((entry) => ({ timestamp: 0, ...entry }) as RTCStats);
}

describe('statistics of a session', () => {
  it('reads codecs, size, rate, path and round trip of the selected pair', () => {
    expect(new StatisticsMeter().measure(report(), context)).toMatchObject({
      firstFrameMs: 123,
      videoCodec: 'H264',
      audioCodec: 'PCMU',
      width: 1280,
      height: 720,
      framesPerSecond: 25,
      framesDecoded: 50,
      roundTripMs: 12,
      path: 'relay, UDP',
    });
  });

  it('measures the bitrate between two reports', () => {
    const meter = new StatisticsMeter();
    expect(meter.measure(report({ bytes: 0 }), context).bitrateKbps).toBeNull();
    expect(meter.measure(report({ bytes: 250_000 }), { ...context, now: context.now + 1000 }).bitrateKbps).toBe(2000);
    expect(meter.measure(report({ bytes: 250_000 }), { ...context, now: context.now + 2000 }).bitrateKbps).toBe(0);
  });

  it('tells loss of the last ten seconds and then forgets it', () => {
    const meter = new StatisticsMeter();
    const at = (seconds: number): MeasureContext => ({ ...context, now: context.now + seconds * 1000 });
    meter.measure(report({ packets: 0, lost: 0 }), at(0));
    expect(meter.measure(report({ packets: 95, lost: 5 }), at(1))).toMatchObject({ lossShare: 0.05, packetsLost: 5 });
    meter.measure(report({ packets: 195, lost: 5 }), at(2));
    expect(meter.measure(report({ packets: 1095, lost: 5 }), at(12))).toMatchObject({ lossShare: 0, packetsLost: 0 });
  });

  it('does not tell a negative loss when late packets come after all', () => {
    const meter = new StatisticsMeter();
    meter.measure(report({ packets: 10, lost: 5 }), context);
    expect(meter.measure(report({ packets: 20, lost: 2 }), { ...context, now: context.now + 1000 })).toMatchObject({ packetsLost: 0, lossShare: 0 });
  });

  it('compares the playout time, which is NTP, with the clock of the camera', () => {
    // RFC 5905 figure 4: 1 January 1970 is 2 208 988 800 s of NTP time.
    const playout = 2_208_988_800_000 + context.now + 5000 - 140;
    const statistics = new StatisticsMeter().measure(report({ playout }), { ...context, cameraClockAheadMs: 5000 });
    expect(statistics.behindMs).toBe(140);
  });

  it('does not guess how far behind while a clock is not known', () => {
    const unknown = { ...context, cameraClockAheadMs: null };
    expect(new StatisticsMeter().measure(report({ playout: 2_208_988_800_000 }), unknown).behindMs).toBeNull();
    expect(new StatisticsMeter().measure(report(), context).behindMs).toBeNull();
  });

  it('knows nothing from an empty report', () => {
    expect(new StatisticsMeter().measure([], context)).toMatchObject({ bitrateKbps: null, lossShare: null, videoCodec: null, path: null, framesDecoded: 0 });
  });
});
