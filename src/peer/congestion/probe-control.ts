import type { PacketResult } from './packet-result.ts';
import type { PathView } from './path-view.ts';
import { CLUSTER_MS, ProbeCluster } from './probe-cluster.ts';

/**
 * The first step beyond the estimate is a small one: where the path carries no more, as mostly, its queue grows by some 50 ms until that is seen and the rest is
 * left out. Behind a step that was carried, the next one may double it.
 */
const FIRST_STEP = 1.2;
/** Nor more beyond what the path was found to carry: so little is seen well, and where it is too much still it overflows a short queue less. */
const BEYOND_CAPACITY = 1.1;
const NEXT_STEP = 2;
/** What begins within so long behind a step that was carried is the next one. */
const NEXT_STEP_MS = 3000;
/** No more than the pacer sends. */
const MAX_BITS_PER_SECOND = 48_000_000;
/** So long, and twice as long each time, nothing is tried behind a failure. No longer than the other: a viewer whose path is wide again is to see it within 20 s. */
const BACK_OFF_MS = 3000;
const MAX_BACK_OFF_MS = 12_000;
/** A failure later than this is another matter, and so is one behind a probe that carried so many times what the path was taken for. */
const AGAIN_MS = 60_000;
const WIDER = 1.5;
/** Overuse so soon behind a probe that was carried shows that it was not. */
const REFUTED_MS = 5000;
/** Bytes that probes add, a minute. */
const PADDING_BYTES = 3_000_000;
/** Of what is sent in the last so many milliseconds the report need not be waited for, where more was sent behind it. */
const TAIL_MS = 10;
/** What is not reported by then will not be, milliseconds and round trips. */
const REPORTED_MS = 400;
const REPORTED_ROUND_TRIPS = 2;

/** What is known of the path when a probe is to begin. */
export interface ProbedPath {
  estimateBitsPerSecond: number;
  /** What it was found to carry; undefined where nothing has shown a limit. */
  capacityBitsPerSecond: number | undefined;
  roundTripMs: number;
  /** Share of packets that it loses anyway. */
  lossShare: number;
  /** All bytes that were sent on it until now. */
  sentBytes: number;
}

/** What was sent on the path until now. */
export interface SentOnPath {
  readonly sentBytes: number;
  /** When the newest packet was sent that will be reported on. */
  readonly numberedAtMs: number | undefined;
}

/** Says when the path is probed and with how much, and what came of it. Pure: time is an argument. */
export class ProbeControl {
  #cluster: ProbeCluster | undefined;
  #path: ProbedPath | undefined;
  #goal = 0;
  #last: PathView['lastProbe'];
  #backOffMs = BACK_OFF_MS;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #paddingLeft = PADDING_BYTES;
  #paddingAtMs: number | undefined;

  get last(): PathView['lastProbe'] {
    return this.#last;
  }

  isProbing(nowMs: number): boolean {
    return this.#cluster !== undefined && nowMs < this.#deadlineMs;
  }

  /** Bit/s that are to be sent in all now; undefined while no probe is being sent. */
  bitsPerSecond(nowMs: number): number | undefined {
    return this.#cluster !== undefined && nowMs < this.#cluster.endMs ? this.#cluster.bitsPerSecond : undefined;
  }

