import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hasPicture,
  isDiscardable,
  isKeyframe,
  nalType,
  splitAnnexB,
  splitAtStartCodes,
} from '../../../../src/media/h264/nal.ts';
import { hex } from '../rtp-bytes.ts';

describe('H.264 NAL units', () => {
  it('knows the type, whatever the reference bits', () => {
    expect([hex('67'), hex('47'), hex('07'), hex('e5'), Buffer.alloc(0)].map(nalType)).toEqual([7, 7, 7, 5, 0]);
  });

  it('knows keyframes and pictures', () => {
    const sets = [hex('67 42'), hex('68 ce'), hex('06 05'), hex('09 10')];
    expect([isKeyframe(sets), hasPicture(sets)]).toEqual([false, false]);
    expect([isKeyframe([...sets, hex('41 9a')]), hasPicture([...sets, hex('41 9a')])]).toEqual([false, true]);
    expect([isKeyframe([...sets, hex('65 88')]), hasPicture([hex('65 88')])]).toEqual([true, true]);
  });

  it('knows pictures that no other refers to: nothing in them is a reference (nal_ref_idc), and no parameter sets for others came with them', () => {
    const [sei, delimiter, sets] = [hex('06 05'), hex('09 10'), hex('68 ce')];
    expect(isDiscardable([delimiter, sei, hex('01 9a'), hex('01 1a')])).toBe(true);
    expect(isDiscardable([hex('01 9a'), hex('21 1a')])).toBe(false);
    expect(isDiscardable([hex('61 9a')])).toBe(false);
    expect(isDiscardable([sets, hex('01 9a')])).toBe(false);
    expect(isDiscardable([sei])).toBe(false);
  });

  it('splits a byte stream at start codes of three and four bytes and drops zero bytes behind a NAL unit (annex B)', () => {
    const stream = hex('00 000001 67 42 00000001 68 ce 000000 000001 65 88 00 000300 88 0000');
    expect(splitAnnexB(stream)).toEqual([hex('67 42'), hex('68 ce'), hex('65 88 00 000300 88')]);
  });

  it('splits what should be one NAL unit at no more than 512 start codes, with and without anything behind them', () => {
    const one = hex('000001 68');
    const many = Array.from({ length: 512 }, () => one);
    expect(splitAtStartCodes(Buffer.concat([hex('67 00'), ...many]))).toEqual([hex('67'), ...many.map(() => hex('68'))]);
    expect(splitAtStartCodes(Buffer.concat([...many, one]))).toBeUndefined();
    expect(splitAtStartCodes(Buffer.alloc(513 * 3, hex('000001')))).toBeUndefined();
  });

  it('finds nothing where there is no start code, and no empty NAL units', () => {
    expect(splitAnnexB(hex('67 42 00 00 02 68'))).toEqual([]);
    expect(splitAnnexB(hex('000001 000001 000001 65'))).toEqual([hex('65')]);
    expect(splitAnnexB(Buffer.alloc(0))).toEqual([]);
  });

  it('never gives more than there is, whatever the bytes', () => {
    const bytes = fc.array(fc.constantFrom(0, 0, 0, 1, 3, 0x65), { maxLength: 60 }).map((list) => Buffer.from(list));
    fc.assert(
      fc.property(bytes, (stream) => {
        const nals = splitAnnexB(stream);
        for (const nal of nals) {
          expect(nal.length).toBeGreaterThan(0);
          expect(nal.at(-1)).not.toBe(0);
          expect(nal.indexOf(hex('000001'))).toBe(-1);
        }
        expect(nals.reduce((sum, nal) => sum + nal.length + 3, 0)).toBeLessThanOrEqual(stream.length);
      }),
      { numRuns: 1000 },
    );
  });
});
