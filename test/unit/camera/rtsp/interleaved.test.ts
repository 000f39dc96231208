import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeInterleaved, InterleavedParser, type InterleavedItem } from '../../../../src/camera/rtsp/interleaved.ts';

const RTP = Buffer.from([0x80, 0x60, 0x00, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 0x24, 0x52]);
const RESPONSE = Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 5\r\n\r\nhe$lo');
const REQUEST = Buffer.from('OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 9\r\n\r\n');

/** What an item says, in a form that can be compared. */
function summary(item: InterleavedItem): string {
  switch (item.kind) {
    case 'frame':
      return `${item.channel}:${item.payload.toString('hex')}`;
    case 'request':
      return `${item.request.method} ${item.request.uri} ${item.request.headers.get('cseq')} ${item.request.body.toString()}`;
    case 'response':
      return `${item.response.status} ${item.response.reason} ${item.response.headers.get('cseq')} ${item.response.body.toString()}`;
  }
}

function parse(...chunks: Buffer[]): { items: string[]; parser: InterleavedParser } {
  const items: string[] = [];
  const parser = new InterleavedParser((item) => items.push(summary(item)));
  for (const chunk of chunks) parser.push(chunk);
  return { items, parser };
}

const STREAM = Buffer.concat([
  RESPONSE,
  encodeInterleaved(0, RTP),
  encodeInterleaved(3, RTP),
  REQUEST,
  encodeInterleaved(0, RTP),
]);
const EXPECTED = [
  '200 OK 3 he$lo',
  `0:${RTP.toString('hex')}`,
  `3:${RTP.toString('hex')}`,
  'OPTIONS rtsp://h/ 9 ',
  `0:${RTP.toString('hex')}`,
];

