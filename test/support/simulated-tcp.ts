import type { SimulatedLink } from './simulated-link.ts';

const BYTES = 1460;
const FIRST_WINDOW = 10;

/** A download by TCP on a link (RFC 5681: slow start, congestion avoidance, half the window after a loss), without timeouts. */
export class SimulatedTcp {
  readonly #link: SimulatedLink;
  readonly #delayMs: number;
  #window = FIRST_WINDOW;
  #threshold = Number.POSITIVE_INFINITY;
  /** When what is under way is acknowledged, or found to be lost. */
  #onWay: { atMs: number; isLost: boolean }[] = [];
  #reducedAtMs = Number.NEGATIVE_INFINITY;

  /** @param delayMs one way */
  constructor(link: SimulatedLink, delayMs: number) {
    this.#link = link;
    this.#delayMs = delayMs;
  }

  /** To be called each millisecond; returns how many bytes were acknowledged. */
  tick(nowMs: number): number {
    const answered = this.#onWay.filter(({ atMs }) => atMs <= nowMs);
    if (answered.length > 0) this.#onWay = this.#onWay.filter(({ atMs }) => atMs > nowMs);
    for (const { isLost } of answered) this.#answer(isLost, nowMs);
    while (this.#onWay.length < Math.floor(this.#window)) {
      const arrivesAtMs = this.#link.send(BYTES, nowMs);
      const atMs = (arrivesAtMs ?? nowMs + this.#link.queueMs(nowMs) + this.#delayMs) + this.#delayMs;
      this.#onWay.push({ atMs, isLost: arrivesAtMs === undefined });
    }
    return answered.filter(({ isLost }) => !isLost).length * BYTES;
  }

  #answer(isLost: boolean, nowMs: number): void {
    if (!isLost) {
      this.#window += this.#window < this.#threshold ? 1 : 1 / this.#window;
      return;
    }
    // Of one window all losses are one.
    if (nowMs - this.#reducedAtMs < 2 * this.#delayMs + this.#link.queueMs(nowMs)) return;
    this.#reducedAtMs = nowMs;
    this.#window = Math.max(2, this.#window / 2);
    this.#threshold = this.#window;
  }
}
