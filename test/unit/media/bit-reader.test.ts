import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitReader, exponentialGolombAt } from '../../../src/media/bit-reader.ts';
import { anyBytes, hex } from './rtp-bytes.ts';

/** Bits as a NAL unit without a header. */
function readerOf(bits: string): BitReader {
  const padded = bits.replaceAll(' ', '').padEnd(Math.ceil(bits.replaceAll(' ', '').length / 8) * 8, '0');
  return new BitReader(Buffer.from((padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))), 0, 100);
}

describe('bits of a NAL unit', () => {
  it('are flags, numbers of some bits and Exp-Golomb codes (H.264 table 9-2)', () => {
    const reader = readerOf('1 0 101 1 010 011 00100 00111 0001000');
    expect([reader.flag(), reader.flag(), reader.unsigned(3)]).toEqual([true, false, 5]);
    expect([0, 1, 2, 3, 6, 7].map(() => reader.exponentialGolomb())).toEqual([0, 1, 2, 3, 6, 7]);
    expect(reader.overrun).toBe(false);
  });

  it('are signed codes (H.264 table 9-3)', () => {
    const reader = readerOf('1 010 011 00100 00101');
    expect([0, 1, 2, 3, 4].map(() => reader.signedExponentialGolomb())).toEqual(
      [0, 1, -1, 2, -2].map((value) => expect.closeTo(value) as number),
    );
  });

  it('are 32 of them at once, and are passed over', () => {
    const reader = new BitReader(hex('00 ffffffff a0'), 0, 100);
    reader.skip(8);
    expect(reader.unsigned(32)).toBe(0xffff_ffff);
    expect(reader.unsigned(4)).toBe(10);
  });

  it('begin behind the header, and leave out what keeps start codes away', () => {
    const reader = new BitReader(hex('67 00 00 03 01 00 00 03 03'), 1, 100);
    expect(reader.unsigned(24)).toBe(1);
    expect(reader.unsigned(24)).toBe(3);
    reader.flag();
    expect(reader.overrun).toBe(true);
  });

  it('end where the bytes end, and where they may be looked at no further', () => {
    expect(readerOf('').exponentialGolomb()).toBe(0);
    const short = new BitReader(hex('67 ffff'), 1, 1);
    expect(short.unsigned(8)).toBe(255);
    expect(short.overrun).toBe(false);
    expect(short.unsigned(8)).toBe(0);
    expect(short.overrun).toBe(true);
    const zeros = new BitReader(Buffer.alloc(100), 0, 100);
    expect(zeros.exponentialGolomb()).toBe(0);
    expect(zeros.overrun).toBe(true);
  });

  it('are read where they stand, up to 16 of them behind as many zeros, and no further', () => {
    expect(exponentialGolombAt(hex('67 28'), 1)).toBe(4);
    expect(exponentialGolombAt(hex('0000 ffff 80'), 0)).toBe(2 ** 17 - 2);
    expect(exponentialGolombAt(hex('0000 7fff c0'), 0)).toBeUndefined();
    expect(exponentialGolombAt(hex('00'), 0)).toBeUndefined();
    let reads = 0;
    const counted = new Proxy(Buffer.alloc(10_000), {
      get: (target, key): unknown => {
        reads += 1;
        return Reflect.get(target, key);
      },
    });
    expect(exponentialGolombAt(counted, 1)).toBeUndefined();
    expect(reads).toBeLessThan(100);
  });

  it('never throw', () => {
    fc.assert(
      fc.property(anyBytes(40), fc.array(fc.nat(40), { maxLength: 20 }), (bytes, steps) => {
        const reader = new BitReader(bytes, 1, 30);
        const values = steps.map((step) => {
          if (step % 3 === 0) reader.skip(step);
          return step % 3 === 1 ? reader.exponentialGolomb() : reader.unsigned(Math.min(step, 32));
        });
        expect(values.every((value) => value >= 0 && value < 2 ** 32)).toBe(true);
      }),
    );
  });
});
