import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LatmDepacketizer } from '../../../../src/media/aac/latm-depacketizer.ts';
import { anyBytes, hex } from '../rtp-bytes.ts';
import { bitsOf, bitString } from './bit-string.ts';
import { placed, soundTrack } from './placed-packets.ts';

type Fields = (readonly [number, number])[];

/** AAC-LC, 16 kHz, mono, as AudioSpecificConfig. */
const LC_16K: Fields = [
  [2, 5],
  [8, 4],
  [1, 4],
  [0, 3],
];
/** The same at 48 kHz in stereo. */
const LC_48K: Fields = [
  [2, 5],
  [3, 4],
  [2, 4],
  [0, 3],
];

/** ISO/IEC 14496-3 table 1.42, version 0: one program, one layer. */
function streamMuxConfig(audio: Fields, subframes = 1, otherBits: Fields = [[0, 1]]): Fields {
  return [[0, 1], [1, 1], [subframes - 1, 6], [0, 4], [0, 3], ...audio, [0, 3], [0xff, 8], ...otherBits, [0, 1]];
}

function unit(byte: number, length: number): Buffer {
  return Buffer.alloc(length, byte);
}

/** PayloadLengthInfo and the access unit. */
function withLength(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.alloc(Math.floor(payload.length / 255), 255), Buffer.from([payload.length % 255]), payload]);
}

/** An audioMuxElement with its configuration, or that of before. */
function inBand(config: Fields | undefined, ...units: Buffer[]): Buffer {
  const start: Fields = config === undefined ? [[1, 1]] : [[0, 1], ...config];
  return bitString(...start, ...units.flatMap((each) => bitsOf(withLength(each))));
}

const CONFIG = bitString(...streamMuxConfig(LC_16K)).toString('hex');

function latm(fmtp: Readonly<Record<string, string>>, clockRate = 16_000, channels = 1): LatmDepacketizer {
  return new LatmDepacketizer(soundTrack('MP4A-LATM', clockRate, fmtp, channels));
}

describe('MP4A-LATM with its configuration in fmtp', () => {
  it('is described by it', () => {
    const { format } = latm({ cpresent: '0', config: bitString(...streamMuxConfig(LC_48K)).toString('hex') }, 90_000);
    expect(format).toEqual({ codec: 'AAC', clockRate: 90_000, channels: 2, config: hex('1190') });
  });

  it.each([1, 254, 255, 600])('gives an access unit of %i bytes with its time and length', (length) => {
    const subject = latm({ cpresent: '0', config: CONFIG });
    expect(subject.push(placed(withLength(unit(7, length)), { timestamp: 500 }))).toEqual([
      { payload: unit(7, length), timestamp: 1500, durationTicks: 1024, marker: false },
    ]);
  });

  it('gives all access units of an element, and of several elements', () => {
    const config = bitString(...streamMuxConfig(LC_16K, 2)).toString('hex');
    const subject = latm({ cpresent: '0', config });
    const payload = Buffer.concat([1, 2, 3, 4].map((byte) => withLength(unit(byte, byte * 10))));
    expect(subject.push(placed(payload)).map(({ payload: { length }, timestamp }) => [length, timestamp])).toEqual([
      [10, 1000],
      [20, 2024],
      [30, 3048],
      [40, 4072],
    ]);
  });

  it('reads access units of a fixed length', () => {
    // frameLengthType 1, frameLength 5: 25 bytes.
    const config = bitString([0, 1], [1, 1], [0, 6], [0, 4], [0, 3], ...LC_16K, [1, 3], [5, 9], [0, 1], [0, 1]).toString('hex');
    expect(latm({ cpresent: '0', config }).push(placed(unit(3, 25)))[0]?.payload).toEqual(unit(3, 25));
  });

  it('joins what comes in several packets, up to the marker or to the next timestamp', () => {
    const subject = latm({ cpresent: '0', config: CONFIG });
    const whole = withLength(unit(5, 400));
    expect(subject.push(placed(whole.subarray(0, 150), { marker: false }))).toEqual([]);
    expect(subject.push(placed(whole.subarray(150)))[0]?.payload).toEqual(unit(5, 400));
    expect(subject.push(placed(withLength(unit(6, 20)), { timestamp: 1024, marker: false }))).toEqual([]);
    const late = subject.push(placed(withLength(unit(7, 30)), { timestamp: 2048, marker: false }));
    expect(late.map(({ payload, timestamp }) => [payload, timestamp])).toEqual([[unit(6, 20), 2024]]);
    expect(subject.malformed).toBe(0);
  });

  it('drops the rest of an element of which a packet is missing', () => {
    const subject = latm({ cpresent: '0', config: CONFIG });
    const whole = withLength(unit(5, 400));
    subject.push(placed(whole.subarray(0, 150), { marker: false }));
    expect(subject.push(placed(whole.subarray(250), { gap: true }))).toEqual([]);
    expect(subject.push(placed(withLength(unit(1, 9)), { timestamp: 1024 }))).toHaveLength(1);
    // The beginning alone is missing, which nobody has seen.
    subject.push(placed(whole.subarray(0, 150), { timestamp: 2048, marker: false }));
    expect(subject.push(placed(whole.subarray(150), { timestamp: 2048 }))).toHaveLength(1);
    expect(subject.push(placed(whole.subarray(150), { timestamp: 3072, gap: true }))).toEqual([]);
    expect(subject.push(placed(withLength(unit(1, 9)), { timestamp: 4096 }))).toHaveLength(1);
    expect(subject.malformed).toBe(0);
  });

  it('gives what comes behind a loss at once, where each element has a packet of its own', () => {
    const subject = latm({ cpresent: '0', config: CONFIG });
    subject.push(placed(withLength(unit(5, 40))));
    expect(subject.push(placed(withLength(unit(6, 40)), { timestamp: 3072, gap: true }))).toHaveLength(1);
  });

  it('counts an element of more than 64 access units as malformed', () => {
    const subject = latm({ cpresent: '0', config: CONFIG });
    const tiny = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => withLength(unit(1, 1))));
    expect(subject.push(placed(tiny(64)))).toHaveLength(64);
    expect(subject.push(placed(tiny(65), { timestamp: 65_536 }))).toEqual([]);
    expect(subject.malformed).toBe(1);
  });

  it('is bounded where an element never ends', () => {
    const subject = latm({ cpresent: '0', config: CONFIG });
    for (let at = 0; at < 200; at += 1) subject.push(placed(unit(255, 1000), { marker: false }));
    expect(subject.malformed).toBe(3);
    const small = latm({ cpresent: '0', config: CONFIG });
    for (let at = 0; at < 8200; at += 1) small.push(placed(unit(255, 1), { marker: false }));
    expect(small.malformed).toBe(1);
  });
});

