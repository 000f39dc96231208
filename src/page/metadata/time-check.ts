/** Documents are later than the picture by what the analytics takes, and earlier by what the picture waits in the browser: both less than this. */
const OFF_MS = 2000;
/** Documents of which the middle counts: a single wrong one, or a burst after a break, says nothing. */
const DOCUMENTS = 9;
const ENOUGH = 5;

/** Notices that the times in the metadata are not of the clock of the picture: a time zone forgotten, a clock of its own. */
export class TimeCheck {
  #differences: number[] = [];

  /** @param differenceMs time of the newest frame of a document minus that of the picture shown as it came */
  add(differenceMs: number): void {
    this.#differences = [...this.#differences, differenceMs].slice(-DOCUMENTS);
  }

  clear(): void {
    this.#differences = [];
  }

  /** How far the metadata are ahead of the picture, milliseconds, negative when behind; null where they are not off. */
  get offMs(): number | null {
    if (this.#differences.length < ENOUGH) return null;
    const median = this.#differences.toSorted((a, b) => a - b)[Math.floor(this.#differences.length / 2)] ?? 0;
    return Math.abs(median) > OFF_MS ? median : null;
  }
}
