/** Pictures that are late by no more are held back long enough by a viewer of its own accord. */
const NEEDED_MS = 80;
/** What is live is to stay so. */
const MAX_MS = 500;
/** Of steps of 10 ms in which it is said: smaller changes help nobody. */
const STEP_MS = 20;
/** The latest is looked for in this and the former period, each longer than from one keyframe to the next. */
const PERIOD_MS = 10_000;
/** A viewer is sent what it starts with at once: that is not how live pictures come. */
const START_MS = 3000;

/**
 * How long a viewer is to hold back pictures, so that none of them is shown late: a keyframe takes a path with little room for many times as long as other pictures, and what
 * was lost comes a round trip later. Browsers learn that slowly, or not at all, and show each keyframe late. Pure: milliseconds on one monotonic clock.
 */
export class PlayoutDelay {
  readonly #queue = new MostOfLate();
  readonly #wait = new MostOfLate();
  #startedAtMs: number | undefined;
  #lostAtMs = Number.NEGATIVE_INFINITY;

  /**
   * Takes what is seen of late.
   *
   * @param queueMs how much longer than others a packet was under way at most
   * @param lossShare of packets, 0 to 1
   */
  take(queueMs: number, lossShare: number, nowMs: number): void {
    this.#startedAtMs ??= nowMs;
    if (nowMs - this.#startedAtMs < START_MS) return;
    this.#queue.take(queueMs, nowMs);
    if (lossShare > 0) this.#lostAtMs = nowMs;
  }

  /** A picture has waited so long to be sent. */
  waited(milliseconds: number, nowMs: number): void {
    if (this.#startedAtMs === undefined || nowMs - this.#startedAtMs < START_MS) return;
    this.#wait.take(milliseconds, nowMs);
  }

  /**
   * Milliseconds that pictures are to be held back at least; 0: the viewer knows best.
   *
   * @param roundTripMs with what the viewer waits with its feedback
   */
  milliseconds(roundTripMs: number, nowMs: number): number {
    const repairMs = nowMs - this.#lostAtMs < PERIOD_MS ? roundTripMs : 0;
    const lateMs = this.#queue.at(nowMs) + this.#wait.at(nowMs) + repairMs;
    return lateMs <= NEEDED_MS ? 0 : Math.min(Math.ceil(lateMs / STEP_MS) * STEP_MS, MAX_MS);
  }
}

/** The most of what was taken in the last one to two periods; 0 where that was nothing. */
class MostOfLate {
  #most = 0;
  #formerMost = 0;
  #periodStartMs = Number.NEGATIVE_INFINITY;

  take(value: number, nowMs: number): void {
    this.#look(nowMs);
    this.#most = Math.max(this.#most, value);
  }

  at(nowMs: number): number {
    this.#look(nowMs);
    return Math.max(this.#most, this.#formerMost);
  }

  #look(nowMs: number): void {
    const elapsedMs = nowMs - this.#periodStartMs;
    if (elapsedMs < PERIOD_MS) return;
    this.#formerMost = elapsedMs < 2 * PERIOD_MS ? this.#most : 0;
    this.#most = 0;
    this.#periodStartMs = nowMs;
  }
}
