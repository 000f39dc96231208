import type { StreamReader } from './stream.ts';

/** The viewers of a stream. A fault in what serves one of them must reach neither the camera's connection nor the others. */
export class Readers {
  /** With what is called where one of them throws. */
  readonly #readers = new Map<StreamReader, (error: unknown) => void>();
  readonly #onRemoved: () => void;

  /** @param onRemoved one is gone, for whatever reason */
  constructor(onRemoved: () => void) {
    this.#onRemoved = onRemoved;
  }

  get count(): number {
    return this.#readers.size;
  }

  add(reader: StreamReader, onFailure: (error: unknown) => void): void {
    this.#readers.set(reader, onFailure);
  }

  remove(reader: StreamReader): void {
    if (this.#readers.delete(reader)) this.#onRemoved();
  }

  some(predicate: (reader: StreamReader) => boolean): boolean {
    for (const reader of this.#readers.keys()) if (predicate(reader)) return true;
    return false;
  }

  each(give: (reader: StreamReader) => void): void {
    for (const reader of this.#readers.keys()) this.give(reader, give);
  }

  /** To one of them, as long as it is one. */
  give(reader: StreamReader, give: (reader: StreamReader) => void): void {
    const onFailure = this.#readers.get(reader);
    if (onFailure === undefined) return;
    try {
      give(reader);
    } catch (error) {
      this.remove(reader);
      onFailure(error);
    }
  }
}
