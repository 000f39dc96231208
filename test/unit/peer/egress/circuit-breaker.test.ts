import { describe, expect, it } from 'vitest';
import {
  CircuitBreaker,
  RtcpTimeout,
  tcpBytesPerSecond,
  type CircuitBreak,
} from '../../../../src/peer/egress/circuit-breaker.ts';

const SECOND = 1000;

interface Interval {
  /** What the viewer's report at the end of the interval says of it. */
  received: number;
  lost: number;
  /** What was sent in it, packets of 1200 bytes. */
  sent: number;
}

/** Reports of a viewer, one at the end of each interval, until the breaker opens; says at which report it did. */
function run(
  breaker: CircuitBreaker,
  reports: number,
  interval: Interval,
  { intervalMs = SECOND, roundTripMs = 100 }: { intervalMs?: number; roundTripMs?: number | null } = {},
): { at: number; why: CircuitBreak } | undefined {
  let [highest, cumulativeLost, packetsSent] = [10_000, 0, 0];
  for (let at = 0; at <= reports; at += 1) {
    if (at > 0) {
      highest += interval.received + interval.lost;
      cumulativeLost += interval.lost;
      packetsSent += interval.sent;
    }
    const report = { nowMs: at * intervalMs, extendedHighestSequence: highest, cumulativeLost, roundTripMs };
    const why = breaker.report({ ...report, packetsSent, bytesSent: packetsSent * 1200 });
    if (why !== undefined) return { at, why };
  }
  return undefined;
}

/** One picture each 40 ms, in groups of 2 s. */
const video = (): CircuitBreaker => new CircuitBreaker(40, 2000);
/** One packet each 20 ms, each for itself. */
const audio = (): CircuitBreaker => new CircuitBreaker(20, 20);

describe('the throughput of TCP by RFC 8083', () => {
  it('is s / (Tr * sqrt(2p/3))', () => {
    // 1200 / (0.1 * sqrt(0.04)) = 1200 / 0.02
    expect(tcpBytesPerSecond(1200, 100, 0.06)).toBeCloseTo(60_000, 6);
    // 200 / (0.5 * sqrt(2/3 * 0.375)) = 200 / (0.5 * 0.5)
    expect(tcpBytesPerSecond(200, 500, 0.375)).toBeCloseTo(800, 6);
  });
});

describe('congestion', () => {
  // At 6 % loss and 100 ms TCP would send 60 kB/s; ten times that are 500 packets a second.
  const sixPercent = { received: 94, lost: 6 };

  it('opens at more than ten times what TCP would send, after 15 reports a second apart where groups of pictures have 2 s', () => {
    // ceil(3 * min(max(10*2, 10*0.1, 3*1), max(15, 3*1)) / (3*1)) = 45 / 3
    expect(run(video(), 100, { ...sixPercent, sent: 501 })).toEqual({ at: 15, why: 'congestion' });
    expect(run(video(), 100, { ...sixPercent, sent: 499 })).toBeUndefined();
  });

  it('opens after three reports for sound, whose rate could be changed from one packet to the next', () => {
    // ceil(3 * min(max(10*0.02, 10*0.1, 3*1), 15) / 3) = 9 / 3
    expect(run(audio(), 100, { ...sixPercent, sent: 501 })).toEqual({ at: 3, why: 'congestion' });
  });

  it('waits for ten round trips where they are longer than that', () => {
    // ceil(3 * min(max(0.2, 10*0.8, 3), 15) / 3) = 24 / 3; TCP would send 1200 / (0.8 * 0.2) = 7500 bytes a second.
    expect(run(audio(), 100, { ...sixPercent, sent: 100 }, { roundTripMs: 800 })).toEqual({ at: 8, why: 'congestion' });
    expect(run(audio(), 100, { ...sixPercent, sent: 62 }, { roundTripMs: 800 })).toBeUndefined();
  });

  it('is looked for over the same time where reports come twice as often', () => {
    // The interval is smoothed: 1000 + 0.2 * (500 - 1000) and so on, towards 15 s / 0.5 s = 30 reports.
    const opened = run(video(), 100, { received: 47, lost: 3, sent: 260 }, { intervalMs: 500 });
    expect(opened).toEqual({ at: 30, why: 'congestion' });
  });

  it.each<[string, Interval, { roundTripMs: number | null }]>([
    ['without loss', { received: 5000, lost: 0, sent: 5000 }, { roundTripMs: 500 }],
    ['before the round trip is known', { received: 10, lost: 90, sent: 5000 }, { roundTripMs: null }],
    ['where the way is too short to be measured', { received: 10, lost: 90, sent: 5000 }, { roundTripMs: 0 }],
    ['where nothing was sent', { received: 94, lost: 6, sent: 0 }, { roundTripMs: 100 }],
  ])('is not found %s', (_, interval, path) => {
    expect(run(video(), 100, interval, path)).toBeUndefined();
  });

  it('is not found in a burst of loss that is over', () => {
    const breaker = video();
    expect(run(breaker, 10, { ...sixPercent, sent: 501 })).toBeUndefined();
    // The clock of the second run begins at 0 again: what came before is forgotten.
    expect(run(breaker, 100, { received: 500, lost: 0, sent: 500 })).toBeUndefined();
  });
});

