/** How long to wait before the next attempt, growing with each failure. */
export interface BackoffOptions {
  /** First wait in milliseconds. */
  firstMs: number;
  /** Longest wait in milliseconds. */
  maxMs: number;
  /** By what each wait is longer than the one before. Default 2. */
  factor?: number;
  /** Share of the wait that is random, 0 to 1; spreads many clients that failed at the same moment. Default 0.3. */
  jitter?: number;
  /** Random numbers in [0, 1); a test may put its own in place. */
  random?: () => number;
}

/** Ascending waits with jitter, capped. */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = { factor: 2, jitter: 0.3, random: Math.random, ...options };
  }

  /** Failures in a row since the last {@link reset}. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure and says how many milliseconds to wait; `maxMs` overrides the cap for this once. */
  next(maxMs: number = this.#options.maxMs): number {
    const full = Math.min(maxMs, this.#options.firstMs * this.#options.factor ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return full * (1 - this.#options.jitter * this.#options.random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
