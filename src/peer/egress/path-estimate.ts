import { performance } from 'node:perf_hooks';
import type { TransportFeedback } from '../../media/rtp/rtcp-transport-feedback.ts';
import { Estimator, type LossReport } from '../congestion/estimator.ts';
import type { PathView } from '../congestion/path-view.ts';
import { PlayoutDelay } from '../congestion/playout-delay.ts';
import { ProbeControl } from '../congestion/probe-control.ts';
import { SendLog } from './send-log.ts';

/** What is sent is counted over so long. */
const SENT_MS = 1000;
/** Nothing is probed while the viewer says nothing: feedback comes some ten times a second, also where little is sent. */
const MAX_SILENCE_MS = 1000;
/** Longer than from one keyframe to the next, and a queue takes to empty. */
const IDLE_MS = 3000;
/** What has waited longer in the pacer is held back by the limit that it keeps: for a keyframe alone of a stream that fits, that is long. */
const HELD_BACK_MS = 400;

/** What the path to one viewer carries, by what was sent on it and what the viewer says of that. One for video, sound and retransmissions together. */
export class PathEstimate {
  /** Takes what is sent, where transport-wide numbers were negotiated. */
  readonly sent = new SendLog();
  /** There is a stream for retransmission, by which something can be sent that the viewer does not need. Without, only what waits can be a probe. */
  canPad = true;
  readonly #now: () => number;
  readonly #probes = new ProbeControl();
  #estimator = new Estimator();
  #playoutDelay = new PlayoutDelay();
  #feedbackAtMs = Number.NEGATIVE_INFINITY;

  /** @param now monotonic, milliseconds with a fraction: the clock of {@link sent} too */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Kbit/s that may be sent without congestion; null while too little is known of what came. */
  get kilobitsPerSecond(): number | null {
    return this.#estimator.isMeasured ? Math.round(this.#estimator.bitsPerSecond / 1000) : null;
  }

  /** Bit/s that pictures may take: what the path was found to carry, less while a queue empties, or what is probed; undefined while nothing has shown a limit. */
  get capacityBitsPerSecond(): number | undefined {
    const found = this.#estimator.capacityBitsPerSecond;
    return found && Math.max(found, this.#probes.bitsPerSecond(this.#now()) ?? 0);
  }

  /** By transport-wide feedback, milliseconds, with what the viewer waits with that; null without. */
  get roundTripMs(): number | null {
    return this.#estimator.roundTripMs ?? null;
  }

  /**
   * @param nowMs on the clock of this estimate
   * @param waitingMs how long the oldest of what is to be sent has waited
   */
  view(nowMs: number, waitingMs = 0): PathView {
    const { isMeasured, hasResults, bitsPerSecond, capacityBitsPerSecond, queueMs, lossShare, sentBitsPerSecond } =
      this.#estimator;
    const isIdle = this.#isIdle(nowMs);
    return {
      estimateBitsPerSecond: isMeasured ? bitsPerSecond : null,
      capacityBitsPerSecond,
      queueMs: isIdle ? 0 : queueMs,
      waitingMs,
      lossShare: isIdle ? 0 : lossShare,
      roundTripMs: this.roundTripMs,
      sentBitsPerSecond: hasResults ? (this.sent.bytesSince(nowMs - SENT_MS) * 8000) / SENT_MS : sentBitsPerSecond,
      canProbe: hasResults && this.canPad,
      lastProbe: this.#probes.last,
      isProbing: this.#probes.isProbing(nowMs),
    };
  }

  /** Packets are lost, and not for want of room. */
  get losesAtRandom(): boolean {
    return this.#estimator.losesAtRandom;
  }

  /** How long the viewer is to hold back pictures at least, so that none is shown late, milliseconds; 0: it knows best. */
  get playoutDelayMs(): number {
    return this.#playoutDelay.milliseconds(this.roundTripMs ?? 0, this.#now());
  }

  /** A picture waits for so long to be sent. */
  waited(milliseconds: number): void {
    this.#playoutDelay.waited(milliseconds, this.#now());
  }

  /** A probe is being sent. */
  get isPadding(): boolean {
    return this.#probes.bitsPerSecond(this.#now()) !== undefined;
  }

  /** Bytes that the probe lacks which is being sent, beside what is sent anyway; 0 or less: none. */
  get paddingDue(): number {
    return this.#probes.paddingDue(this.sent.sentBytes, this.#now());
  }

  /** So many bytes were sent that the viewer does not need. */
  padded(bytes: number): void {
    this.#probes.padded(bytes);
  }

  /** Begins to find out whether the path carries so much in all, in steps; false where that may not begin now. */
  probe(bitsPerSecond: number): boolean {
    return this.canPad && this.#probe(bitsPerSecond);
  }

  /**
   * Looks whether a limit holds back what waits, and if so begins to find out whether it is still there.
   *
   * @param waitingMs how long the first of what waits in the pacer has waited
   */
  look(waitingMs: number): void {
    if (waitingMs > HELD_BACK_MS && this.#estimator.capacityBitsPerSecond !== undefined) this.#probe(undefined);
  }

  takeFeedback(feedback: TransportFeedback): void {
    const nowMs = this.#now();
    const results = this.sent.take(feedback);
    this.#feedbackAtMs = nowMs;
    this.#estimator.takeResults(results, nowMs);
    this.#playoutDelay.take(this.#estimator.mostQueueMs, this.#estimator.lossShare, nowMs);
    const isOverused = this.#estimator.overusedAtMs === nowMs;
    const probe = this.#probes.take(results, isOverused, this.sent, nowMs);
    if (probe !== undefined) this.#estimator.takeProbe(probe.bitsPerSecond, probe.carried);
  }

  takeReceiverEstimate(bitsPerSecond: number): void {
    this.#estimator.takeReceiverEstimate(bitsPerSecond, this.#now());
  }

  takeReport(report: LossReport): void {
    this.#estimator.takeReport(report, this.#now());
  }

  /** The path is another one: what was found of the former says nothing of it. */
  beginPath(): void {
    this.sent.beginPath();
    this.#probes.beginPath();
    this.#estimator = new Estimator();
    this.#playoutDelay = new PlayoutDelay();
  }

  /**
   * Nothing is sent that the viewer would report on: sound alone, which browsers report on only where it is Opus. What it reported last says nothing of now; a
   * probe alone can tell.
   */
  #isIdle(nowMs: number): boolean {
    return this.#estimator.hasResults && nowMs - (this.sent.numberedAtMs ?? Number.NEGATIVE_INFINITY) > IDLE_MS;
  }

  #probe(goal: number | undefined): boolean {
    const nowMs = this.#now();
    const { hasResults, bitsPerSecond, capacityBitsPerSecond, lossShare, roundTripMs = 0 } = this.#estimator;
    const isHeard = this.#estimator.isCalm(nowMs) && nowMs - this.#feedbackAtMs <= MAX_SILENCE_MS;
    if (!hasResults || !(isHeard || this.#isIdle(nowMs))) return false;
    const path = {
      estimateBitsPerSecond: bitsPerSecond,
      capacityBitsPerSecond,
      roundTripMs,
      lossShare,
      sentBytes: this.sent.sentBytes,
    };
    return this.#probes.begin(path, nowMs, goal);
  }
}
