import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { levelName, profileLevelId, profileName } from '../../../../src/media/h264/profile-name.ts';
import { parsePictureParameters, parseSequenceParameters } from '../../../../src/media/h264/sequence-parameters.ts';
import { SPS } from '../h264-camera.ts';
import { anyBytes, hex } from '../rtp-bytes.ts';

/* What encoders make is read in test/interop/encoder-analysis.test.ts; here is what they do not make. */

/** A NAL unit of bits written by hand, with the stop bit behind them. */
function nalOf(header: number, ...bits: string[]): Buffer {
  const all = `${bits.join('').replaceAll(' ', '')}1`;
  const padded = all.padEnd(Math.ceil(all.length / 8) * 8, '0');
  return Buffer.from([header, ...(padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))]);
}

/** profile_idc 100, no constraints, level 4.0, id 0, 4:2:0 in 8 bits, no bypass. */
const HIGH = '01100100 00000000 00101000 1 010 1 1 0';
/** 4 bits of frame_num, order of decoding, one reference, no gaps. */
const ORDER = '1 011 010 0';
/** 40 by 23 macroblocks, frames only, the last 8 lines cropped, no VUI. */
const SIZE = '00000101000 000010111 1 1 1 1 1 1 00101 0';

describe('H.264 sequence parameters', () => {
  it('stand behind scaling lists: whole ones, absent ones, one that ends early', () => {
    const lists = ['1', '1'.repeat(16), '00000', '1', '1'.repeat(64), '1', '000010001'];
    expect(parseSequenceParameters(nalOf(0x67, HIGH, '1', ...lists, ORDER, SIZE))).toMatchObject({
      width: 640,
      height: 360,
      levelIdc: 40,
    });
  });

  it('may count pictures by a cycle of offsets (type 1)', () => {
    // Two offsets in the cycle, as se(v).
    const cycle = '1 010 0 1 1 011 010 011 010 0';
    expect(parseSequenceParameters(nalOf(0x67, HIGH, '0', cycle, SIZE))).toMatchObject({
      width: 640,
      slice: { pictureOrderType: 1, pictureOrderBits: 0 },
    });
  });

  it('are none where they end early, are too large or another kind of NAL unit', () => {
    for (let length = 0; length < 12; length += 1) expect(parseSequenceParameters(SPS.subarray(0, length))).toBeUndefined();
    expect(parseSequenceParameters(nalOf(0x68, HIGH, '0', ORDER, SIZE))).toBeUndefined();
    const huge = '000000000000001000000000000001 000010111 1 1 0 0';
    expect(parseSequenceParameters(nalOf(0x67, HIGH, '0', ORDER, huge))).toBeUndefined();
    expect(parsePictureParameters(hex('68'))).toBeUndefined();
  });

  it('never throw, and never have a size that is none', () => {
    fc.assert(
      fc.property(anyBytes(80), (bytes) => {
        const parsed = parseSequenceParameters(Buffer.concat([hex('67 64'), bytes]));
        expect(parsed === undefined || (parsed.width > 0 && parsed.height > 0)).toBe(true);
      }),
    );
  });
});

describe('H.264 profiles and levels', () => {
  it.each([
    ['42c01f', 'Constrained Baseline', '3.1'],
    ['42001e', 'Baseline', '3.0'],
    ['4d0028', 'Main', '4.0'],
    ['640033', 'High', '5.1'],
    ['f40028', 'High 4:4:4 Predictive', '4.0'],
    // Level 1b has two forms (ITU-T H.264 section A.3.1).
    ['42f00b', 'Constrained Baseline', '1b'],
    ['640009', 'High', '1b'],
    ['ff0028', 'profile 255', '4.0'],
  ])('%s is %s at level %s', (id, profile, level) => {
    const [profileIdc = 0, constraints = 0, levelIdc = 0] = hex(id);
    const parameters = { profileIdc, constraints, levelIdc };
    expect([profileName(parameters), levelName(parameters), profileLevelId(parameters)]).toEqual([profile, level, id]);
  });
});
