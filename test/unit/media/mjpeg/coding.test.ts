import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CodedPicture } from '../../../../src/media/coded-picture.ts';
import { JpegCoding } from '../../../../src/media/mjpeg/coding.ts';
import { parseRtpPacket } from '../../../../src/media/rtp/packet.ts';
import { anyBytes, hex, rtpBytes } from '../rtp-bytes.ts';

/** RFC 2435 section 3.1: type specific, offset (3), type, quality, width and height in blocks of 8. */
const header = (offset: number, { type = 1, quality = 50, width = 40, height = 30, specific = 0 } = {}): Buffer =>
  Buffer.from([specific, offset >> 16, (offset >> 8) & 0xff, offset & 0xff, type, quality, width, height]);
/** Precision 0 and two tables of 64 bytes, all of one value. */
const tables = (value: number): Buffer => Buffer.concat([hex('00 00 0080'), Buffer.alloc(128, value)]);
const DATA = Buffer.from('some scan data that is in two packets');
const EOI = hex('ffd9');

interface Packet {
  payload: Buffer;
  timestamp?: number;
  marker?: boolean;
  gap?: boolean;
  extension?: Buffer;
}

function read(packets: readonly Packet[], subject = new JpegCoding(undefined)): CodedPicture[] {
  return packets.flatMap(({ payload, gap = false, extension, timestamp = 0, marker = false }) => {
    const packet = { payloadType: 26, sequenceNumber: 0, ssrc: 1, timestamp, marker, payload };
    return subject.push(extension === undefined ? packet : { ...packet, extension }, gap);
  });
}

const picture = (...front: Buffer[]): Packet[] => [
  { payload: Buffer.concat([header(0), ...front, DATA.subarray(0, 20)]) },
  { payload: Buffer.concat([header(20), DATA.subarray(20)]), marker: true },
];

/** Marker segments up to the scan data, by marker. */
function segmentsOf({ units: [bytes = Buffer.alloc(0)] }: CodedPicture): Map<number, Buffer> {
  const segments = new Map<number, Buffer>();
  for (let at = 2; bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    segments.set(bytes.readUInt8(at + 1), bytes.subarray(at + 4, at + 2 + bytes.readUInt16BE(at + 2)));
    if (bytes[at + 1] === 0xda) break;
  }
  return segments;
}

