/** So long must a path carry all that is sent to it before its limit is forgotten; twice as long each time that it is found again soon. */
const FORGET_MS = 10_000;
const MAX_FORGET_MS = 320_000;
/** What is found again later is another one. */
const AGAIN_MS = 60_000;

/**
 * Whether something has shown a limit of the path. One that was found by a short disturbance must not hold back for ever what is sent in bursts; one that
 * is always found again must not be tried time and again.
 */
export class FoundLimit {
  #isKnown = false;
  #forgetMs = FORGET_MS;
  #roomSinceMs: number | undefined;
  #forgottenAtMs = Number.NEGATIVE_INFINITY;

  get isKnown(): boolean {
    return this.#isKnown;
  }

  found(nowMs: number): void {
    this.#roomSinceMs = undefined;
    if (this.#isKnown) return;
    this.#isKnown = true;
    const isAgain = nowMs - this.#forgottenAtMs < AGAIN_MS;
    this.#forgetMs = isAgain ? Math.min(2 * this.#forgetMs, MAX_FORGET_MS) : FORGET_MS;
  }

  /** @param hasRoom the path carries all that is sent, and would carry more */
  look(hasRoom: boolean, nowMs: number): void {
    if (!hasRoom) this.#roomSinceMs = undefined;
    else this.#roomSinceMs ??= nowMs;
    if (!this.#isKnown || this.#roomSinceMs === undefined || nowMs - this.#roomSinceMs < this.#forgetMs) return;
    this.#isKnown = false;
    this.#forgottenAtMs = nowMs;
  }
}
