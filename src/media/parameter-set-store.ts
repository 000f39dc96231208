/** More parameter sets of a kind than any camera has; bounds what a stream can make us keep. */
const MAX_SETS = 32;
const MAX_SET_BYTES = 1024;

/** The newest parameter sets of one kind by id, in order of arrival. */
export class ParameterSetStore {
  readonly #sets = new Map<number, Buffer>();

  get isEmpty(): boolean {
    return this.#sets.size === 0;
  }

  /** In order of arrival. */
  get all(): Buffer[] {
    return [...this.#sets.values()];
  }

  /**
   * True when that is another than before.
   *
   * @param id undefined: it cannot be read, and is left out
   */
  keep(id: number | undefined, nal: Buffer): boolean {
    if (id === undefined || nal.length > MAX_SET_BYTES) return false;
    const known = this.#sets.get(id);
    if (known === undefined ? this.#sets.size >= MAX_SETS : known.equals(nal)) return false;
    // A copy: the NAL unit is a view of a chunk from the socket, which it would keep alive.
    this.#sets.set(id, Buffer.from(nal));
    return true;
  }
}
