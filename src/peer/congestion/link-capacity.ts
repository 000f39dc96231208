/** Of a new rate in the average (draft-ietf-rmcat-gcc-02 section 5.5). */
const SMOOTHING = 0.05;
/** A rate further off than this many deviations is of another link. */
const DEVIATIONS = 3;
/** Least and greatest deviation, normalized by the average in kbit/s: Chromium's. */
const MIN_DEVIATION = 0.4;
const MAX_DEVIATION = 2.5;

/** Remembers at what rates the path was overused: near those the estimate goes up in small steps. Rates in bit/s. */
export class LinkCapacity {
  #kilobits: number | undefined;
  #deviation = MIN_DEVIATION;

  /** Undefined while there is none. */
  get bitsPerSecond(): number | undefined {
    return this.#kilobits === undefined ? undefined : this.#kilobits * 1000;
  }

  /** The path was overused when it delivered this. */
  overusedAt(bitsPerSecond: number): void {
    const kilobits = bitsPerSecond / 1000;
    if (this.#kilobits === undefined || this.#isOfAnotherLink(kilobits)) {
      this.#kilobits = kilobits;
      this.#deviation = MIN_DEVIATION;
      return;
    }
    const error = this.#kilobits - kilobits;
    this.#kilobits -= SMOOTHING * error;
    const deviation = (1 - SMOOTHING) * this.#deviation + (SMOOTHING * error * error) / Math.max(this.#kilobits, 1);
    this.#deviation = Math.min(Math.max(deviation, MIN_DEVIATION), MAX_DEVIATION);
  }

  /** More is delivered than the path ever could: it is another one. */
  delivered(bitsPerSecond: number): void {
    if (this.#kilobits !== undefined && bitsPerSecond / 1000 > this.#kilobits + this.#spread()) this.#kilobits = undefined;
  }

  #isOfAnotherLink(kilobits: number): boolean {
    return Math.abs(kilobits - (this.#kilobits ?? kilobits)) > this.#spread();
  }

  #spread(): number {
    return DEVIATIONS * Math.sqrt(this.#deviation * (this.#kilobits ?? 0));
  }
}
