import { timestampDistance } from './packet.ts';
import { timestampAt, unixMsAt, type TimeMapping } from './timeline.ts';

/** What one sender report says of time (RFC 3550 section 6.4.1). */
export interface ClockReport {
  /** The sender's clock, Unix milliseconds. */
  unixMs: number;
  /** The instant of it, on the track's timeline. */
  timestamp: number;
  /** When the report came, our clock. */
  arrivalMs: number;
}

/** The sender's clock was set. */
export interface ClockJump {
  byMs: number;
  /** When it was seen first, our clock. */
  sinceMs: number;
}

/** A report that contradicts those before, and how often another said the same. */
interface Suspect extends ClockJump {
  lastMs: number;
  count: number;
  /** The clock was set; else the timestamps of reports are off. */
  isClock: boolean;
  /** What reports were off before. */
  meanErrorMs: number;
}

/**
 * Reports that are off by more contradict those before: the clock was set, or they are wrong. How much more, depends on how exact they are:
 * so many times what they are off in the mean, within limits.
 */
const MIN_ERROR_MS = 20;
const MAX_ERROR_MS = 100;
const TIMES_MEAN = 4;
/** The mean is that of about so many reports, and says something from so many on. */
const MEAN_OF = 16;
const LEAST_COMPARED = 5;
/** As exact as this in the mean are reports that mean the instant which they name. */
const EXACT_MS = 5;
/** Reports that come closer together were held up together, behind a stall of the connection, and confirm nothing. */
const MIN_APART_MS = 500;
/** No camera's encoder is further behind than this; an RTP timestamp further from the packets' own has nothing to do with them. */
const MAX_DISTANCE_MS = 5000;
/** After so many contradictions in a row nothing is believed. */
const MAX_CONTRADICTIONS = 3;
/** Reports that say the same of a clock that was set, and of timestamps that are of another count. */
const TO_CONFIRM_CLOCK = 2;
const TO_CONFIRM_COUNT = 3;
/** By so much an exact report is followed, milliseconds: more than clocks drift from one to the next, in a second and at least. */
const DRIFT_IN_SECOND = 0.5;
const MIN_DRIFT = 3;
/**
 * How fast others are followed, milliseconds in a second: a timestamp that is not of the report's instant is of one before, mostly of the last
 * packet; so those that name the newest are followed faster.
 */
const FALL = 1;
const RISE = 0.15;
/** The first reports of a clock may move it by more. */
const SETTLING_REPORTS = 8;
/** As many reports tell how our clock differs: those that were held up are passed over. */
const KEPT_OFFSETS = 4;
/** Without a report for so long time goes on by arrival, so that tracks do not drift apart whose samples are counted by different clocks. */
const MAX_AGE_MS = 60_000;

/**
 * The clock of a camera by the sender reports of one track, as far as they can be believed: some cameras send none or late ones
 * (mediamtx#5355, #1300), some without a wall clock, some with an RTP timestamp that is 0 or of another count, and some that jump about.
 * What cannot be believed counts as not sent: time goes by arrival then, which is wrong by the camera's own delay, and never by seconds.
 */
