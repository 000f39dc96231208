/** An extension is asked for when this share of the time has passed. */
const EXTEND_AT_SHARE = 0.6;
const MIN_INTERVAL_MS = 250;
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface ExpiryOptions {
  /** Resolves with the seconds until the new end; rejects where the server does not agree. */
  extend: () => Promise<number>;
  onExpired: () => void;
}

/**
 * The end that a signaling server gives a session (ONVIF WebRTC section 5.2.7): asks for more time while there is time left, first at 60 % of it,
 * then at 60 % of the rest, until the server agrees or it is over.
 */
export class Expiry {
  readonly #options: ExpiryOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  /** The session ends so many seconds from now. */
  endsIn(seconds: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#wait(performance.now() + seconds * 1000);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #wait(expiresAt: number): void {
    const remaining = expiresAt - performance.now();
    if (remaining <= 0) {
      this.#options.onExpired();
      return;
    }
    const delay = Math.min(Math.max(remaining * EXTEND_AT_SHARE, MIN_INTERVAL_MS), remaining, MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.#wait(expiresAt);
      if (delay < remaining) void this.#extend();
    }, delay);
  }

  async #extend(): Promise<void> {
    try {
      this.endsIn(await this.#options.extend());
    } catch {
      // The session lives until its time is over, and the next attempt is set.
    }
  }
}
