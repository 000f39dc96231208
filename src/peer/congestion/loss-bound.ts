import type { PacketResult } from './packet-result.ts';
import { MIN_BITS_PER_SECOND } from './rate-control.ts';

/** Loss is looked at over so long, and so many packets. */
const PERIOD_MS = 1000;
const MIN_PACKETS = 20;
/** Draft-ietf-rmcat-gcc-02 section 6: above the one the bound goes down, below the other up. */
const HIGH_LOSS = 0.1;
const LOW_LOSS = 0.02;
const GROWTH = 1.05;
/** Periods in which the least loss is the path's own: it is there however little is sent. */
const OWN_PERIODS = 5;
/** More is never taken for the path's own. */
const MAX_OWN_LOSS = 0.1;

/**
 * Bounds the rate where packets are lost without a delay before it: short queues, and limits that are held by dropping
 * (draft-ietf-rmcat-gcc-02 section 6). Loss that does not go with the rate, as of a radio link, is not congestion and bounds nothing.
 */
export class LossBound {
  #bitsPerSecond: number | undefined;
  #packets = 0;
  #lost = 0;
  #startedAtMs: number | undefined;
  readonly #losses: number[] = [];
  #lastLoss = 0;

  /** Undefined where there is none. */
  get bitsPerSecond(): number | undefined {
    return this.#bitsPerSecond;
  }

  /** Share of packets lost in the last period. */
  get lossShare(): number {
    return this.#lastLoss;
  }

  /** The path was shown to carry this, bit/s. */
  carried(bitsPerSecond: number): void {
    if (bitsPerSecond > (this.#bitsPerSecond ?? bitsPerSecond)) this.#bitsPerSecond = undefined;
  }

  note({ arrivedAtMs, late }: PacketResult): void {
    // It was counted as lost.
    if (late) this.#lost -= 1;
    else this.#packets += 1;
    if (arrivedAtMs === undefined) this.#lost += 1;
  }

  /** Notes the share of packets lost that a viewer reports itself. */
  noteShare(lost: number): void {
    this.#packets += MIN_PACKETS;
    this.#lost += lost * MIN_PACKETS;
  }

  /**
   * To be called when packets were noted; true where the bound went down.
   *
   * @param rate that the delays allow, bit/s
   * @param delivered bit/s; undefined while it is not known
   */
  update(rate: number, delivered: number | undefined, nowMs: number): boolean {
    this.#startedAtMs ??= nowMs;
    if (nowMs - this.#startedAtMs < PERIOD_MS || this.#packets < MIN_PACKETS) return false;
    const loss = Math.min(Math.max(0, this.#lost / this.#packets), 1);
    this.#lastLoss = loss;
    this.#startedAtMs = nowMs;
    this.#packets = 0;
    this.#lost = 0;
    return this.#apply(loss - this.#ownLoss(loss), rate, delivered);
  }

  #apply(loss: number, rate: number, delivered: number | undefined): boolean {
    const bound = Math.min(this.#bitsPerSecond ?? rate, rate);
    if (loss > HIGH_LOSS) {
      // What arrives is carried, however much more was sent.
      this.#bitsPerSecond = Math.min(bound, Math.max(bound * (1 - loss / 2), delivered ?? 0, MIN_BITS_PER_SECOND));
      return true;
    }
    if (this.#bitsPerSecond === undefined || loss >= LOW_LOSS) return false;
    const grown = this.#bitsPerSecond * GROWTH;
    this.#bitsPerSecond = grown > rate ? undefined : grown;
    return false;
  }

  /** The least of the last periods. */
  #ownLoss(loss: number): number {
    const own = this.#losses.length < OWN_PERIODS ? 0 : Math.min(...this.#losses, loss, MAX_OWN_LOSS);
    this.#losses.push(loss);
    if (this.#losses.length > OWN_PERIODS) this.#losses.shift();
    return own;
  }
}
