import { DelayTrend } from './delay-trend.ts';
import { DeliveredRate } from './delivered-rate.ts';
import { FoundLimit } from './found-limit.ts';
import { LossBound } from './loss-bound.ts';
import { OveruseDetector, type Usage } from './overuse-detector.ts';
import { PacketGroups } from './packet-groups.ts';
import type { PacketResult } from './packet-result.ts';
import { EMPTY_QUEUE_MS, QueueDelay } from './queue-delay.ts';
import { MIN_BITS_PER_SECOND, RateControl } from './rate-control.ts';

/** What a path is taken to carry before anything was reported. */
const START_BITS_PER_SECOND = 1_000_000;
/** A queue of this is no more than pictures make by themselves. */
const STANDING_QUEUE_MS = 50;
/** Behind so long of a standing one also that is emptied: what is always there, could no longer be told from the way. */
const MAX_STANDING_MS = 5000;
/** A queue beyond that is emptied in about this time, with half of the path at most. */
const DRAIN_MS = 500;
const MIN_DRAINING = 0.5;
/** Behind an overuse so long, nothing is to be added to what is sent; nor while all packets wait so long, or so many are lost. */
const CALM_MS = 1000;
const CALM_QUEUE_MS = 10;
const CALM_LOSS = 0.1;
/** A queue that was empty within this time is none that overflows all the time. */
const EMPTIED_MS = 1000;
/** Less than this of the estimate is sent by who does not need it. */
const ROOM = 0.9;
/** No queue makes a delay so much longer or shorter from one packet to the next: the viewer's clock is another one. */
const MAX_JUMP_MS = 3000;
/** Of a new round trip in the smoothed one. */
const SMOOTHING = 1 / 8;
/** A receiver whose own estimate is so much lower than it was of late, or than what is sent, has found a limit. */
const RECEIVER_LIMIT = 0.9;
const OF_LATE_MS = 10_000;

/** What a viewer reports of one track (RFC 3550 section 6.4.1). */
export interface LossReport {
  /** Share of packets lost, 0 to 1. */
  fractionLost: number;
  /** Since the report before it. */
  sentBitsPerSecond: number;
  /** Null while it is not known. */
  roundTripMs: number | null;
}

/**
 * Estimates what the path to one viewer carries (draft-ietf-rmcat-gcc-02): by how delays grow and by what is lost, as transport-wide feedback tells it; else by
 * the viewer's own estimate (REMB) and its reports. Pure: time is an argument, milliseconds on one monotonic clock.
 */
export class Estimator {
  #groups = new PacketGroups();
  #trend = new DelayTrend();
  #queue = new QueueDelay();
  #delivered = new DeliveredRate();
  /** From sending to arrival, of the last packet: of two clocks, so that only its changes mean something. */
  #transitMs: number | undefined;
  #detector = new OveruseDetector();
  readonly #rate = new RateControl(START_BITS_PER_SECOND);
  readonly #loss = new LossBound();
  readonly #limit = new FoundLimit();
  /** Packets were reported on one by one: what a viewer sums up says less. */
  #hasResults = false;
  #isMeasured = false;
  #receiverBitsPerSecond: number | undefined;
  #highestReceiver: { bitsPerSecond: number; atMs: number } | undefined;
  /** Of the pictures, by the last report. */
  #sentBitsPerSecond = 0;
  #roundTripMs: number | undefined;
  /** A probe was too much: what it left in the queue has not gone. */
  #isEmptying = false;
  /** Of the packets in the last feedback. */
  #leastQueueMs = 0;
  #mostQueueMs = 0;
  #overusedAtMs = Number.NEGATIVE_INFINITY;

