/** What stays the same is said again after this long, milliseconds. */
const REPEAT_MS = 5 * 60_000;
/** Texts that are remembered; as many lines are written in {@link REPEAT_MS} at most, whatever is said. */
const MAX_TEXTS = 8;

/** Keeps what is tried every few seconds, and fails in one way or in several by turns, from filling the log. */
export class SaidLately {
  readonly #texts = new Map<string, { atMs: number; times: number }>();

  /**
   * To be asked each time that there is something to say.
   *
   * @returns how often it came since it was last said, with this time (1 where it is news); undefined where it is not to be said now
   */
  due(text: string): number | undefined {
    const now = performance.now();
    const known = this.#texts.get(text);
    if (known !== undefined && now - known.atMs < REPEAT_MS) {
      known.times += 1;
      return undefined;
    }
    if (known === undefined && !this.#hasRoom(now)) return undefined;
    this.#texts.set(text, { atMs: now, times: 0 });
    return (known?.times ?? 0) + 1;
  }

  /** All is well again: whatever comes next is news. */
  forget(): void {
    this.#texts.clear();
  }

  /** True as long as something was said since all was well. */
  get hasSpoken(): boolean {
    return this.#texts.size > 0;
  }

  #hasRoom(now: number): boolean {
    if (this.#texts.size < MAX_TEXTS) return true;
    const [oldest] = [...this.#texts].toSorted(([, a], [, b]) => a.atMs - b.atMs);
    if (oldest === undefined || now - oldest[1].atMs < REPEAT_MS) return false;
    return this.#texts.delete(oldest[0]);
  }
}