  /** @param goal bit/s, to which it goes in steps; without one a single step is tried */
  begin(path: ProbedPath, nowMs: number, goal?: number): boolean {
    if (this.isProbing(nowMs)) return false;
    this.#expire(nowMs);
    if (nowMs < this.#notBeforeMs) return false;
    const isNext = this.#last?.carried === true && nowMs - this.#last.atMs < NEXT_STEP_MS;
    const { estimateBitsPerSecond, capacityBitsPerSecond = Number.POSITIVE_INFINITY } = path;
    const step = isNext
      ? estimateBitsPerSecond * NEXT_STEP
      : Math.min(estimateBitsPerSecond * FIRST_STEP, capacityBitsPerSecond * BEYOND_CAPACITY);
    this.#goal = Math.min(goal ?? step, MAX_BITS_PER_SECOND);
    return this.#send(Math.min(step, this.#goal), path, nowMs);
  }

  /** Bytes that are to be sent now beside what is sent anyway; 0 or less: none. */
  paddingDue(sentBytes: number, nowMs: number): number {
    if (this.#cluster === undefined || this.#path === undefined || nowMs >= this.#cluster.endMs) return 0;
    return this.#cluster.bytesBy(nowMs) - (sentBytes - this.#path.sentBytes);
  }

  padded(bytes: number): void {
    this.#paddingLeft -= bytes;
  }

  /**
   * Takes what one feedback says.
   *
   * @param isOverused the path is taken to be, by that
   * @param sent until now
   * @returns the probe that is judged by that; undefined where none is yet
   */
  take(results: readonly PacketResult[], isOverused: boolean, sent: SentOnPath, nowMs: number): PathView['lastProbe'] {
    if (isOverused) this.#refute(nowMs);
    const [cluster, path] = [this.#cluster, this.#path];
    if (cluster === undefined || path === undefined) return undefined;
    const isTooMuch = cluster.take(results, isOverused);
    const isReported = nowMs >= this.#deadlineMs || cluster.isReported(sent.numberedAtMs ?? 0, TAIL_MS, nowMs);
    if (!isTooMuch && !isReported) return undefined;
    const { bitsPerSecond } = cluster;
    const carried = !isTooMuch && cluster.isCarried;
    this.#cluster = undefined;
    this.#last = { bitsPerSecond, carried, atMs: nowMs };
    const next = Math.min(bitsPerSecond * NEXT_STEP, this.#goal);
    if (carried && bitsPerSecond >= WIDER * path.estimateBitsPerSecond) this.#failedAtMs = Number.NEGATIVE_INFINITY;
    if (!carried) this.#fail(nowMs);
    else if (next > bitsPerSecond) this.#send(next, { ...path, sentBytes: sent.sentBytes }, nowMs);
    return this.#last;
  }

  /** The path is another one; what may be added in a minute stays. */
  beginPath(): void {
    this.#cluster = undefined;
    this.#last = undefined;
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    this.#failedAtMs = Number.NEGATIVE_INFINITY;
  }

  #send(bitsPerSecond: number, path: ProbedPath, nowMs: number): boolean {
    const elapsedMs = nowMs - (this.#paddingAtMs ?? nowMs);
    this.#paddingAtMs = nowMs;
    this.#paddingLeft = Math.min(PADDING_BYTES, this.#paddingLeft + (elapsedMs * PADDING_BYTES) / 60_000);
    if (this.#paddingLeft < (bitsPerSecond * CLUSTER_MS) / 8000) return false;
    this.#path = path;
    this.#cluster = new ProbeCluster(bitsPerSecond, nowMs, path.lossShare);
    return true;
  }

  /** Nothing was reported of it. */
  #expire(nowMs: number): void {
    if (this.#cluster === undefined) return;
    this.#last = { bitsPerSecond: this.#cluster.bitsPerSecond, carried: false, atMs: this.#deadlineMs };
    this.#cluster = undefined;
    this.#fail(nowMs);
  }

  /** What was carried last, the path did not carry for long. */
  #refute(nowMs: number): void {
    const last = this.#last;
    if (last?.carried === true && nowMs - last.atMs < REFUTED_MS && this.#failedAtMs < last.atMs) this.#fail(nowMs);
  }

  #fail(nowMs: number): void {
    const isAgain = nowMs - this.#failedAtMs < AGAIN_MS;
    this.#backOffMs = isAgain ? Math.min(2 * this.#backOffMs, MAX_BACK_OFF_MS) : BACK_OFF_MS;
    this.#failedAtMs = nowMs;
    this.#notBeforeMs = nowMs + this.#backOffMs;
  }

  get #deadlineMs(): number {
    const roundTripMs = this.#path?.roundTripMs ?? 0;
    return (this.#cluster?.endMs ?? 0) + REPORTED_MS + REPORTED_ROUND_TRIPS * roundTripMs;
  }
}
