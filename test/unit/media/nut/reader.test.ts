import { describe, expect, it } from 'vitest';
import { NutReader, type NutFrame } from '../../../../src/media/nut/reader.ts';

/* Streams written here by the format's own description; those of ffmpeg are read in test/full/conversion-*.test.ts. */

const ID = Buffer.from('nut/multimedia container\0', 'latin1');
const MAIN = '4e4d7a561f5f04ad';
const STREAM = '4e5311405bf2f9db';
const SYNCPOINT = '4e4be4adeeca4569';
const INFO = '4e49ab68b596ba78';

const KEY = 1;
const CODED_PTS = 8;
const SIZE_MSB = 32;
const CHECKSUM = 64;
const SIDE_DATA = 256;
const HEADER_IDX = 1024;
const CODED = 4096;
const INVALID = 8192;

function v(value: number): Buffer {
  const bytes = [value & 0x7f];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) bytes.unshift((rest & 0x7f) | 0x80);
  return Buffer.from(bytes);
}

function packet(startcode: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = v(body.length + 4);
  const long = body.length + 4 > 4096 ? Buffer.alloc(4) : Buffer.alloc(0);
  return Buffer.concat([Buffer.from(startcode, 'hex'), length, long, body, Buffer.alloc(4)]);
}

/** Frame code 0 tells all in the frame; 1 to 9 are keyframes of 1 to 9 bytes, 3 ticks behind the one before; the others are none. */
function mainHeader({ streams = 1, elided = [] as string[], rest = 246 } = {}): Buffer {
  return packet(
    MAIN,
    ...[v(3), v(streams), v(65_536), v(1), v(1), v(48_000)],
    // flags, fields, step (signed: 0, 1, -1, 2, ...), factor, stream, size, reserved, count
    ...[v(CODED), v(6), v(0), v(1), v(0), v(0), v(0), v(1)],
    ...[v(KEY), v(6), v(5), v(1), v(0), v(1), v(0), v(9)],
    ...[v(INVALID), v(6), v(0), v(1), v(0), v(0), v(0), v(rest - 1)],
    ...(elided.length === 0
      ? []
      : [v(elided.length), ...elided.flatMap((bytes) => [v(bytes.length / 2), Buffer.from(bytes, 'hex')])]),
  );
}

const STREAM_HEADER = packet(
  STREAM,
  v(0),
  v(1),
  v(4),
  Buffer.from('Opus'),
  v(0),
  v(7),
  v(48_000),
  v(0),
  v(0),
  v(0),
  v(48_000),
  v(1),
  v(1),
);
const syncpoint = (timestamp: number): Buffer => packet(SYNCPOINT, v(timestamp), v(0));

/** A frame that tells all of itself. */
function frame(data: Buffer, pts: number, flags = KEY | CODED_PTS | SIZE_MSB): Buffer {
  return Buffer.concat([
    ...[v(0), v(flags), v(pts), v(data.length)],
    (flags & CHECKSUM) === 0 ? Buffer.alloc(0) : Buffer.alloc(4),
    data,
  ]);
}

/** Below 128 a coded timestamp is the low seven bits of one near the last; above it, itself and 128. */
const whole = (timestamp: number): number => timestamp + 128;

const HEADERS = Buffer.concat([ID, mainHeader(), packet(INFO, Buffer.alloc(9)), STREAM_HEADER]);

function read(bytes: Buffer, chunk = bytes.length): { frames: NutFrame[]; reader: NutReader } {
  const reader = new NutReader();
  const frames: NutFrame[] = [];
  for (let at = 0; at < bytes.length; at += chunk) frames.push(...reader.push(bytes.subarray(at, at + chunk)));
  return { frames, reader };
}

