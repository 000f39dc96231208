import { timestampDistance } from './packet.ts';
import { timestampAt, type TimeMapping } from './timeline.ts';

/** What one sender report says of time (RFC 3550 section 6.4.1). */
interface ClockReport {
  /** The sender's clock, Unix milliseconds. */
  unixMs: number;
  /** When the report came, our clock. */
  arrivalMs: number;
  /** As the report names it. */
  rtpTimestamp: number;
  /** The same on the track's timeline; undefined before its first packet. */
  timestamp: number | undefined;
}

/** A sender whose clock moves by more against ours, from report to report, has set it, was held up, or reports nonsense. */
const MAX_STEP_MS = 1000;
/** Reports that come closer together were held up together, behind a stall of the connection, and confirm nothing. */
const MIN_APART_MS = 500;
/** No camera's encoder is further behind than this; an RTP timestamp further from the packets' own has nothing to do with them. */
const MAX_DISTANCE_MS = 5000;

/**
 * The clock of a camera by the sender reports of one track, as far as they can be believed: some cameras send none or late ones
 * (mediamtx#5355, #1300), some without a wall clock, some with an RTP timestamp that is 0 or of another count, and some that jump about.
 * What cannot be believed counts as not sent: time goes by arrival then, which is wrong by the camera's own delay, and never by seconds.
 */
export class SenderClock {
  #report: ClockReport | undefined;
  /** The first of the reports that do not fit the one that counts: the sender's clock minus ours, and when it came. */
  #suspect: { offsetMs: number; arrivalMs: number } | undefined;

  /**
   * Takes a report. One that contradicts those before counts once another says the same.
   *
   * @param timestamp what {@link ClockReport.rtpTimestamp} is on the track's timeline; undefined before its first packet
   */
  take(unixMs: number, arrivalMs: number, rtpTimestamp: number, timestamp: number | undefined): void {
    const offsetMs = unixMs - arrivalMs;
    const suspect = this.#suspect;
    const fits = this.offsetMs === undefined || isNear(offsetMs, this.offsetMs);
    const fitsSuspect = suspect !== undefined && isNear(offsetMs, suspect.offsetMs);
    if (fits || (fitsSuspect && arrivalMs - suspect.arrivalMs >= MIN_APART_MS)) {
      this.#report = { unixMs, arrivalMs, rtpTimestamp, timestamp };
      this.#suspect = undefined;
    } else if (!fitsSuspect) {
      this.#suspect = { offsetMs, arrivalMs };
    }
  }

  /** The first packet is on the timeline: a report that came ahead of it gets its place there. */
  place(translate: (rtpTimestamp: number) => number): void {
    const report = this.#report;
    if (report !== undefined) report.timestamp ??= translate(report.rtpTimestamp);
  }

  /** Another source, or the same that started anew: nothing said before holds. */
  forget(): void {
    this.#report = undefined;
    this.#suspect = undefined;
  }

  /** The sender's clock minus ours, milliseconds; undefined without a report. */
  get offsetMs(): number | undefined {
    return this.#report && this.#report.unixMs - this.#report.arrivalMs;
  }

  /**
   * The sender's clock on the track's timeline; undefined without a report, and where the report is not about the packets that come.
   *
   * @param arrival our clock on the track's timeline, by the packets
   */
  time(arrival: TimeMapping, clockRate: number): TimeMapping | undefined {
    const report = this.#report;
    if (report?.timestamp === undefined) return undefined;
    const { unixMs, timestamp } = report;
    const distance = timestampDistance(timestampAt(arrival, report.arrivalMs, clockRate), timestamp);
    return Math.abs(distance) > (MAX_DISTANCE_MS / 1000) * clockRate ? undefined : { unixMs, timestamp };
  }
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= MAX_STEP_MS;
}