  /** What may be sent without congestion. What is sent may be much less: then it says no more than half as much again. */
  get bitsPerSecond(): number {
    const rate = Math.min(this.#rate.bitsPerSecond, this.#loss.bitsPerSecond ?? Number.POSITIVE_INFINITY);
    return this.#hasResults ? rate : (this.#receiverBitsPerSecond ?? rate);
  }

  /** What the path carries was seen; until then the estimate is a guess, which nothing is to be held against. */
  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  /**
   * What may be sent now by whoever cannot send less for long: what the path was found to carry, and less while a queue that was built up empties. Undefined while
   * nothing has shown a limit.
   */
  get capacityBitsPerSecond(): number | undefined {
    if (!this.#limit.isKnown) return undefined;
    const isLost = this.#loss.bitsPerSecond !== undefined;
    const carried = isLost ? 0 : (this.#rate.capacityBitsPerSecond ?? 0);
    const standingMs = this.#isEmptying || this.#queue.fullForMs > MAX_STANDING_MS ? 0 : STANDING_QUEUE_MS;
    const excessMs = Math.max(0, this.#queue.milliseconds - standingMs);
    return Math.max(this.bitsPerSecond, carried) * Math.max(MIN_DRAINING, 1 - excessMs / DRAIN_MS);
  }

  /** From sending to feedback, milliseconds; undefined before. Longer than the path's by what the viewer waits with its feedback. */
  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  /** Of the newest packet that was reported on, milliseconds; 0 without transport-wide feedback. */
  get queueMs(): number {
    return this.#queue.milliseconds;
  }

  /** The most of the packets in the last feedback. */
  get mostQueueMs(): number {
    return this.#mostQueueMs;
  }

  /** Share of packets lost in the last second that was looked at. */
  get lossShare(): number {
    return this.#loss.lossShare;
  }

  /** Packets are lost, and not for want of room: as on a radio link. */
  get losesAtRandom(): boolean {
    const { lossShare } = this.#loss;
    return lossShare > 0 && lossShare <= CALM_LOSS && this.#hasResults && this.#queue.fullForMs < EMPTIED_MS;
  }

  /** Bit/s of the pictures as the viewer's last report has it; 0 with transport-wide feedback. */
  get sentBitsPerSecond(): number {
    return this.#sentBitsPerSecond;
  }

  /** Packets are reported on one by one: who sends more for a moment is told what became of it. */
  get hasResults(): boolean {
    return this.#hasResults;
  }

  /** When the path was last seen to be overused, by its delays or by what it lost; on the caller's clock. */
  get overusedAtMs(): number {
    return this.#overusedAtMs;
  }

  /** No congestion, nor was there any in the last second. */
  isCalm(nowMs: number): boolean {
    const isQuiet = this.#leastQueueMs < CALM_QUEUE_MS && this.#loss.lossShare <= CALM_LOSS;
    return isQuiet && this.#detector.usage !== 'over' && nowMs - this.#overusedAtMs >= CALM_MS;
  }

  /** Takes what a probe has shown: a limit below what the path carried is no more; the queue that it made where it was too much, is to go. */
  takeProbe(bitsPerSecond: number, carried: boolean): void {
    if (!carried) {
      this.#isEmptying = true;
      return;
    }
    this.#rate.carried(bitsPerSecond);
    this.#loss.carried(bitsPerSecond);
  }

  /** Takes what one transport-wide feedback says of packets that were sent. */
  takeResults(results: readonly PacketResult[], nowMs: number): void {
    if (results.length === 0) return;
    this.#hasResults = true;
    let usage: Usage | undefined;
    let newestSentMs = Number.NEGATIVE_INFINITY;
    let leastQueueMs = Number.POSITIVE_INFINITY;
    let mostQueueMs = 0;
    for (const result of results) {
      this.#loss.note(result);
      const { bytes, sentAtMs, arrivedAtMs, unreportedBytes } = result;
      if (arrivedAtMs === undefined) continue;
      newestSentMs = Math.max(newestSentMs, sentAtMs);
      this.#watchClock(arrivedAtMs - sentAtMs);
      const queueMs = this.#queue.take(sentAtMs, arrivedAtMs);
      leastQueueMs = Math.min(leastQueueMs, queueMs);
      mostQueueMs = Math.max(mostQueueMs, queueMs);
      this.#delivered.take(bytes, arrivedAtMs, queueMs, unreportedBytes);
      const found = this.#usage(sentAtMs, arrivedAtMs);
      if (usage !== 'over') usage = found ?? usage;
    }
    this.#leastQueueMs = leastQueueMs;
    this.#mostQueueMs = mostQueueMs;
    if (this.#queue.fullForMs === 0) this.#isEmptying = false;
    const hasArrived = newestSentMs !== Number.NEGATIVE_INFINITY;
    if (hasArrived) this.#smoothRoundTrip(nowMs - newestSentMs);
    this.#update(this.#judge(usage ?? this.#detector.usage), hasArrived ? this.#delivered.bitsPerSecond : undefined, nowMs);
  }

  /** Takes a viewer's report on the pictures. It counts only where there is no transport-wide feedback. */
  takeReport({ fractionLost, sentBitsPerSecond, roundTripMs }: LossReport, nowMs: number): void {
    if (this.#hasResults) return;
    if (roundTripMs !== null) this.#smoothRoundTrip(roundTripMs);
    this.#sentBitsPerSecond = sentBitsPerSecond;
    this.#loss.noteShare(fractionLost);
    this.#update('normal', sentBitsPerSecond * (1 - fractionLost), nowMs);
  }

  /** Takes what the viewer estimates itself (REMB). It counts only where there is no transport-wide feedback. */
  takeReceiverEstimate(bitsPerSecond: number, nowMs: number): void {
    if (this.#hasResults) return;
    const highest = this.#highestReceiver;
    if (highest === undefined || bitsPerSecond >= highest.bitsPerSecond || nowMs - highest.atMs > OF_LATE_MS)
      this.#highestReceiver = { bitsPerSecond, atMs: nowMs };
    const expected = Math.max(highest?.bitsPerSecond ?? 0, this.#sentBitsPerSecond);
    if (bitsPerSecond < expected * RECEIVER_LIMIT) this.#limit.found(nowMs);
    this.#isMeasured = true;
    this.#receiverBitsPerSecond = Math.max(bitsPerSecond, MIN_BITS_PER_SECOND);
  }

  #watchClock(transitMs: number): void {
    if (Math.abs(transitMs - (this.#transitMs ?? transitMs)) > MAX_JUMP_MS) {
      this.#groups = new PacketGroups();
      this.#trend = new DelayTrend();
      this.#detector = new OveruseDetector();
      this.#queue = new QueueDelay();
      this.#delivered = new DeliveredRate();
    }
    this.#transitMs = transitMs;
  }

  #usage(sentAtMs: number, arrivedAtMs: number): Usage | undefined {
    const delta = this.#groups.take(sentAtMs, arrivedAtMs);
    if (delta === undefined) return undefined;
    const trend = this.#trend.take(delta);
    if (trend === undefined) return undefined;
    return this.#detector.take(trend, this.#trend.groups, delta.sendMs, delta.arrivedAtMs);
  }

  #update(usage: Usage, deliveredBitsPerSecond: number | undefined, nowMs: number): void {
    // Less than that is no reason to take the path for less: what is sent may be little.
    const delivered = usage === 'over' ? this.#delivered.carriedBitsPerSecond : deliveredBitsPerSecond;
    const path = { usage, deliveredBitsPerSecond: delivered, roundTripMs: this.#roundTripMs };
    const wasReduced = this.#rate.update(path, nowMs);
    const wasBound = this.#loss.update(this.#rate.bitsPerSecond, deliveredBitsPerSecond, nowMs);
    if (wasReduced || wasBound) {
      this.#overusedAtMs = nowMs;
      this.#limit.found(nowMs);
    }
    this.#isMeasured ||= wasBound || deliveredBitsPerSecond !== undefined;
    const hasRoom = (deliveredBitsPerSecond ?? 0) < ROOM * this.bitsPerSecond && this.#queue.milliseconds < STANDING_QUEUE_MS;
    this.#limit.look(hasRoom, nowMs);
  }

  /** What the detector says, as far as a queue bears it out: without, it is the trend of one that is gone, as behind a pause of the pictures. */
  #judge(usage: Usage): Usage {
    return usage === 'over' && this.#mostQueueMs <= EMPTY_QUEUE_MS ? 'normal' : usage;
  }

  #smoothRoundTrip(roundTripMs: number): void {
    this.#roundTripMs ??= roundTripMs;
    this.#roundTripMs += (roundTripMs - this.#roundTripMs) * SMOOTHING;
  }
}