describe('media time-out', () => {
  it('opens at the fifth report in which the highest sequence number has not moved though packets were sent', () => {
    expect(run(video(), 100, { received: 0, lost: 0, sent: 25 })).toEqual({ at: 5, why: 'media-timeout' });
  });

  it('waits for five packets where they come less often than reports, and for five round trips', () => {
    // ceil(5 * max(2, 0.1, 1) / 1) and ceil(5 * max(0.04, 1.5, 1) / 1)
    expect(run(new CircuitBreaker(2000, 2000), 100, { received: 0, lost: 0, sent: 1 })?.at).toBe(10);
    expect(run(video(), 100, { received: 0, lost: 0, sent: 25 }, { roundTripMs: 1500 })?.at).toBe(8);
  });

  it('does not open while nothing is sent', () => {
    expect(run(video(), 100, { received: 0, lost: 0, sent: 0 })).toBeUndefined();
  });

  it('does not count reports that come with feedback, closer together than half a second', () => {
    expect(run(video(), 200, { received: 0, lost: 0, sent: 25 }, { intervalMs: 20 })?.at).toBe(5 * 25);
  });
});

describe('RTCP time-out', () => {
  /** Packets each second from `fromS` on; returns the second at which it is over. */
  function overAt(timeout: RtcpTimeout, fromS: number, untilS: number, reportedAt: readonly number[] = []): number | undefined {
    for (let second = fromS; second <= untilS; second += 1) {
      if (reportedAt.includes(second)) timeout.reported(second * SECOND);
      if (timeout.isOver((second + 1) * 25, second * SECOND)) return second;
    }
    return undefined;
  }

  it('is 15 s after the first packet, or after the last report', () => {
    expect(overAt(new RtcpTimeout(), 100, 200)).toBe(115);
    expect(overAt(new RtcpTimeout(), 100, 200, [109, 110])).toBe(125);
  });

  it('is five intervals of a viewer that reports every five seconds, and no more than 30 s', () => {
    expect(overAt(new RtcpTimeout(), 100, 200, [105, 110])).toBe(135);
    expect(overAt(new RtcpTimeout(), 100, 200, [105, 119])).toBe(149);
  });

  it('does not run while nothing is sent, and begins anew after a pause', () => {
    const timeout = new RtcpTimeout();
    expect(overAt(timeout, 100, 114)).toBeUndefined();
    for (let second = 115; second < 130; second += 1) expect(timeout.isOver(115 * 25, second * SECOND)).toBe(false);
    expect(overAt(timeout, 130, 200)).toBe(145);
  });
});