describe('NUT', () => {
  it('is frames with their timestamps, however the bytes come', () => {
    const data = (length: number): Buffer => Buffer.alloc(length, length);
    const bytes = Buffer.concat([
      ...[HEADERS, syncpoint(1000), frame(data(3), whole(1_000_000)), frame(data(200), 66, CODED_PTS | SIZE_MSB)],
      ...[
        Buffer.from([4]),
        data(4),
        syncpoint(2_000_000),
        Buffer.from([9]),
        data(9),
        frame(data(5000), whole(5), KEY | CODED_PTS | SIZE_MSB | CHECKSUM),
      ],
    ]);
    const expected = [
      { data: data(3), timestamp: 1_000_000, keyframe: true },
      { data: data(200), timestamp: 1_000_002, keyframe: false },
      { data: data(4), timestamp: 1_000_005, keyframe: true },
      { data: data(9), timestamp: 2_000_003, keyframe: true },
      { data: data(5000), timestamp: 5, keyframe: true },
    ];
    for (const chunk of [1, 7, 1000, bytes.length]) {
      const { frames, reader } = read(bytes, chunk);
      expect(frames).toEqual(expected);
      expect([reader.broken, reader.stream?.timeBase]).toEqual([false, { numerator: 1, denominator: 48_000 }]);
    }
  });

  it('gives each frame as soon as its last byte is there', () => {
    const reader = new NutReader();
    const bytes = frame(Buffer.alloc(100, 7), whole(0));
    reader.push(HEADERS);
    expect(reader.push(bytes.subarray(0, -1))).toEqual([]);
    expect(reader.push(bytes.subarray(-1))).toHaveLength(1);
  });

  it('takes the low bits of a timestamp for the one that is next to the last', () => {
    const bytes = (last: number, low: number): Buffer =>
      Buffer.concat([HEADERS, frame(Buffer.alloc(1), whole(last)), frame(Buffer.alloc(1), low)]);
    const second = (last: number, low: number): number | undefined => read(bytes(last, low)).frames[1]?.timestamp;
    // 48000 is 375 * 128.
    expect([second(48_000, 0), second(48_000, 64), second(48_000, 65), second(48_000, 127)]).toEqual([
      48_000, 48_064, 47_937, 47_999,
    ]);
    expect(second(48_127, 3)).toBe(48_131);
  });

  it('puts in front of a frame what all begin with, but not of a large one', () => {
    const headers = Buffer.concat([ID, mainHeader({ elided: ['000001'] }), STREAM_HEADER]);
    const elided = (length: number, index: number): Buffer =>
      Buffer.concat([v(0), v(KEY | CODED_PTS | SIZE_MSB | HEADER_IDX), v(whole(0)), v(length), v(index)]);
    const small = read(Buffer.concat([headers, elided(5, 1), Buffer.from([8, 9])])).frames;
    expect(small.map(({ data }) => data.toString('hex'))).toEqual(['0000010809']);
    const large = read(Buffer.concat([headers, elided(5000, 1), Buffer.alloc(5000, 6)])).frames;
    expect(large.map(({ data }) => data.equals(Buffer.alloc(5000, 6)))).toEqual([true]);
  });

  it.each([
    ['another format', Buffer.concat([Buffer.from('OggS'), Buffer.alloc(100)])],
    ['two streams', Buffer.concat([ID, mainHeader({ streams: 2 })])],
    ['a table of frame codes that is too long', Buffer.concat([ID, mainHeader({ rest: 247 })])],
    ['a stream without its main header', Buffer.concat([ID, STREAM_HEADER])],
    ['a frame before its stream', Buffer.concat([ID, mainHeader(), frame(Buffer.alloc(1), whole(0))])],
    ['a frame code that stands for nothing', Buffer.concat([HEADERS, Buffer.from([0xf0, 1, 2, 3, 4, 5, 6, 7])])],
    [
      'a frame with side data',
      Buffer.concat([HEADERS, frame(Buffer.alloc(9), whole(0), KEY | CODED_PTS | SIZE_MSB | SIDE_DATA)]),
    ],
    ['a frame of a gigabyte', Buffer.concat([HEADERS, v(0), v(KEY | CODED_PTS | SIZE_MSB), v(0), v(2 ** 30), Buffer.alloc(20)])],
    ['a header of a gigabyte', Buffer.concat([ID, Buffer.from(MAIN, 'hex'), v(2 ** 30), Buffer.alloc(20)])],
  ])('is not read on where it is %s', (_, bytes) => {
    const { frames, reader } = read(bytes);
    expect([frames, reader.broken]).toEqual([[], true]);
    expect(reader.push(frame(Buffer.alloc(1), whole(0)))).toEqual([]);
  });
});
