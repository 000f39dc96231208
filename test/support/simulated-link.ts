import { Random } from '../fuzz/random.ts';

export interface LinkOptions {
  /** Bit/s, by time in milliseconds. */
  rate: (nowMs: number) => number;
  /** What waits longer is not taken in: milliseconds. */
  queueMs: number;
  /** One way, milliseconds. */
  delayMs: number;
  /** Goes at once behind a pause, however little the link carries: bytes of a token bucket, as of tc's tbf. */
  burstBytes?: number;
  /** Share of packets lost at random. */
  loss?: number;
  /** Bit/s of others on the same link, evenly spread; by time. */
  others?: (nowMs: number) => number;
  seed: number;
}

const OTHERS_BYTES = 1200;

/** A link with one queue, drop-tail, on a clock that the caller keeps. The same seed loses the same packets. */
export class SimulatedLink {
  readonly #options: LinkOptions;
  readonly #random: Random;
  #freeAtMs = 0;
  #othersAtMs = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  /** How long what comes now waits, milliseconds. */
  queueMs(nowMs: number): number {
    return Math.max(0, this.#freeAtMs - nowMs);
  }

  /** When a packet that is sent now arrives; undefined where it is lost. Packets are to be sent in the order of time. */
  send(bytes: number, nowMs: number): number | undefined {
    this.#sendOthers(nowMs);
    const isLost = this.#random.next() / 2 ** 32 < (this.#options.loss ?? 0);
    const servedAtMs = this.#serve(bytes, nowMs);
    return servedAtMs === undefined || isLost ? undefined : servedAtMs + this.#options.delayMs;
  }

  #sendOthers(nowMs: number): void {
    const { others } = this.#options;
    if (others === undefined) return;
    while (this.#othersAtMs <= nowMs) {
      const rate = others(this.#othersAtMs);
      if (rate > 0) this.#serve(OTHERS_BYTES, this.#othersAtMs);
      this.#othersAtMs += rate > 0 ? (OTHERS_BYTES * 8000) / rate : 10;
    }
  }

  #serve(bytes: number, nowMs: number): number | undefined {
    if (this.queueMs(nowMs) > this.#options.queueMs) return undefined;
    const { rate, burstBytes = 0 } = this.#options;
    const startMs = Math.max(nowMs - (burstBytes * 8000) / rate(nowMs), this.#freeAtMs);
    this.#freeAtMs = startMs + (bytes * 8000) / rate(startMs);
    return Math.max(nowMs, this.#freeAtMs);
  }
}
