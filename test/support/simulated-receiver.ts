import { parseRtcp, type RtcpMessage } from '../../src/media/rtp/rtcp.ts';
import { Estimator } from '../../src/peer/congestion/estimator.ts';
import type { PacketResult } from '../../src/peer/congestion/packet-result.ts';
import type { PathEstimate } from '../../src/peer/egress/path-estimate.ts';
import { Random } from '../fuzz/random.ts';
import { encodeTransportFeedback } from './transport-feedback.ts';

export interface ReceiverOptions {
  /** How the viewer says what came: packet by packet, by an estimate of its own (REMB), or by receiver reports alone. */
  reports: 'transport-wide' | 'receiver-estimate' | 'receiver-reports';
  /** One way, milliseconds. */
  delayMs: number;
  /** Share of the feedback that is lost. */
  feedbackLoss?: number;
  /** When none comes at all. */
  noFeedback?: (nowMs: number) => boolean;
  seed: number;
}

interface Sent {
  sequence: number;
  bytes: number;
  sentAtMs: number;
  /** Undefined: it was lost. */
  atMs: number | undefined;
}

/** As browsers do at these rates. */
const FEEDBACK_MS = 50;
const REPORT_MS = 1000;
/** Of the viewer's clock, which has an epoch of its own. */
const EPOCH_MS = 987_654;

/** A viewer's machine: takes packets as a link brings them, and tells the gateway's estimate of the path what came. */
export class SimulatedReceiver {
  readonly #options: ReceiverOptions;
  readonly #path: PathEstimate;
  readonly #random: Random;
  readonly #own = new Estimator();
  #onWay: Sent[] = [];
  readonly #feedback: { atMs: number; take: () => void }[] = [];
  #reportedUpTo: number | undefined;
  #feedbackCount = 0;
  #since = { packets: 0, lost: 0, bytes: 0, atMs: 0 };

  constructor(path: PathEstimate, options: ReceiverOptions) {
    this.#path = path;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  /** @param atMs when it arrives; undefined where it does not */
  take(sequence: number, bytes: number, sentAtMs: number, atMs: number | undefined): void {
    this.#onWay.push({ sequence, bytes, sentAtMs, atMs });
  }

  /** To be called each millisecond; true where the gateway heard something. */
  tick(nowMs: number): boolean {
    if (nowMs % FEEDBACK_MS === 0) this.#report(nowMs);
    let heard = false;
    for (let [next] = this.#feedback; next !== undefined && next.atMs <= nowMs; [next] = this.#feedback) {
      this.#feedback.shift();
      next.take();
      heard = true;
    }
    return heard;
  }

  #report(nowMs: number): void {
    const come = this.#onWay.filter(({ atMs, sentAtMs }) => (atMs ?? sentAtMs + this.#options.delayMs) <= nowMs);
    if (come.length > 0) this.#onWay = this.#onWay.filter((each) => !come.includes(each));
    if (this.#options.reports === 'transport-wide') this.#reportEach(come, nowMs);
    else this.#reportInSum(come, nowMs);
  }

  /** What has come since the last report, and from there on what is missing. */
  #reportEach(come: readonly Sent[], nowMs: number): void {
    const arrivals = come.flatMap(({ sequence, atMs }) =>
      atMs === undefined ? [] : [{ sequence: sequence & 0xffff, at: Math.round((atMs + EPOCH_MS) * 4) }],
    );
    const last = arrivals.at(-1);
    if (last === undefined) return;
    const bytes = encodeTransportFeedback(arrivals, this.#feedbackCount, this.#reportedUpTo);
    this.#reportedUpTo = (last.sequence + 1) & 0xffff;
    this.#feedbackCount += 1;
    this.#send(nowMs, () => {
      for (const message of parseRtcp(bytes).messages) this.#hand(message);
    });
  }

  #hand(message: RtcpMessage): void {
    if (message.type === 'transport-feedback') this.#path.takeFeedback(message);
  }

  /** A viewer that estimates does it as we do. */
  #reportInSum(come: readonly Sent[], nowMs: number): void {
    const results: PacketResult[] = come.map(({ bytes, sentAtMs, atMs }) => ({
      bytes,
      sentAtMs,
      arrivedAtMs: atMs,
      late: false,
      unreportedBytes: 0,
    }));
    this.#own.takeResults(results, nowMs);
    for (const { bytes, atMs } of come) {
      this.#since.packets += 1;
      this.#since.bytes += bytes;
      if (atMs === undefined) this.#since.lost += 1;
    }
    if (nowMs - this.#since.atMs < REPORT_MS) return;
    const { packets, lost, bytes, atMs } = this.#since;
    this.#since = { packets: 0, lost: 0, bytes: 0, atMs: nowMs };
    const estimate = this.#own.bitsPerSecond;
    this.#send(nowMs, () => {
      if (this.#options.reports === 'receiver-estimate') this.#path.takeReceiverEstimate(estimate);
      const fractionLost = packets === 0 ? 0 : lost / packets;
      this.#path.takeReport({
        fractionLost,
        sentBitsPerSecond: (bytes * 8000) / (nowMs - atMs),
        roundTripMs: 2 * this.#options.delayMs,
      });
    });
  }

  #send(nowMs: number, take: () => void): void {
    const { feedbackLoss = 0, noFeedback, delayMs } = this.#options;
    const isLost = this.#random.next() / 2 ** 32 < feedbackLoss || noFeedback?.(nowMs) === true;
    if (!isLost) this.#feedback.push({ atMs: nowMs + delayMs, take });
  }
}
