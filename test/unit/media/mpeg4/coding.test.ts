import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CodedPicture } from '../../../../src/media/coded-picture.ts';
import { Mpeg4Coding } from '../../../../src/media/mpeg4/coding.ts';
import { readHeaders } from '../../../../src/media/mpeg4/headers.ts';
import { anyBytes, hex } from '../rtp-bytes.ts';

/** Of ffmpeg's encoder, 320 by 240: visual object sequence, visual object, video object, video object layer. */
const HEADERS = hex('000001b001 000001b58913 00000100 0000012000 c48d8800cd0a041e1443');
/** Start code, and the type of the picture in the two bits behind it. */
const I_VOP = hex('000001b6 10 aabbcc');
const P_VOP = hex('000001b6 50 ddeeff');
const B_VOP = hex('000001b6 90 ddeeff');
const GROUP = hex('000001b3 00100700');

interface Packet {
  payload: Buffer;
  timestamp?: number;
  marker?: boolean;
  gap?: boolean;
}

const coding = (config?: Buffer): Mpeg4Coding =>
  new Mpeg4Coding(new Map(config === undefined ? [] : [['config', config.toString('hex')]]));

function read(packets: readonly Packet[], subject = coding(HEADERS)): CodedPicture[] {
  return packets.flatMap(({ payload, timestamp = 0, marker = true, gap = false }) =>
    subject.push({ payloadType: 96, sequenceNumber: 0, ssrc: 1, timestamp, marker, payload }, gap),
  );
}

describe('MPEG-4 out of its packets', () => {
  it('is whole pictures, with the headers of the session description before those at which decoding can start', () => {
    const pictures = read([
      { payload: Buffer.concat([GROUP, I_VOP]), marker: false },
      { payload: hex('0102') },
      { payload: P_VOP, timestamp: 3000 },
      { payload: B_VOP, timestamp: 6000 },
    ]);
    expect(pictures.map(({ units, keyframe, bidirectional }) => [units, keyframe, bidirectional])).toEqual([
      [[Buffer.concat([HEADERS, GROUP, I_VOP, hex('0102')])], true, false],
      [[P_VOP], false, false],
      [[B_VOP], false, true],
    ]);
  });

  it('has those in band where they come, and learns them', () => {
    const subject = coding();
    expect(read([{ payload: I_VOP }], subject)).toMatchObject([{ keyframe: false }]);
    const inBand = Buffer.concat([HEADERS, I_VOP]);
    expect(read([{ payload: inBand, timestamp: 3000 }], subject)).toMatchObject([{ keyframe: true, units: [inBand] }]);
    expect(read([{ payload: I_VOP, timestamp: 6000 }], subject)).toMatchObject([{ keyframe: true, units: [inBand] }]);
    expect(read([{ payload: HEADERS, timestamp: 9000 }], subject)).toMatchObject([{ hasPicture: false, damaged: false }]);
  });

  it('tells several pictures of one packet apart, each at the time that it says (RFC 6416 section 5.1)', () => {
    // Type, modulo_time_base, marker, vop_time_increment of five bits, of 25 a second.
    const vop = (type: string, seconds: number, ticks: number): Buffer => {
      const bits = `${type}${'1'.repeat(seconds)}01${ticks.toString(2).padStart(5, '0')}`.padEnd(16, '1');
      return Buffer.concat([
        hex('000001b6'),
        Buffer.from([bits.slice(0, 8), bits.slice(8)].map((byte) => Number.parseInt(byte, 2))),
      ]);
    };
    const [p, q, i, r] = [vop('01', 0, 23), vop('01', 0, 24), vop('00', 0, 0), vop('01', 0, 1)];
    const pictures = read([{ payload: Buffer.concat([p, q, GROUP, i, r]), timestamp: 0xffff_f000 }]);
    expect(pictures.map(({ units, keyframe, timestamp }) => [units, keyframe, timestamp])).toEqual([
      [[p], false, 0xffff_f000],
      [[q], false, 0xffff_f000 + 3600],
      [[Buffer.concat([HEADERS, GROUP, i])], true, 7200 - 0x1000],
      [[r], false, 10_800 - 0x1000],
    ]);
    // Without the header of a group the seconds are counted from picture to picture.
    const [late, early] = [vop('01', 0, 24), vop('01', 1, 0)];
    expect(read([{ payload: Buffer.concat([late, early]) }]).map(({ timestamp }) => timestamp)).toEqual([0, 3600]);
  });

  it('reads the size and whether there are fields', () => {
    expect(readHeaders(HEADERS)?.format).toEqual({ width: 320, height: 240, interlaced: false, resolution: 25 });
    expect(readHeaders(HEADERS.subarray(0, 20))?.format).toBeUndefined();
    expect(readHeaders(I_VOP)).toBeUndefined();
  });

  it('is damaged where a packet is missing, and says where those before it are', () => {
    const pictures = read([
      { payload: I_VOP, marker: false },
      { payload: hex('0102'), gap: true },
      { payload: P_VOP, timestamp: 3000, gap: true },
      { payload: hex('0304'), timestamp: 6000, gap: true },
    ]);
    expect(pictures.map(({ damaged, lostBefore }) => [damaged, lostBefore])).toEqual([
      [true, false],
      [false, true],
      [true, false],
    ]);
  });

  it('ends with the next timestamp where there is no marker', () => {
    const packets = [I_VOP, P_VOP, P_VOP].map((payload, index) => ({ payload, timestamp: index * 3000, marker: false }));
    expect(read(packets).map(({ timestamp }) => timestamp)).toEqual([0, 3000]);
  });

  it('is bounded where a picture never ends', () => {
    const subject = coding(HEADERS);
    const endless = Array.from({ length: 200 }, () => ({ payload: Buffer.concat([I_VOP, Buffer.alloc(60_000)]), marker: false }));
    read(endless, subject);
    expect(subject.malformed).toBeGreaterThan(0);
    const [ended] = read([{ payload: P_VOP }], subject);
    expect(ended?.damaged).toBe(true);
    expect(ended?.units[0]?.length).toBeLessThan(100);
  });

  it('looks at no more than 512 start codes, and at nothing of what is damaged', () => {
    const userData = (count: number): Buffer => Buffer.alloc(count * 4, hex('000001b2'));
    const picturesBehind = (count: number): boolean[] =>
      read([{ payload: Buffer.concat([userData(count), I_VOP]) }]).map(({ hasPicture }) => hasPicture);
    expect([picturesBehind(511), picturesBehind(512)]).toEqual([[true], [false]]);
    const [cut] = read([
      { payload: I_VOP, marker: false },
      { payload: I_VOP, gap: true },
    ]);
    expect(cut).toMatchObject({ damaged: true, hasPicture: false, units: [Buffer.alloc(0)] });
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ payload: anyBytes(60), timestamp: fc.nat(2), marker: fc.boolean() }), { maxLength: 20 }),
        anyBytes(40),
        (packets, config) => {
          read(packets, coding(config));
        },
      ),
    );
  });
});