export class SenderClock {
  readonly #clockRate: number;
  /** The newest report that counts, smoothed. */
  #time: TimeMapping | undefined;
  #lastReportMs = 0;
  /** Since the clock began, or the count of timestamps began anew. */
  #reports = 0;
  #offsets: number[] = [];
  #delayMs: number | undefined;
  /** By how much each report is off the one before in the mean, milliseconds. */
  #meanErrorMs = 0;
  #compared = 0;
  #lastReport: TimeMapping | undefined;
  #suspect: Suspect | undefined;
  #contradictions = 0;
  #lastContradictionMs = Number.NEGATIVE_INFINITY;
  #jump: ClockJump | undefined;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /**
   * Takes a report. One that contradicts those before counts once another says the same.
   *
   * @param arrival our clock on the track's timeline, by the packets
   */
  take(report: ClockReport, arrival: TimeMapping): void {
    const { unixMs, timestamp, arrivalMs } = report;
    const distance = timestampDistance(timestampAt(arrival, arrivalMs, this.#clockRate), timestamp);
    if (Math.abs(distance) > (MAX_DISTANCE_MS / 1000) * this.#clockRate) return this.#contradict(arrivalMs);
    const byArrivalMs = unixMs - arrivalMs - (this.offsetMs ?? 0);
    // The first, or only the timestamps began anew.
    if (this.#time === undefined || (this.#reports === 0 && Math.abs(byArrivalMs) <= MAX_DISTANCE_MS)) {
      this.#measure(report);
      return this.#accept(report, arrival, 0);
    }
    const errorMs = unixMs - unixMsAt(this.#time, timestamp, this.#clockRate);
    if (Math.abs(errorMs) <= this.#maxErrorMs) {
      this.#measure(report);
      return this.#accept(report, arrival, errorMs);
    }
    const suspect = this.#doubt(arrivalMs, errorMs, byArrivalMs);
    this.#measure(report);
    if (suspect === undefined) return;
    if (suspect.isClock) this.#setClock(suspect);
    this.#accept(report, arrival, suspect.isClock ? errorMs - suspect.byMs : 0);
  }

  /** The track's timeline goes on by arrival: the next report says where the timestamps are now. */
  breakCount(): void {
    this.#reports = 0;
    this.#lastReport = undefined;
  }

  /** Another source, or the same that started anew: nothing said before holds. */
  forget(): void {
    this.#time = undefined;
    this.#reports = 0;
    this.#offsets = [];
    this.#delayMs = undefined;
    this.#meanErrorMs = 0;
    this.#compared = 0;
    this.#lastReport = undefined;
    this.#suspect = undefined;
    this.#contradictions = 0;
    this.#jump = undefined;
  }

  /** Sets the clock as its sender was seen to set it. */
  jump(byMs: number): void {
    if (this.#time === undefined) return;
    this.#time = { ...this.#time, unixMs: this.#time.unixMs + byMs };
    this.#offsets = this.#offsets.map((offset) => offset + byMs);
    if (this.#delayMs !== undefined) this.#delayMs -= byMs;
    // The last report may have been of before, or said it itself, and that is no error of reports.
    if (this.#suspect !== undefined) this.#meanErrorMs = this.#suspect.meanErrorMs;
    else if (this.#lastReport !== undefined) this.#lastReport.unixMs += byMs;
    this.#suspect = undefined;
    this.#contradictions = 0;
  }

  /** The jump that two reports confirmed, once. */
  takeJump(): ClockJump | undefined {
    const jump = this.#jump;
    this.#jump = undefined;
    return jump;
  }

  /** What the last report says that the clock was set by, unconfirmed; undefined where it fits those before. */
  get suspected(): ClockJump | undefined {
    return this.#suspect?.isClock === true ? this.#suspect : undefined;
  }

  /** When the last report came that counts, our clock. */
  get lastReportMs(): number {
    return this.#lastReportMs;
  }

  /** The sender's clock minus ours, milliseconds, by the reports that came soonest; undefined where there are none that can be believed. */
  get offsetMs(): number | undefined {
    if (this.time === undefined) return undefined;
    const byReports = Math.max(...this.#offsets);
    const byPackets = -(this.#delayMs ?? 0);
    // Where reports are held up more than packets, these know better.
    return byPackets > byReports + MIN_DRIFT ? byPackets : byReports;
  }

  /** Our clock at the arrival of packets minus the sender's at their timestamps, milliseconds; undefined as {@link offsetMs}. */
  get delayMs(): number | undefined {
    return this.time === undefined ? undefined : this.#delayMs;
  }

  /** The sender's clock on the track's timeline; undefined where there are no reports that can be believed. */
  get time(): TimeMapping | undefined {
    return this.#contradictions < MAX_CONTRADICTIONS ? this.#time : undefined;
  }

  /** Whether its reports agree with each other to some milliseconds: their timestamps are those of their instants. */
  get isExact(): boolean {
    return this.#compared >= LEAST_COMPARED && this.#meanErrorMs <= EXACT_MS;
  }

  /** Whether its reports were seen not to: with few of them it is neither. */
  get isInexact(): boolean {
    return this.#compared >= LEAST_COMPARED && this.#meanErrorMs > EXACT_MS;
  }

  /** Whether reports still come; time is to go by arrival otherwise, with {@link delayMs}. */
  isFresh(nowMs: number): boolean {
    return this.time !== undefined && nowMs - this.#lastReportMs <= MAX_AGE_MS;
  }

  get #maxErrorMs(): number {
    if (this.#compared < LEAST_COMPARED) return MAX_ERROR_MS;
    return Math.min(MAX_ERROR_MS, Math.max(MIN_ERROR_MS, this.#meanErrorMs * TIMES_MEAN));
  }

  #measure({ unixMs, timestamp }: ClockReport): void {
    const before = this.#lastReport;
    this.#lastReport = { unixMs, timestamp };
    if (before === undefined) return;
    const apartMs = Math.abs(unixMs - unixMsAt(before, timestamp, this.#clockRate));
    this.#compared = Math.min(this.#compared + 1, MEAN_OF);
    this.#meanErrorMs += (Math.min(apartMs, MAX_ERROR_MS) - this.#meanErrorMs) / this.#compared;
  }

  #accept(report: ClockReport, arrival: TimeMapping, errorMs: number): void {
    const { unixMs, timestamp, arrivalMs } = report;
    const elapsedS = Math.max(0, arrivalMs - this.#lastReportMs) / 1000;
    const drift = this.isExact ? Math.max(MIN_DRIFT, DRIFT_IN_SECOND * elapsedS) : 0;
    const fall = this.#reports < SETTLING_REPORTS ? MAX_ERROR_MS : FALL * elapsedS;
    const move = Math.abs(errorMs) <= drift ? errorMs : Math.max(-fall, Math.min(errorMs, RISE * elapsedS));
    this.#time = { unixMs: unixMs - errorMs + move, timestamp };
    this.#reports += 1;
    this.#lastReportMs = arrivalMs;
    this.#suspect = undefined;
    this.#contradictions = 0;
    this.#offsets.push(unixMs - arrivalMs);
    if (this.#offsets.length > KEPT_OFFSETS) this.#offsets.shift();
    const delayMs = unixMsAt(arrival, timestamp, this.#clockRate) - this.#time.unixMs;
    this.#delayMs = this.#delayMs === undefined ? delayMs : this.#delayMs + (delayMs - this.#delayMs) / 4;
  }

  /** What is suspected, once it is confirmed. */
  #doubt(arrivalMs: number, errorMs: number, byArrivalMs: number): Suspect | undefined {
    const before = this.#suspect;
    if (before !== undefined && arrivalMs - before.lastMs < MIN_APART_MS) return undefined;
    this.#contradict(arrivalMs);
    // A report that is late shows less of a jump by its arrival, and a wrong timestamp nothing.
    const isClock = Math.abs(errorMs - byArrivalMs) <= Math.max(MAX_ERROR_MS, Math.abs(errorMs) / 2);
    const isSame = before !== undefined && before.isClock === isClock && Math.abs(errorMs - before.byMs) <= this.#maxErrorMs;
    this.#suspect = isSame
      ? { ...before, byMs: Math.min(before.byMs, errorMs), count: before.count + 1, lastMs: arrivalMs }
      : { byMs: errorMs, sinceMs: arrivalMs, lastMs: arrivalMs, count: 1, isClock, meanErrorMs: this.#meanErrorMs };
    return this.#suspect.count >= (isClock ? TO_CONFIRM_CLOCK : TO_CONFIRM_COUNT) ? this.#suspect : undefined;
  }

  #setClock({ byMs, sinceMs }: Suspect): void {
    this.jump(byMs);
    this.#offsets = [];
    this.#jump = { byMs, sinceMs };
  }

  /** Reports that come together count once. */
  #contradict(arrivalMs: number): void {
    if (arrivalMs - this.#lastContradictionMs >= MIN_APART_MS) this.#contradictions += 1;
    this.#lastContradictionMs = arrivalMs;
  }
}
