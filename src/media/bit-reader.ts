/**
 * Bits of a NAL unit as the tables of ITU-T H.264 and H.265 read them. Never throws: beyond the end all bits are 0 and
 * {@link overrun} says so, which is looked at once, after the last field.
 */
export class BitReader {
  readonly #bytes: Buffer;
  #at = 0;
  #overrun = false;

  /**
   * @param nal with its header of `headerBytes`, which is passed over
   * @param maxBytes most bytes that are looked at: a slice's header stands at its beginning
   */
  constructor(nal: Buffer, headerBytes: number, maxBytes: number) {
    this.#bytes = withoutEmulationPrevention(nal.subarray(headerBytes, headerBytes + maxBytes));
  }

  /** True once more was read than there is, or a number longer than it may be: nothing read counts then. */
  get overrun(): boolean {
    return this.#overrun;
  }

  /** u(1) */
  flag(): boolean {
    return this.#bit() === 1;
  }

  /** u(n), for at most 32 bits. */
  unsigned(bits: number): number {
    let value = 0;
    for (let index = 0; index < bits; index += 1) value = value * 2 + this.#bit();
    return value;
  }

  skip(bits: number): void {
    this.#at += bits;
    if (this.#at > this.#bytes.length * 8) this.#overrun = true;
  }

  /** ue(v), H.264 section 9.1. */
  exponentialGolomb(): number {
    let zeros = 0;
    while (!this.#overrun && this.#bit() === 0) zeros += 1;
    if (zeros > 31) this.#overrun = true;
    return this.#overrun ? 0 : 2 ** zeros - 1 + this.unsigned(zeros);
  }

  /** se(v), H.264 section 9.1.1. */
  signedExponentialGolomb(): number {
    const code = this.exponentialGolomb();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  #bit(): number {
    const byte = this.#bytes[this.#at >> 3];
    if (byte === undefined) {
      this.#overrun = true;
      return 0;
    }
    const bit = (byte >> (7 - (this.#at & 7))) & 1;
    this.#at += 1;
    return bit;
  }
}

/** A 3 behind two zero bytes only keeps start codes out of the NAL unit (H.264 section 7.4.1, H.265 section 7.4.2). */
function withoutEmulationPrevention(bytes: Buffer): Buffer {
  if (!bytes.includes(EMULATION_PREVENTION)) return bytes;
  const kept: number[] = [];
  let zeros = 0;
  for (const byte of bytes) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    kept.push(byte);
  }
  return Buffer.from(kept);
}

const EMULATION_PREVENTION = Buffer.from([0, 0, 3]);
