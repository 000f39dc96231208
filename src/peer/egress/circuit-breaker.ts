/*
 * RTP circuit breakers, RFC 8083: when what is sent does not arrive, or is far more than a TCP connection could send over the same path, sending
 * ends. It is what remains when everything else has failed, not congestion control. All is in milliseconds on the caller's clock.
 */

/** Why nothing more may be sent. */
export type CircuitBreak = 'media-timeout' | 'rtcp-timeout' | 'congestion';

/** A viewer's report on one source, and what was sent of it until then. */
export interface BreakerReport {
  nowMs: number;
  extendedHighestSequence: number;
  cumulativeLost: number;
  /** Null where it is not known yet. */
  roundTripMs: number | null;
  packetsSent: number;
  bytesSent: number;
}

/** Reports closer together come with feedback, and say nothing of intervals. */
const MIN_INTERVAL_MS = 500;
/** Deterministic interval of our own reports. */
const OWN_INTERVAL_MS = 1000;
/** Section 4.2: three reporting intervals, each of 5 s at least. */
const RTCP_TIMEOUT_MS = Math.max(15_000, 3 * OWN_INTERVAL_MS);
/** Of a viewer that reports seldom, five of its own intervals: some of its reports may be lost. */
const MISSED_REPORTS = 5;
/** More is no interval but an interruption. */
const MAX_REPORT_INTERVAL_MS = 6000;
/** Section 4.1, so many intervals without a packet. */
const NON_REPORTING = 5;
/** A sender of ten times what TCP would send is no fair one, whatever its use. */
const UNFAIR = 10;
/** Of the last value, in the smoothed one. */
const SMOOTHING = 0.2;

/** Sections 4.1 (media timeout) and 4.3 (congestion) for one source. */
export class CircuitBreaker {
  /** Time of a group of pictures or sounds that are coded together: the rate cannot change within. */
  frameGroupMs: number;
  readonly #framingMs: number;
  /** Newest last. */
  readonly #reports: BreakerReport[] = [];
  #intervalMs = OWN_INTERVAL_MS;
  #roundTripMs: number | undefined;
  #withoutPacket = 0;

  /** @param framingMs from one picture or sound packet to the next */
  constructor(framingMs: number, frameGroupMs: number) {
    this.#framingMs = framingMs;
    this.frameGroupMs = frameGroupMs;
  }

  /** The path is another one: what was reported until now says nothing of it. */
  begin(): void {
    this.#reports.length = 0;
    this.#withoutPacket = 0;
    this.#roundTripMs = undefined;
  }

  /** Takes a report; the source must not be sent any more where something is returned. */
  report(report: BreakerReport): CircuitBreak | undefined {
    // The clock was set back.
    if (report.nowMs < (this.#reports.at(-1)?.nowMs ?? 0)) this.#reports.length = 0;
    const last = this.#reports.at(-1);
    if (last !== undefined && report.nowMs - last.nowMs < MIN_INTERVAL_MS) return undefined;
    this.#smooth(report, last);
    this.#reports.push(report);
    const window = this.#congestionReports();
    if (this.#reports.length > window + 1) this.#reports.splice(0, this.#reports.length - window - 1);
    if (last !== undefined && this.#isMediaTimeout(report, last)) return 'media-timeout';
    return this.#reports.length === window + 1 && this.#isUnfair(report) ? 'congestion' : undefined;
  }

  #smooth({ nowMs, roundTripMs }: BreakerReport, last: BreakerReport | undefined): void {
    if (last !== undefined) this.#intervalMs += (Math.min(nowMs - last.nowMs, RTCP_TIMEOUT_MS) - this.#intervalMs) * SMOOTHING;
    if (roundTripMs === null) return;
    this.#roundTripMs ??= roundTripMs;
    this.#roundTripMs += (roundTripMs - this.#roundTripMs) * SMOOTHING;
  }

  /** Packets were sent between all of the last reports, and the highest sequence number has not moved. */
  #isMediaTimeout(report: BreakerReport, last: BreakerReport): boolean {
    if (report.extendedHighestSequence !== last.extendedHighestSequence) this.#withoutPacket = 0;
    else if (report.packetsSent > last.packetsSent) this.#withoutPacket += 1;
    const slowest = Math.max(this.#framingMs, this.#roundTripMs ?? 0, this.#intervalMs);
    return this.#withoutPacket >= Math.ceil((NON_REPORTING * slowest) / this.#intervalMs);
  }

  /** CB_INTERVAL: over how many reports the loss is looked at. */
  #congestionReports(): number {
    const adapting = Math.max(10 * this.frameGroupMs, 10 * (this.#roundTripMs ?? 0), 3 * this.#intervalMs);
    return Math.ceil((3 * Math.min(adapting, RTCP_TIMEOUT_MS)) / (3 * this.#intervalMs));
  }

  #isUnfair(report: BreakerReport): boolean {
    const [first] = this.#reports;
    if (first === undefined || this.#roundTripMs === undefined || this.#roundTripMs === 0) return false;
    const expected = report.extendedHighestSequence - first.extendedHighestSequence;
    const lost = report.cumulativeLost - first.cumulativeLost;
    const packets = report.packetsSent - first.packetsSent;
    if (expected <= 0 || lost <= 0 || packets <= 0) return false;
    const bytes = report.bytesSent - first.bytesSent;
    const bytesPerSecond = (bytes * 1000) / (report.nowMs - first.nowMs);
    return bytesPerSecond > UNFAIR * tcpBytesPerSecond(bytes / packets, this.#roundTripMs, Math.min(1, lost / expected));
  }
}

/** The simplified TCP throughput equation of section 4.3, one packet acknowledged at a time. */
export function tcpBytesPerSecond(packetBytes: number, roundTripMs: number, lossRate: number): number {
  return packetBytes / ((roundTripMs / 1000) * Math.sqrt((2 * lossRate) / 3));
}

/** Section 4.2: a viewer that is sent media and reports on none of it. */
export class RtcpTimeout {
  #packets = 0;
  #sentAtMs = Number.NEGATIVE_INFINITY;
  /** Since when media are sent without a pause that is as long as the time-out, or the last report, whichever is later. */
  #sinceMs = 0;
  #reportedMs: number | undefined;
  /** The longest between two reports. */
  #intervalMs = 0;

  reported(nowMs: number): void {
    const interval = nowMs - (this.#reportedMs ?? nowMs);
    this.#intervalMs = Math.max(this.#intervalMs, Math.min(interval, MAX_REPORT_INTERVAL_MS));
    this.#reportedMs = nowMs;
    this.#sinceMs = nowMs;
  }

  /** The path is another one, or is being looked for. */
  begin(nowMs: number): void {
    this.#reportedMs = undefined;
    this.#sinceMs = nowMs;
  }

  /**
   * To be called about once a second; true where the time is over.
   *
   * @param packets sent so far, or left out since the viewer said nothing: a silence of ours for that is no pause
   */
  isOver(packets: number, nowMs: number): boolean {
    if (packets === this.#packets) return false;
    this.#packets = packets;
    if (nowMs - this.#sentAtMs > IDLE_MS) this.#sinceMs = nowMs;
    this.#sentAtMs = nowMs;
    return nowMs - this.#sinceMs >= Math.max(RTCP_TIMEOUT_MS, MISSED_REPORTS * this.#intervalMs);
  }
}

/** A camera that sends no picture for longer has paused. */
const IDLE_MS = 5000;
