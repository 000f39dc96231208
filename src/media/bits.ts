/**
 * Bits of a buffer, highest first. Never throws: beyond the end all bits are 0 and {@link overrun} says so, which is looked at once, after
 * the last field.
 */
export class Bits {
  readonly #bytes: Buffer;
  #at = 0;
  #overrun = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** True once more was read than there is, or a number longer than it may be: nothing read counts then. */
  get overrun(): boolean {
    return this.#overrun;
  }

  /** Bits read so far. */
  get position(): number {
    return this.#at;
  }

  /** Goes back to a position that was read before. */
  set position(bits: number) {
    this.#at = bits;
  }

  get left(): number {
    return Math.max(0, this.#bytes.length * 8 - this.#at);
  }

  /** u(1) */
  flag(): boolean {
    return this.bit() === 1;
  }

  /** u(n), for at most 32 bits. */
  unsigned(bits: number): number {
    let value = 0;
    for (let index = 0; index < bits; index += 1) value = value * 2 + this.bit();
    return value;
  }

  skip(bits: number): void {
    this.#at += bits;
    if (this.#at > this.#bytes.length * 8) this.#overrun = true;
  }

  /** The next `count` bits, wherever they begin, as bytes; the last is filled up with zeros. A view of the buffer where they begin a byte. */
  take(count: number): Buffer {
    const [first, shift, bytes] = [this.#at >> 3, this.#at & 7, Math.ceil(count / 8)];
    this.skip(count);
    if (this.#overrun) return Buffer.alloc(0);
    if (shift === 0 && count % 8 === 0) return this.#bytes.subarray(first, first + bytes);
    const taken = Buffer.alloc(bytes);
    for (let index = 0; index < bytes; index += 1) {
      const pair = ((this.#bytes[first + index] ?? 0) << 8) | (this.#bytes[first + index + 1] ?? 0);
      taken[index] = (pair >> (8 - shift)) & 0xff;
    }
    if (count % 8 !== 0) taken[bytes - 1] = (taken[bytes - 1] ?? 0) & (0xff << (8 - (count % 8)));
    return taken;
  }

  protected bit(): number {
    const byte = this.#bytes[this.#at >> 3];
    if (byte === undefined) {
      this.#overrun = true;
      return 0;
    }
    const bit = (byte >> (7 - (this.#at & 7))) & 1;
    this.#at += 1;
    return bit;
  }

  protected fail(): void {
    this.#overrun = true;
  }
}
