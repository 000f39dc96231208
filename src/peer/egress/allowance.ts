export interface AllowanceOptions {
  /** May be spent of what is earned. */
  share: number;
  /** May be spent beside that. */
  perSecond: number;
  /** May be saved up. */
  most: number;
  /** Is there from the first. */
  first: number;
}

/** A token bucket that is filled by what is done, and a little by time. */
export class Allowance {
  readonly #options: AllowanceOptions;
  #left: number;
  #atMs: number | undefined;

  constructor(options: AllowanceOptions) {
    this.#options = options;
    this.#left = options.first;
  }

  earn(amount: number): void {
    this.#left += amount * this.#options.share;
  }

  /** True where nothing more may be spent now. */
  isSpent(nowMs: number): boolean {
    // The clock may be set back: that must not cost anything.
    const elapsedMs = Math.max(0, nowMs - (this.#atMs ?? nowMs));
    this.#atMs = nowMs;
    this.#left = Math.min(this.#options.most, this.#left + (elapsedMs / 1000) * this.#options.perSecond);
    return this.#left <= 0;
  }

  spend(amount: number): void {
    this.#left -= amount;
  }
}