describe('interleaved connection', () => {
  it('encodes a frame as RFC 2326 section 10.12 has it', () => {
    expect(encodeInterleaved(2, Buffer.from([0xaa, 0xbb, 0xcc]))).toEqual(Buffer.from([0x24, 2, 0, 3, 0xaa, 0xbb, 0xcc]));
  });

  it('hands on messages and frames in their order', () => {
    expect(parse(STREAM).items).toEqual(EXPECTED);
  });

  it('gives the same for the stream split in two at every offset', () => {
    for (let at = 0; at <= STREAM.length; at += 1) {
      expect(parse(STREAM.subarray(0, at), STREAM.subarray(at)).items, `split at ${at}`).toEqual(EXPECTED);
    }
  });

  it('gives the same byte by byte', () => {
    const { items, parser } = parse(...[...STREAM].map((byte) => Buffer.from([byte])));
    expect(items).toEqual(EXPECTED);
    expect(parser.counters).toEqual({ garbageBytes: 0, resyncs: 0 });
  });

  it('copies no frame that lies whole in a chunk, not even behind one that does not', () => {
    const payloads: Buffer[] = [];
    const parser = new InterleavedParser((item) => item.kind === 'frame' && payloads.push(item.payload));
    const frame = encodeInterleaved(0, RTP);
    // Memory of its own: small buffers share a pool.
    const chunk = Buffer.alloc(100);
    const length = Buffer.concat([frame.subarray(5), frame, frame.subarray(0, 2)]).copy(chunk);
    parser.push(frame.subarray(0, 5));
    parser.push(chunk.subarray(0, length));
    expect(payloads).toEqual([RTP, RTP]);
    expect(payloads[1]?.buffer).toBe(chunk.buffer);
  });

  it('accepts empty lines before a message, bare line feeds and an empty frame', () => {
    const { items, parser } = parse(
      Buffer.from('\r\n\r\nRTSP/1.0 200 OK\nCSeq: 4\n\n'),
      encodeInterleaved(1, Buffer.alloc(0)),
      REQUEST,
    );
    expect(items).toEqual(['200 OK 4 ', '1:', 'OPTIONS rtsp://h/ 9 ']);
    expect(parser.counters.garbageBytes).toBe(0);
  });

  it('takes the largest frame', () => {
    const payload = Buffer.alloc(65_535, 0x80);
    const frame = encodeInterleaved(255, payload);
    expect(parse(frame.subarray(0, 30_000), frame.subarray(30_000)).items).toEqual([`255:${payload.toString('hex')}`]);
  });

  it.each([
    { what: 'bytes of no meaning', garbage: Buffer.from([0, 0xff, 0x61, 0x0d, 0x0a]) },
    { what: 'RTP that lost its frame header', garbage: RTP.subarray(0, 12) },
    { what: 'a dollar sign with a channel that no camera uses', garbage: Buffer.from([0, 0x24, 0xf0, 0, 3, 0x80, 1, 2]) },
    { what: 'a dollar sign before what is not RTP', garbage: Buffer.from([0, 0x24, 1, 0, 3, 0x40, 1, 2]) },
    { what: 'a dollar sign with a length that leads nowhere', garbage: Buffer.from([0, 0x24, 1, 0, 3, 0x80, 1, 2, 0]) },
    { what: 'letters that start no message', garbage: Buffer.from('ABC def RTSP RTSP/1.0 OK\r\n') },
    { what: 'a message that is not quite one', garbage: Buffer.from('OPTIONS \x01 RTSP/1.0\r\n\r\n') },
  ])('finds its way back after $what, wherever the chunks are cut, and counts it', ({ garbage }) => {
    const stream = Buffer.concat([
      encodeInterleaved(0, RTP),
      garbage,
      encodeInterleaved(2, RTP),
      RESPONSE,
      encodeInterleaved(0, RTP),
    ]);
    const expected = [EXPECTED[1], `2:${RTP.toString('hex')}`, EXPECTED[0], EXPECTED[1]];
    for (let at = 0; at <= stream.length; at += 1) {
      const { items, parser } = parse(stream.subarray(0, at), stream.subarray(at));
      expect(items, `split at ${at}`).toEqual(expected);
      expect(parser.counters, `split at ${at}`).toEqual({ garbageBytes: garbage.length, resyncs: 1 });
    }
  });

  it('finds a message after garbage', () => {
    expect(parse(Buffer.from([1, 2, 3]), RESPONSE).items).toEqual([EXPECTED[0]]);
    expect(parse(Buffer.from([1, 2, 3]), REQUEST).items).toEqual([EXPECTED[3]]);
  });

  it('gives up on a head that does not end within 64 KiB', () => {
    const endless = Buffer.from(`RTSP/1.0 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`);
    const { items, parser } = parse(endless, RESPONSE);
    expect(items).toEqual([EXPECTED[0]]);
    expect(parser.counters.garbageBytes).toBe(endless.length);
  });

  it('gives up on a start line without end', () => {
    const { items, parser } = parse(Buffer.from(`OPTIONS rtsp://${'h'.repeat(20_000)}`));
    expect(items).toEqual([]);
    expect(parser.counters.garbageBytes).toBe(20_015);
  });

  it('waits for no body above 1 MiB', () => {
    const { items, parser } = parse(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 1048577\r\n\r\n'), RESPONSE);
    expect(items).toEqual([EXPECTED[0]]);
    expect(parser.counters.resyncs).toBe(1);
  });

  it('takes a body of 1 MiB', () => {
    const body = Buffer.alloc(1_048_576, 'x');
    const { items } = parse(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 1048576\r\n\r\n'), body);
    expect(items).toEqual([`200 OK undefined ${body.toString()}`]);
  });

  it('reads a nonsensical Content-Length as none', () => {
    const { items } = parse(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: -4\r\n\r\n'), REQUEST);
    expect(items).toEqual(['200 OK undefined ', 'OPTIONS rtsp://h/ 9 ']);
  });

  it('never throws and loses no byte count on random input, however it is cut', () => {
    const piece = fc.oneof(
      { weight: 3, arbitrary: fc.uint8Array({ maxLength: 64 }) },
      fc.constantFrom(
        RESPONSE,
        REQUEST,
        encodeInterleaved(0, RTP),
        Buffer.from('$\x00'),
        Buffer.from('RTSP/1.0 '),
        Buffer.from('\r\n\r\n'),
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), (pieces, size) => {
        const bytes = Buffer.concat(pieces);
        let handedOn = 0;
        const parser = new InterleavedParser((item) => (handedOn += item.kind === 'frame' ? item.payload.length + 4 : 0));
        for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
        expect(parser.counters.garbageBytes + handedOn).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it('gives the same for random input in one chunk and in many', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 30 }), (random, size) => {
        const bytes = Buffer.concat([encodeInterleaved(0, RTP), random, STREAM]);
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
        expect(parse(...chunks).items).toEqual(parse(bytes).items);
      }),
    );
  });
});

describe('what may or may not become a message', () => {
  const frame = encodeInterleaved(0, Buffer.from([0x80, 1, 2, 3]));
  it.each([
    ['a word that never ends', 'A'.repeat(40)],
    ['words without a line', 'ABC x y z'],
    ['a line that is too long', `GET ${'x'.repeat(9000)}`],
    ['a first line without a head', 'GET x RTSP/1.0\r\nX: 1\r\n'],
    ['a head without an end', `GET x RTSP/1.0\n${'a: b\n'.repeat(14_000)}`],
    ['a status that is none', 'RTSP/1.0 20  OK\r\nCSeq: 1\r\n\r\n'],
    ['a character that is none', `ABC ${'x'.repeat(40)}\x7f`],
    ['a body that is too large', 'GET x RTSP/1.0\nContent-Length: 99999999\n\nGET y RTSP/1.0\n\n'],
    ['a message', 'ABC ABC GET x RTSP/1.0\r\nX: 1\r\n\r\n'],
  ])('is read alike however it is cut: %s', (_, text) => {
    const alone = Buffer.from(text, 'latin1');
    const read = (input: Buffer, chunkBytes: number): unknown[] => {
      const items: unknown[] = [];
      const parser = new InterleavedParser((item) => items.push(JSON.stringify(item)));
      for (let offset = 0; offset < input.length; offset += chunkBytes) parser.push(input.subarray(offset, offset + chunkBytes));
      return [items, parser.counters];
    };
    for (const input of [alone, Buffer.concat([alone, frame, frame])]) {
      expect(read(input, 1)).toEqual(read(input, input.length));
      expect(read(input, 7)).toEqual(read(input, input.length));
    }
  });
});
