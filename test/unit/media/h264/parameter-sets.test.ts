import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ParameterSets } from '../../../../src/media/h264/parameter-sets.ts';
import { hex } from '../rtp-bytes.ts';

/** Behind profile, flags and level: seq_parameter_set_id as ue(v): 1 is 0, 010 is 1, 00100 is 3. */
const SPS_0 = hex('67 42c01f da01');
const SPS_0_LARGER = hex('67 42c028 da02');
const SPS_1 = hex('67 42c01f 5a01');
const SPS_3 = hex('67 42c01f 2501');
/** pic_parameter_set_id comes first in a PPS. */
const PPS_0 = hex('68 ce3c80');
const PPS_0_NEW = hex('68 ce3c81');
const PPS_1 = hex('68 4e3c80');
const IDR = hex('65 8884');
const SLICE = hex('41 9a02');

const sprop = (...sets: Buffer[]): string => sets.map((set) => set.toString('base64')).join(',');

describe('H.264 parameter sets', () => {
  it('puts those of the SDP before each IDR of a camera that never sends them in band', () => {
    const sets = new ParameterSets(sprop(SPS_0, PPS_0));
    expect(sets.complete).toBe(true);
    for (let picture = 0; picture < 3; picture += 1) {
      expect(sets.apply([IDR])).toEqual([SPS_0, PPS_0, IDR]);
      expect(sets.apply([SLICE])).toEqual([SLICE]);
    }
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['unreadable', '!!!,,=,Z,AAAA'],
  ])('learns them in band when those of the SDP are %s', (_, value) => {
    const sets = new ParameterSets(value);
    expect(sets.complete).toBe(false);
    expect(sets.apply([IDR])).toEqual([IDR]);
    expect(sets.apply([SPS_0, PPS_0, IDR])).toEqual([SPS_0, PPS_0, IDR]);
    expect(sets.complete).toBe(true);
    expect(sets.apply([IDR])).toEqual([SPS_0, PPS_0, IDR]);
  });

  it('takes a change mid-stream: the newer set of an id replaces the older', () => {
    const sets = new ParameterSets(sprop(SPS_0, PPS_0));
    expect(sets.apply([SPS_0_LARGER, PPS_0_NEW, IDR])).toEqual([SPS_0_LARGER, PPS_0_NEW, IDR]);
    expect(sets.apply([IDR])).toEqual([SPS_0_LARGER, PPS_0_NEW, IDR]);
  });

  it('keeps sets of different ids apart, and puts every SPS before every PPS', () => {
    const sets = new ParameterSets(sprop(PPS_1, SPS_3, PPS_0));
    expect(sets.apply([SPS_1, IDR])).toEqual([SPS_3, SPS_1, PPS_1, PPS_0, IDR]);
  });

  it('keeps sets that came without a picture', () => {
    const sets = new ParameterSets();
    expect(sets.apply([SPS_0, PPS_0])).toEqual([SPS_0, PPS_0]);
    expect(sets.apply([IDR])).toEqual([SPS_0, PPS_0, IDR]);
  });

  it('leaves out delimiters and filler, and keeps SEI in its place', () => {
    const sets = new ParameterSets();
    expect(sets.apply([hex('09 10'), SPS_0, PPS_0, hex('06 0501'), IDR, hex('0c ff80')])).toEqual([
      SPS_0,
      PPS_0,
      hex('06 0501'),
      IDR,
    ]);
    expect(sets.apply([hex('09 30'), SLICE])).toEqual([SLICE]);
  });

  it('keeps copies, so that what it was given can be let go or change', () => {
    const sps = Buffer.from(SPS_0);
    const sets = new ParameterSets();
    sets.apply([sps, PPS_0, IDR]);
    sps.fill(0);
    expect(sets.apply([IDR])).toEqual([SPS_0, PPS_0, IDR]);
  });

  it('keeps a bounded number, of a bounded size', () => {
    const sets = new ParameterSets();
    const many = Array.from({ length: 200 }, (_, id) => {
      const code = (id + 1).toString(2);
      const bits = `${'0'.repeat(code.length - 1)}${code}`.padEnd(24, '1');
      return Buffer.concat([hex('68'), Buffer.from([0, 8, 16].map((at) => Number.parseInt(bits.slice(at, at + 8), 2)))]);
    });
    const kept = sets.apply([...many, IDR]).length - 1;
    expect(kept).toBeGreaterThanOrEqual(16);
    expect(kept).toBeLessThanOrEqual(64);

    const bounded = new ParameterSets();
    bounded.apply([Buffer.concat([SPS_0, Buffer.alloc(100_000, 1)]), PPS_0]);
    expect(bounded.complete).toBe(false);
  });

  it('never throws, whatever the SDP and the NAL units', () => {
    const nal = fc
      .tuple(fc.constantFrom(0x67, 0x68, 0x65, 0x41), fc.uint8Array({ maxLength: 8 }))
      .map(([header, rest]) => Buffer.from([header, ...rest]));
    fc.assert(
      fc.property(fc.option(fc.string(), { nil: undefined }), fc.array(nal, { maxLength: 6 }), (value, accessUnit) => {
        expect(new ParameterSets(value).apply(accessUnit).length).toBeLessThanOrEqual(accessUnit.length * 2 + 32);
      }),
    );
  });
});