describe('JPEG out of its packets', () => {
  it('is a file of its own, with the header that RTP leaves out', () => {
    const [made, ...others] = read(picture());
    expect(others).toEqual([]);
    if (made === undefined) throw new Error('no picture');
    expect(made).toMatchObject({ damaged: false, hasPicture: true, keyframe: true, timestamp: 0 });
    const [bytes = Buffer.alloc(0)] = made.units;
    expect(bytes.subarray(0, 2)).toEqual(hex('ffd8'));
    expect(bytes.subarray(-DATA.length - 2)).toEqual(Buffer.concat([DATA, EOI]));
    const segments = segmentsOf(made);
    // 8 bits, 240 by 320, luminance in blocks of 2 by 2.
    expect(segments.get(0xc0)).toEqual(hex('08 00f0 0140 03 012200 021101 031101'));
    // With quality 50 the tables are those of ITU-T T.81 annex K.
    expect(segments.get(0xdb)?.subarray(0, 5)).toEqual(Buffer.from([0, 16, 11, 12, 14]));
    expect(segments.get(0xdb)?.subarray(65, 69)).toEqual(Buffer.from([1, 17, 18, 18]));
    expect(segments.has(0xdd)).toBe(false);
  });

  it.each([
    [1, [255, 255]],
    [25, [32, 34]],
    [75, [8, 9]],
    [99, [1, 1]],
  ])('has tables of quality %i', (quality, values) => {
    const [made] = read([{ payload: Buffer.concat([header(0, { quality }), DATA]), marker: true }]);
    const quantization = made && segmentsOf(made).get(0xdb);
    expect([quantization?.[1], quantization?.[66]]).toEqual(values);
  });

  it('says that there are restart markers, and of which interval', () => {
    const payload = Buffer.concat([header(0, { type: 64 }), hex('0014 ffff'), DATA]);
    const [made] = read([{ payload, marker: true }]);
    const segments = made && segmentsOf(made);
    expect(segments?.get(0xdd)).toEqual(hex('0014'));
    // Type 64 is type 0 with restart markers: blocks of 2 by 1.
    expect(segments?.get(0xc0)?.subarray(6, 9)).toEqual(hex('012100'));
  });

  it('keeps tables that come in the stream, by quality', () => {
    const subject = new JpegCoding(undefined);
    const of = (quality: number, table: Buffer): number | undefined => {
      const payload = Buffer.concat([header(0, { quality }), table, DATA]);
      const [made] = read([{ payload, marker: true }], subject);
      return made && segmentsOf(made).get(0xdb)?.[1];
    };
    expect([of(130, tables(7)), of(131, tables(9)), of(130, hex('00000000')), of(131, hex('00000000'))]).toEqual([7, 9, 7, 9]);
    // 255 says that they are different for each picture; 129 was never told.
    expect([of(255, tables(3)), of(255, hex('00000000')), of(129, hex('00000000'))]).toEqual([3, undefined, undefined]);
  });

  it('reads tables of 16 bits, and one for all components', () => {
    const wide = Buffer.concat([hex('00 03 0100'), Buffer.alloc(128, 1), Buffer.alloc(128, 2)]);
    const single = Buffer.concat([hex('00 00 0040'), Buffer.alloc(64, 5)]);
    const [first, second] = [wide, single].flatMap((table) => {
      return read([{ payload: Buffer.concat([header(0, { quality: 255 }), table, DATA]), marker: true }]);
    });
    expect(first && segmentsOf(first).get(0xdb)).toEqual(
      Buffer.concat([hex('10'), Buffer.alloc(128, 1), hex('11'), Buffer.alloc(128, 2)]),
    );
    expect(second && segmentsOf(second).get(0xdb)).toEqual(
      Buffer.concat([hex('00'), Buffer.alloc(64, 5), hex('01'), Buffer.alloc(64, 5)]),
    );
  });

  it.each([
    ['a packet is lost between', [{ gap: true }, 20]],
    ['a fragment is missing that nobody noticed', [{}, 24]],
  ] as const)('is damaged where %s, and whole in the next', (_, [how, offset]) => {
    const [first] = picture();
    const second = { payload: Buffer.concat([header(offset), DATA.subarray(20)]), marker: true, ...how };
    const next = picture().map((packet) => ({ ...packet, timestamp: 3000 }));
    const pictures = read([...(first === undefined ? [] : [first]), second, ...next]);
    expect(pictures.map(({ damaged, units }) => [damaged, units.length])).toEqual([
      [true, 0],
      [false, 1],
    ]);
  });

  it('ends with the next timestamp where there is no marker', () => {
    const packets = [0, 3000, 6000].flatMap((timestamp) => picture().map((packet) => ({ ...packet, timestamp, marker: false })));
    expect(read(packets).map(({ damaged, timestamp }) => [damaged, timestamp])).toEqual([
      [false, 0],
      [false, 3000],
    ]);
  });

  it('has the size of the session description where it does not fit, and is damaged where nothing says it', () => {
    const large = [{ payload: Buffer.concat([header(0, { width: 0, height: 0 }), DATA]), marker: true }];
    const [made] = read(large, new JpegCoding({ width: 2560, height: 1920 }));
    expect(made && segmentsOf(made).get(0xc0)?.subarray(1, 5)).toEqual(hex('0780 0a00'));
    expect(read(large).map(({ damaged }) => damaged)).toEqual([true]);
  });

  it('takes what ONVIF’s header extension says over what RTP says', () => {
    const segments = hex('ffdb 0003 00  ffc0 0011 08 0780 0a00 03 012200 021101 031101  ffdd 0004 0008  ffffff');
    const extension = Buffer.concat([hex('ffd8 000a'), segments]);
    const bytes = Buffer.concat([header(0, { width: 0, height: 0 }), DATA]);
    const subject = new JpegCoding(undefined);
    const [made] = read([{ payload: bytes, marker: true, extension }], subject);
    const read_ = made && segmentsOf(made);
    expect([read_?.get(0xc0)?.subarray(1, 5), read_?.get(0xdd), read_?.get(0xdb)]).toEqual([
      hex('0780 0a00'),
      hex('0008'),
      hex('00'),
    ]);
    // The size goes on to hold where the next picture has none.
    const [next] = read([{ payload: bytes, marker: true, timestamp: 3000 }], subject);
    expect(next && segmentsOf(next).get(0xc0)?.subarray(1, 5)).toEqual(hex('0780 0a00'));
  });

  it('finds that extension in a packet of RTP', () => {
    const whole = rtpBytes({ payload: Buffer.concat([hex('ffd8 0001 ffffffff'), header(0), DATA]), marker: true });
    whole.writeUInt8(0x90, 0);
    const packet = parseRtpPacket(whole);
    expect(packet?.extension).toEqual(hex('ffd8 0001 ffffffff'));
    expect(packet && new JpegCoding(undefined).push(packet, false)).toMatchObject([{ damaged: false }]);
  });

  it.each([
    ['a header that is not whole', hex('00 000000 01 32 28')],
    ['a type of nobody knows whom', Buffer.concat([header(0, { type: 2 }), DATA])],
    ['a type above 127', Buffer.concat([header(0, { type: 128 }), DATA])],
    ['tables longer than the packet', Buffer.concat([header(0, { quality: 255 }), hex('00 00 0080'), DATA])],
  ])('counts %s, and spoils that picture only', (_, payload) => {
    const subject = new JpegCoding(undefined);
    const pictures = read([{ payload, marker: true }, ...picture().map((packet) => ({ ...packet, timestamp: 3000 }))], subject);
    expect(subject.malformed).toBe(1);
    expect(pictures.map(({ damaged }) => damaged)).toEqual([true, false]);
  });

  it('says that fields are fields', () => {
    const subject = new JpegCoding(undefined);
    read(picture(), subject);
    expect(subject.interlaced).toBe(false);
    read([{ payload: Buffer.concat([header(0, { specific: 1 }), DATA]), marker: true }], subject);
    expect(subject.interlaced).toBe(true);
  });

  it('is bounded where a picture never ends', () => {
    const subject = new JpegCoding(undefined);
    let offset = 0;
    for (let index = 0; index < 200; index += 1) {
      read([{ payload: Buffer.concat([header(offset), Buffer.alloc(60_000)]) }], subject);
      offset += 60_000;
    }
    expect(subject.malformed).toBeGreaterThan(0);
    expect(read([{ payload: Buffer.concat([header(offset), DATA]), marker: true }], subject)).toMatchObject([
      { damaged: true, units: [] },
    ]);
  });

  it('never throws', () => {
    const packet = fc.record({
      payload: anyBytes(60),
      extension: anyBytes(40),
      timestamp: fc.nat(2),
      marker: fc.boolean(),
      gap: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), (packets) => {
        for (const { damaged, units } of read(packets)) expect(damaged || units.length === 1).toBe(true);
      }),
    );
  });
});