describe('MP4A-LATM with its configuration in band', () => {
  it.each(['1', undefined])('is described by its elements (cpresent %s)', (cpresent) => {
    const subject = latm(cpresent === undefined ? {} : { cpresent });
    const frames = subject.push(placed(inBand(streamMuxConfig(LC_48K), unit(0xaa, 300)), { timestamp: 0 }));
    expect(frames.map(({ payload }) => payload)).toEqual([unit(0xaa, 300)]);
    expect(subject.format).toMatchObject({ config: hex('1190'), channels: 2 });
    const { format } = subject;
    // Once more the same, then by reference to it.
    subject.push(placed(inBand(streamMuxConfig(LC_48K), unit(0xab, 10)), { timestamp: 1024 }));
    expect(subject.push(placed(inBand(undefined, unit(0xac, 20)), { timestamp: 2048 }))[0]?.payload).toEqual(unit(0xac, 20));
    expect(subject.format).toBe(format);
  });

  it('passes over other data behind the access units, in band and not', () => {
    const config = streamMuxConfig(LC_16K, 1, [
      [1, 1],
      [0, 1],
      [24, 8],
    ]);
    const payload = bitString([0, 1], ...config, ...bitsOf(withLength(unit(9, 12))), [0xabcdef, 24]);
    const units = latm({ cpresent: '1' }).push(placed(payload));
    expect(units.map(({ payload }) => payload)).toEqual([unit(9, 12)]);
    const element = Buffer.concat([withLength(unit(8, 10)), hex('01 02 03')]);
    const subject = latm({ cpresent: '0', config: bitString(...config).toString('hex') });
    expect(subject.push(placed(Buffer.concat([element, element]))).map(({ payload }) => payload)).toEqual([
      unit(8, 10),
      unit(8, 10),
    ]);
  });

  it('reads version 1, which says how long its configuration is', () => {
    const config: Fields = [[1, 1], [0, 1], [0, 2], [0, 8], [1, 1], [0, 6], [0, 4], [0, 3], [0, 2], [16, 8], ...LC_16K];
    const payload = bitString([0, 1], ...config, [0, 3], [0, 8], [0, 1], [0, 1], ...bitsOf(withLength(unit(4, 33))));
    const subject = latm({ cpresent: '1' });
    expect(subject.push(placed(payload))[0]?.payload).toEqual(unit(4, 33));
    expect(subject.format.config).toEqual(hex('1408'));
  });

  it('gives nothing before the first configuration, and counts it', () => {
    const subject = latm({ cpresent: '1' });
    expect(subject.push(placed(inBand(undefined, unit(1, 20))))).toEqual([]);
    expect(subject.malformed).toBe(1);
  });
});

describe('MP4A-LATM whose description is not right', () => {
  it('is read as access units that say their length, and described by rate and channels, without a config (mediamtx#3590)', () => {
    for (const fmtp of [{}, { cpresent: '0' }, { cpresent: '0', config: '' }]) {
      const subject = latm(fmtp);
      expect(subject.push(placed(withLength(unit(8, 300))))[0]?.payload).toEqual(unit(8, 300));
      expect(subject.format.config).toEqual(hex('1408'));
    }
  });

  it('is described by an AudioSpecificConfig in place of a StreamMuxConfig', () => {
    const subject = latm({ cpresent: '0', config: '1190' }, 48_000, 2);
    expect(subject.format.config).toEqual(hex('1190'));
    expect(subject.push(placed(withLength(unit(8, 30))))).toHaveLength(1);
  });

  it('never throws, and gives no more than came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyBytes(80), fc.nat(3), fc.boolean())),
        fc.constantFrom('0', '1', ''),
        (packets, cpresent) => {
          const subject = latm({ ...(cpresent === '' ? {} : { cpresent }), config: CONFIG });
          const frames = packets.flatMap(([payload, timestamp, marker]) => subject.push(placed(payload, { timestamp, marker })));
          const bytes = frames.reduce((sum, { payload }) => sum + payload.length, 0);
          expect(bytes).toBeLessThanOrEqual(packets.reduce((sum, [{ length }]) => sum + length, 0));
        },
      ),
    );
  });
});
