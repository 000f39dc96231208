/** Waits until it is the caller's turn to connect to `address`; returns without one when the signal is aborted. Never rejects. */
export type DialTurn = (address: string, signal: AbortSignal) => Promise<void>;

export interface DialStaggerOptions {
  /** Least time from one turn to the next, milliseconds; default 25. */
  everyMs?: number;
  /** The same for turns to one address, milliseconds; default `everyMs`. */
  sameAddressMs?: number;
}

const EVERY_MS = 25;

interface Place {
  address: string;
  go: () => void;
}

/** No waiting, for what is put together without a gateway around it. */
export const atOnce: DialTurn = () => Promise.resolve();

/**
 * Gives turns to those who want to connect, first come first served, never two at the same moment: at start, and when a whole site comes
 * back from a power cut, where jitter alone would leave hundreds of attempts within a fraction of a second. It spaces beginnings and
 * does not wait for ends: what does not answer holds up nobody. One who waits for its address is overtaken by those of others.
 */
export class DialStagger {
  readonly #everyMs: number;
  readonly #sameAddressMs: number;
  readonly #waiting: Place[] = [];
  #lastAt = Number.NEGATIVE_INFINITY;
  /** By address, oldest first; only those of which the next turn may still have to wait. */
  readonly #lastByAddress = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ everyMs = EVERY_MS, sameAddressMs = everyMs }: DialStaggerOptions = {}) {
    this.#everyMs = everyMs;
    this.#sameAddressMs = sameAddressMs;
  }

  readonly turn: DialTurn = (address, signal) => {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const leave = (): void => {
      signal.removeEventListener('abort', leave);
      const at = this.#waiting.indexOf(place);
      if (at !== -1) this.#waiting.splice(at, 1);
      resolve();
      this.#giveTurns();
    };
    const place: Place = { address, go: leave };
    signal.addEventListener('abort', leave);
    this.#waiting.push(place);
    this.#giveTurns();
    return promise;
  };

  #giveTurns(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    this.#forgetBefore(now - this.#sameAddressMs);
    const next = this.#next(now);
    if (next === undefined) return;
    if (next.dueAt > now) {
      this.#timer = setTimeout(() => this.#giveTurns(), Math.ceil(next.dueAt - now));
      return;
    }
    const { address, go } = next.place;
    this.#lastAt = now;
    this.#lastByAddress.delete(address);
    this.#lastByAddress.set(address, now);
    go();
  }

  /** Who is due, or will be first. */
  #next(now: number): { place: Place; dueAt: number } | undefined {
    let next: { place: Place; dueAt: number } | undefined;
    for (const place of this.#waiting) {
      const after = this.#lastByAddress.get(place.address) ?? Number.NEGATIVE_INFINITY;
      const dueAt = Math.max(this.#lastAt + this.#everyMs, after + this.#sameAddressMs);
      if (next === undefined || dueAt < next.dueAt) next = { place, dueAt };
      if (next.dueAt <= now) break;
    }
    return next;
  }

  #forgetBefore(time: number): void {
    for (const [address, at] of this.#lastByAddress) {
      if (at > time) return;
      this.#lastByAddress.delete(address);
    }
  }
}
