/** Nine groups of seven bits are more than a number is exact to. */
const MAX_VARLEN_BYTES = 9;

/** Bytes of NUT, read one after the other. Behind the end there are zeros, and {@link overrun} says so. */
export class NutBytes {
  readonly #bytes: Buffer;
  #position = 0;
  #overrun = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get position(): number {
    return this.#position;
  }

  /** More was read than there is. */
  get overrun(): boolean {
    return this.#overrun;
  }

  has(length: number): boolean {
    return this.#position + length <= this.#bytes.length;
  }

  /** The next byte, which stays the next. */
  peek(): number {
    return this.#bytes[this.#position] ?? 0;
  }

  byte(): number {
    if (!this.has(1)) this.#overrun = true;
    const value = this.peek();
    this.#position += 1;
    return value;
  }

  /** A view of the next bytes; a shorter one at the end. */
  take(length: number): Buffer {
    if (!this.has(length)) this.#overrun = true;
    const bytes = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += length;
    return bytes;
  }

  /** An unsigned number: seven bits a byte, the most significant first, in all but the last with the highest bit set. */
  varlen(): number {
    let value = 0;
    for (let at = 0; at < MAX_VARLEN_BYTES; at += 1) {
      const next = this.byte();
      value = value * 128 + (next & 0x7f);
      if (next < 0x80 || this.#overrun) break;
    }
    return value;
  }

  /** A signed one: 0, 1, -1, 2, -2. */
  signed(): number {
    const value = this.varlen() + 1;
    return value % 2 === 1 ? -Math.floor(value / 2) : value / 2;
  }
}
