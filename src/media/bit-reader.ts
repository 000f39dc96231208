import { Bits } from './bits.ts';

/** Bits of a NAL unit as the tables of ITU-T H.264 and H.265 read them. */
export class BitReader extends Bits {
  /**
   * @param nal with its header of `headerBytes`, which is passed over
   * @param maxBytes most bytes that are looked at: a slice's header stands at its beginning
   */
  constructor(nal: Buffer, headerBytes: number, maxBytes: number) {
    super(withoutEmulationPrevention(nal.subarray(headerBytes, headerBytes + maxBytes)));
  }

  /** ue(v), H.264 section 9.1. */
  exponentialGolomb(): number {
    let zeros = 0;
    while (!this.overrun && this.bit() === 0) zeros += 1;
    if (zeros > 31) this.fail();
    return this.overrun ? 0 : 2 ** zeros - 1 + this.unsigned(zeros);
  }

  /** se(v), H.264 section 9.1.1. */
  signedExponentialGolomb(): number {
    const code = this.exponentialGolomb();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
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

/** The ue(v) that starts at byte `offset` (H.264 section 9.1); undefined when it is not whole or over 16 bits. */
export function exponentialGolombAt(bytes: Buffer, offset: number): number | undefined {
  let zeros = 0;
  let bit = offset * 8;
  const bitAt = (index: number): number => ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
  // What is too long is not looked at to its end, which may be megabytes away.
  while (zeros <= 16 && bit < bytes.length * 8 && bitAt(bit) === 0) {
    zeros += 1;
    bit += 1;
  }
  if (zeros > 16 || bit + zeros >= bytes.length * 8) return undefined;
  let value = 0;
  for (let index = 0; index <= zeros; index += 1) value = value * 2 + bitAt(bit + index);
  return value - 1;
}
