/** A queue that was not empty for so long, though all is sent by the estimate, is not of what is sent: that would have emptied. */
const FULL_MS = 10_000;
/** It is theirs until it was empty time and again for so long: no longer apart than a keyframe needs to go. */
const EMPTIED_MS = 3000;
const APART_MS = 1000;
/** What waits no longer found it empty. */
const EMPTY_QUEUE_MS = 10;
/** So many bytes more take a time of their own on a slow path: only packets of about one size are compared. */
const SIZE_BYTES = 400;
/** So much does it grow by what others send, within two seconds: TCP that looks for its limit. */
export const SHARED_GROWTH_MS = 150;
/** The least delay is that of the way, and of this and the former period as long as the queue empties. */
const PERIOD_MS = 10_000;
/** While it does not, the way may become longer, and clocks drift apart: by so much of the time the least delay is taken to grow. */
const DRIFT = 500e-6;

/**
 * Tells whether others keep the path's queue full, as a download by TCP does. Then that there is a queue says nothing of what the path carries: who gives way to it has nothing left
 * in the end. How fast it grows does, and what is lost. Times are milliseconds, sent and arrived on two clocks.
 */
export class SharedQueue {
  readonly #sizes: LeastDelay[] = [];
  /** Since when no packet found it empty. */
  #fullSinceMs: number | undefined;
  /** Since when packets find it empty time and again, and when the last one did. */
  #emptySinceMs: number | undefined;
  #emptiedAtMs = Number.NEGATIVE_INFINITY;
  #isShared = false;

  get isShared(): boolean {
    return this.#isShared;
  }

  /** Takes a packet; in the order of sending. */
  take(sentAtMs: number, arrivedAtMs: number, bytes: number): void {
    const least = (this.#sizes[Math.floor(bytes / SIZE_BYTES)] ??= new LeastDelay(sentAtMs));
    const isFull = this.#isShared || this.#fullSinceMs !== undefined;
    const isEmpty = least.take(sentAtMs, arrivedAtMs - sentAtMs, isFull) <= EMPTY_QUEUE_MS;
    this.#note(isEmpty, sentAtMs);
    this.#isShared = this.#isShared
      ? !isSince(this.#emptySinceMs, EMPTIED_MS, sentAtMs)
      : isSince(this.#fullSinceMs, FULL_MS, sentAtMs);
  }

  #note(isEmpty: boolean, nowMs: number): void {
    if (nowMs - this.#emptiedAtMs > APART_MS) this.#emptySinceMs = undefined;
    if (!isEmpty) {
      this.#fullSinceMs ??= nowMs;
      return;
    }
    this.#fullSinceMs = undefined;
    this.#emptySinceMs ??= nowMs;
    this.#emptiedAtMs = nowMs;
  }
}

/** Of packets of one size. */
class LeastDelay {
  #leastMs = Number.POSITIVE_INFINITY;
  #formerLeastMs = Number.POSITIVE_INFINITY;
  #periodStartMs: number;
  #newestMs: number;

  constructor(nowMs: number) {
    this.#periodStartMs = nowMs;
    this.#newestMs = nowMs;
  }

  /**
   * @param isFull the queue does not empty
   * @returns by how much a delay is more than the least
   */
  take(nowMs: number, delayMs: number, isFull: boolean): number {
    if (isFull) this.#grow(Math.max(0, nowMs - this.#newestMs) * DRIFT);
    else if (nowMs - this.#periodStartMs >= PERIOD_MS) {
      this.#periodStartMs = nowMs;
      this.#formerLeastMs = this.#leastMs;
      this.#leastMs = Number.POSITIVE_INFINITY;
    }
    this.#newestMs = nowMs;
    this.#leastMs = Math.min(this.#leastMs, delayMs);
    return delayMs - Math.min(this.#leastMs, this.#formerLeastMs);
  }

  #grow(milliseconds: number): void {
    this.#leastMs += milliseconds;
    this.#formerLeastMs += milliseconds;
  }
}

function isSince(sinceMs: number | undefined, durationMs: number, nowMs: number): boolean {
  return sinceMs !== undefined && nowMs - sinceMs >= durationMs;
}
