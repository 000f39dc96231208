import type { PacketResult } from './packet-result.ts';

/**
 * So long is sent at the rate that is tried. A token bucket lets some 30 KB pass at any rate: a train of 15 ms, as browsers send it, would show nothing but
 * that.
 */
export const CLUSTER_MS = 500;
/** The least delay in so much of its beginning and of its end is compared: what a radio link holds up for a shorter time shows no queue. */
const END_MS = 200;
/** So much may the delay grow: by 3 percent more than the path carries. */
const MAX_GROWTH_MS = 10;
/** Where it has grown so much already, the rest is not sent; less suffices where the path is taken to be overused anyway, as it also is when a radio link stalls. */
const TOO_MUCH_GROWTH_MS = 18;
const OVERUSED_GROWTH_MS = 6;
/** Pictures come in bursts, and wait for themselves: so much and more is taken off where a path that carries just the probe would have it too. */
const BURST_MS = 20;
/** Of what was to be tried must have been sent. */
const MIN_SENT = 0.8;
/** Lost beside what is lost at all times: a share, and a few by chance. */
const MAX_LOSS = 0.08;
const MAX_CHANCE = 3;
/** Fewer packets show nothing. */
const MIN_PACKETS = 5;
/** And fewer no loss, as long as more may be reported. */
const MIN_LOSSY_PACKETS = 20;

/** One probe: what is sent at a rate for a while, pictures and sound and what fills it up, and what the viewer reports of it. */
export class ProbeCluster {
  readonly bitsPerSecond: number;
  readonly endMs: number;
  readonly #startMs: number;
  readonly #ownLoss: number;
  /** Least time from sending to arrival, of two clocks; at the end without what a path waits that carries just the probe. */
  #firstTransitMs = Number.POSITIVE_INFINITY;
  #lastTransitMs = Number.POSITIVE_INFINITY;
  /** What waits on such a path. */
  #waitingBytes = 0;
  #waitingAtMs: number;
  #packets = 0;
  #lost = 0;
  /** Of all that was sent, as far as it is known of. */
  #bytes = 0;
  #newestSentMs = Number.NEGATIVE_INFINITY;

  /** @param ownLoss share of packets that the path loses anyway */
  constructor(bitsPerSecond: number, startMs: number, ownLoss: number) {
    this.bitsPerSecond = bitsPerSecond;
    this.#startMs = startMs;
    this.#waitingAtMs = startMs;
    this.endMs = startMs + CLUSTER_MS;
    this.#ownLoss = ownLoss;
  }

  /** Bytes that are to be sent from the beginning until now. */
  bytesBy(nowMs: number): number {
    return ((Math.min(nowMs, this.endMs) - this.#startMs) * this.bitsPerSecond) / 8000;
  }

  /**
   * Takes what one feedback says.
   *
   * @param isOverused the path is taken to be, by that
   * @returns true where that shows that the path does not carry it
   */
  take(results: readonly PacketResult[], isOverused: boolean): boolean {
    let [leastMs, oldestMs, newestMs] = [Number.POSITIVE_INFINITY, Number.NaN, Number.NaN];
    for (const result of results) {
      this.#newestSentMs = Math.max(this.#newestSentMs, result.sentAtMs);
      if (result.sentAtMs < this.#startMs || result.sentAtMs >= this.endMs) continue;
      const waitMs = this.#count(result);
      const { sentAtMs, arrivedAtMs, late } = result;
      if (arrivedAtMs === undefined || late) continue;
      if (sentAtMs < this.#startMs + END_MS) this.#firstTransitMs = Math.min(this.#firstTransitMs, arrivedAtMs - sentAtMs);
      const transitMs = arrivedAtMs - sentAtMs - waitMs;
      if (Number.isNaN(oldestMs)) oldestMs = transitMs;
      newestMs = transitMs;
      leastMs = Math.min(leastMs, transitMs);
      if (sentAtMs >= this.endMs - END_MS) this.#lastTransitMs = Math.min(this.#lastTransitMs, transitMs);
    }
    // Behind a stall each packet has waited less than the one before it.
    const hasGrown =
      newestMs >= oldestMs && leastMs - this.#firstTransitMs > (isOverused ? OVERUSED_GROWTH_MS : TOO_MUCH_GROWTH_MS);
    return hasGrown || (this.#packets >= MIN_LOSSY_PACKETS && this.#isLossy);
  }

  /**
   * All of it was sent and reported on, but for what was sent in the last so many milliseconds.
   *
   * @param newestMs when the newest packet was sent that the viewer reports on, or will
   */
  isReported(newestMs: number, exceptMs: number, nowMs: number): boolean {
    return nowMs >= this.endMs && this.#newestSentMs >= Math.min(newestMs, this.endMs - exceptMs);
  }

  /** Whether the path carried it, by what was reported. */
  get isCarried(): boolean {
    const wanted = (this.bitsPerSecond * CLUSTER_MS) / 8000;
    if (this.#packets < MIN_PACKETS || this.#isLossy || this.#bytes < MIN_SENT * wanted) return false;
    const growthMs = this.#lastTransitMs - this.#firstTransitMs;
    // Not finite where nothing was reported of its beginning or of its end.
    return Number.isFinite(growthMs) && growthMs <= MAX_GROWTH_MS;
  }

  /** How long it waits on a path that carries just the probe, milliseconds; 0 where that is but little. */
  #count({ bytes, sentAtMs, arrivedAtMs, late, unreportedBytes }: PacketResult): number {
    if (arrivedAtMs === undefined) this.#lost += 1;
    if (late) {
      // It was counted as lost.
      this.#lost -= 1;
      return 0;
    }
    this.#packets += 1;
    // Some of what was sent before the first was sent before the beginning.
    const besideBytes = this.#packets === 1 ? 0 : unreportedBytes;
    this.#bytes += bytes + besideBytes;
    const goneBytes = ((sentAtMs - this.#waitingAtMs) * this.bitsPerSecond) / 8000;
    this.#waitingAtMs = sentAtMs;
    const waitingBytes = Math.max(0, this.#waitingBytes + besideBytes - goneBytes);
    this.#waitingBytes = waitingBytes + bytes;
    const waitMs = (waitingBytes * 8000) / this.bitsPerSecond;
    return waitMs < BURST_MS ? 0 : waitMs;
  }

  get #isLossy(): boolean {
    return this.#lost > Math.max(MAX_CHANCE, (MAX_LOSS + this.#ownLoss) * this.#packets);
  }
}
