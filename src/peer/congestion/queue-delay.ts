/** The least delay is looked for in this and the former period: the clocks of both sides drift apart, and paths change. */
const PERIOD_MS = 10_000;
/** What waits no longer found no queue. */
export const EMPTY_QUEUE_MS = 5;

/** How long packets wait in queues: their delay beyond the least that was seen of late. The clocks need not agree. */
export class QueueDelay {
  #leastMs = Number.POSITIVE_INFINITY;
  #formerLeastMs = Number.POSITIVE_INFINITY;
  #periodStartMs: number | undefined;
  #milliseconds = 0;
  #newestMs = 0;
  #emptyAtMs = 0;

  /** Of the newest packet. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** How long none of the packets found it empty, milliseconds. */
  get fullForMs(): number {
    return this.#newestMs - this.#emptyAtMs;
  }

  take(sentAtMs: number, arrivedAtMs: number): number {
    this.#periodStartMs ??= sentAtMs;
    const delayMs = arrivedAtMs - sentAtMs;
    if (sentAtMs - this.#periodStartMs >= PERIOD_MS) {
      this.#periodStartMs = sentAtMs;
      this.#formerLeastMs = this.#leastMs;
      this.#leastMs = delayMs;
    }
    this.#leastMs = Math.min(this.#leastMs, delayMs);
    this.#milliseconds = delayMs - Math.min(this.#leastMs, this.#formerLeastMs);
    this.#newestMs = sentAtMs;
    if (this.#milliseconds <= EMPTY_QUEUE_MS) this.#emptyAtMs = sentAtMs;
    return this.#milliseconds;
  }
}
