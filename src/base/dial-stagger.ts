/** Waits until it is the caller's turn to connect to `address`; returns without one when the signal is aborted. Never rejects. */
export type DialTurn = (address: string, signal: AbortSignal) => Promise<void>;

export interface DialStaggerOptions {
  /** Least time from one turn to the next, milliseconds; default 25. */
  everyMs?: number;
  /** The same for turns to one address, milliseconds; default `everyMs`. */
  sameAddressMs?: number;
}

const EVERY_MS = 25;
/** A turn that was given to somebody who may be busy counts as begun after so long at the latest. */
const HOLD_MS = 1000;
/** Who begins later than this after its turn came holds up nobody by the next one. */
const PROMPT_MS = 100;

interface Place {
  address: string;
  /** Whose turn it is until it is done with; undefined: it begins at once. */
  holder: number | undefined;
  givenAt: number;
  go: () => void;
}

/** No waiting, for what is put together without a gateway around it. */
export const atOnce: DialTurn = () => Promise.resolve();

/**
 * Gives turns to those who want to connect, first come first served, never two at the same moment: at start, and when a whole site comes
 * back from a power cut, where jitter alone would leave hundreds of attempts within a fraction of a second. It spaces beginnings and
 * does not wait for ends: what does not answer holds up nobody. One who waits for its address, or for who is busy, is overtaken by those of others.
 */
export class DialStagger {
  readonly #everyMs: number;
  readonly #sameAddressMs: number;
  readonly #waiting: Place[] = [];
  #lastAt = Number.NEGATIVE_INFINITY;
  /** By address, oldest first; only those of which the next turn may still have to wait. */
  readonly #lastByAddress = new Map<string, number>();
  /** By holder: what has its turn, and has not begun. */
  readonly #held = new Map<number, Place>();
  /** Holders that were not prompt the last time. */
  readonly #slow = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor({ everyMs = EVERY_MS, sameAddressMs = everyMs }: DialStaggerOptions = {}) {
    this.#everyMs = everyMs;
    this.#sameAddressMs = sameAddressMs;
  }

  readonly turn: DialTurn = (address, signal) => this.#wait(address, undefined, signal);

  /**
   * A turn for somebody who may not begin at once, as in a thread that is busy. The time of those behind it runs from when the signal is aborted, which says
   * that this one has begun or will not, or from a second later. Until then its holder gets no other turn, since it would use all of them together, and is
   * overtaken. One that was slow the last time holds up only who wants the same address.
   *
   * @param holder number of who does not begin at once, the same for all that it is busy with
   */
  hold(address: string, holder: number, signal: AbortSignal): Promise<void> {
    return this.#wait(address, holder, signal);
  }

  #wait(address: string, holder: number | undefined, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const leave = (): void => {
      signal.removeEventListener('abort', leave);
      const at = this.#waiting.indexOf(place);
      if (at !== -1) this.#waiting.splice(at, 1);
      resolve();
      if (holder !== undefined && this.#held.get(holder) === place) this.#release(holder, place);
      this.#giveTurns();
    };
    const place: Place = { address, holder, givenAt: 0, go: holder === undefined ? leave : resolve };
    signal.addEventListener('abort', leave);
    this.#waiting.push(place);
    this.#giveTurns();
    return promise;
  }

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
    const { place } = next;
    this.#waiting.splice(this.#waiting.indexOf(place), 1);
    this.#note(place, now);
    place.givenAt = now;
    if (place.holder !== undefined) this.#held.set(place.holder, place);
    place.go();
    if (place.holder !== undefined) this.#giveTurns();
  }

  #release(holder: number, place: Place): void {
    this.#held.delete(holder);
    const now = performance.now();
    if (now - place.givenAt > PROMPT_MS) this.#slow.add(holder);
    else this.#slow.delete(holder);
    this.#note(place, now);
  }

  #note({ address }: Place, now: number): void {
    this.#lastAt = now;
    this.#lastByAddress.delete(address);
    this.#lastByAddress.set(address, now);
  }

  /** Who is due, or will be first, of those whose holder has no turn. */
  #next(now: number): { place: Place; dueAt: number } | undefined {
    let lastAt = this.#lastAt;
    const heldUntil = new Map<string, number>();
    for (const [holder, { address, givenAt }] of this.#held) {
      heldUntil.set(address, givenAt + HOLD_MS);
      if (!this.#slow.has(holder)) lastAt = Math.max(lastAt, givenAt + HOLD_MS);
    }
    let next: { place: Place; dueAt: number } | undefined;
    for (const place of this.#waiting) {
      if (place.holder !== undefined && this.#held.has(place.holder)) continue;
      const after = Math.max(heldUntil.get(place.address) ?? -Infinity, this.#lastByAddress.get(place.address) ?? -Infinity);
      const dueAt = Math.max(lastAt + this.#everyMs, after + this.#sameAddressMs);
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
