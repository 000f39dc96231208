import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeBye,
  encodeNack,
  encodePictureLossIndication,
  encodeReceiverReport,
  encodeSenderReport,
  encodeTmmbn,
  isRtcp,
  parseRtcp,
  type ReportBlock,
} from '../../../../src/media/rtp/rtcp.ts';
import { anyBytes, hex } from '../rtp-bytes.ts';

/** RFC 3550 section 6.4.1: SSRC 0x11111111, one block about 0x22222222. */
const SENDER_REPORT = hex(`
  81 c8 000c 11111111
  e5a3c000 80000000 00015f90 000003e8 000f4240
  22222222 40 fffffe 0001ffff 0000012c c0008000 00018000`);
/** Section 6.4.2, with two blocks. */
const RECEIVER_REPORT = hex(`
  82 c9 000d 33333333
  22222222 00 000000 0000ffff 00000000 00000000 00000000
  44444444 ff 7fffff ffffffff ffffffff ffffffff ffffffff`);
/** Section 6.5: CNAME "ab". */
const DESCRIPTION = hex('81 ca 0003 11111111 01 02 6162 00000000');
/** Section 6.6, two sources. */
const GOODBYE = hex('82 cb 0002 11111111 22222222');
/** RFC 4585 section 6.2.1: 65534 and of the 16 behind it the first, the second and the last. */
const NACK = hex('81 cd 0003 33333333 22222222 fffe 8003');
/** Section 6.3.1. */
const PLI = hex('81 ce 0002 33333333 22222222');
/** RFC 5104 section 4.3.1: media SSRC 0, two entries. */
const FIR = hex('84 ce 0006 33333333 00000000 22222222 07 000000 44444444 ff 000000');
/** RFC 5104 section 4.2.1: 1 Mbit/s, which is 125000 * 2^3, with 40 bytes of overhead. */
const TMMBR = hex('83 cd 0004 33333333 00000000 22222222 0fd09028');

const BLOCK: ReportBlock = {
  ssrc: 0x22222222,
  fractionLost: 0x40,
  cumulativeLost: -2,
  extendedHighestSequence: 0x1ffff,
  jitter: 300,
  lastSenderReport: 0xc0008000,
  delaySinceLastSenderReport: 0x18000,
};

const EXPECTED = [
  {
    type: 'sender-report',
    ssrc: 0x11111111,
    ntp: { seconds: 0xe5a3c000, fraction: 0x80000000 },
    rtpTimestamp: 90_000,
    packets: 1000,
    octets: 1_000_000,
    reports: [BLOCK],
  },
  {
    type: 'receiver-report',
    ssrc: 0x33333333,
    reports: [
      {
        ssrc: 0x22222222,
        fractionLost: 0,
        cumulativeLost: 0,
        extendedHighestSequence: 65535,
        jitter: 0,
        lastSenderReport: 0,
        delaySinceLastSenderReport: 0,
      },
      {
        ssrc: 0x44444444,
        fractionLost: 255,
        cumulativeLost: 0x7fffff,
        extendedHighestSequence: 0xffffffff,
        jitter: 0xffffffff,
        lastSenderReport: 0xffffffff,
        delaySinceLastSenderReport: 0xffffffff,
      },
    ],
  },
  { type: 'bye', ssrcs: [0x11111111, 0x22222222] },
  { type: 'nack', ssrc: 0x33333333, mediaSsrc: 0x22222222, sequenceNumbers: [65534, 65535, 0, 14] },
  { type: 'pli', ssrc: 0x33333333, mediaSsrc: 0x22222222 },
  {
    type: 'fir',
    ssrc: 0x33333333,
    entries: [
      { ssrc: 0x22222222, sequence: 7 },
      { ssrc: 0x44444444, sequence: 255 },
    ],
  },
];
const COMPOUND = Buffer.concat([SENDER_REPORT, DESCRIPTION, RECEIVER_REPORT, GOODBYE, NACK, PLI, FIR]);

describe('RTCP', () => {
  it('reads all that is understood in a compound packet, in order, and passes over the rest', () => {
    expect(parseRtcp(COMPOUND)).toEqual({ messages: EXPECTED, malformed: false });
    // An application packet (RFC 3550 section 6.7) and feedback of RFC 8888 before a PLI.
    const others = Buffer.concat([hex('80 cc 0002 33333333 6e616d65'), hex('8b cd 0002 33333333 22222222'), PLI]);
    expect(parseRtcp(others)).toEqual({ messages: [EXPECTED[4]], malformed: false });
  });

  it('keeps what stands before a cut, at every offset, and says that the rest is malformed', () => {
    const parts = [SENDER_REPORT, DESCRIPTION, RECEIVER_REPORT, GOODBYE, NACK, PLI, FIR];
    const understood = [1, 0, 1, 1, 1, 1, 1];
    for (let length = 0; length <= COMPOUND.length; length += 1) {
      let end = 0;
      let count = 0;
      let whole = length === 0;
      for (const [index, part] of parts.entries()) {
        end += part.length;
        if (end <= length) count += understood[index] ?? 0;
        whole ||= end === length;
      }
      const parsed = parseRtcp(COMPOUND.subarray(0, length));
      expect(parsed.messages, `cut at ${length}`).toEqual(EXPECTED.slice(0, count));
      expect(parsed.malformed, `cut at ${length}`).toBe(!whole);
    }
  });

  it('calls a packet malformed whose count says more than its length holds', () => {
    for (const bytes of [
      '82 c8 0006 11111111 00000000 00000000 00000000 00000000 00000000',
      '81 c9 0001 33333333',
      '82 cb 0001 11111111',
    ]) {
      expect(parseRtcp(hex(bytes)), `for ${bytes}`).toEqual({ messages: [], malformed: true });
    }
    for (const bytes of ['81 cd 0001 33333333', '81 ce 0001 33333333', '01 ce 0002 33333333 22222222']) {
      expect(parseRtcp(hex(bytes)), `for ${bytes}`).toEqual({ messages: [], malformed: true });
    }
  });

  it('does not take padding for entries of feedback (RFC 3550 section 6.4.1)', () => {
    const padded = hex('a1 cd 0004 33333333 22222222 0005 0000 00000004');
    expect(parseRtcp(padded)).toEqual({
      messages: [{ type: 'nack', ssrc: 0x33333333, mediaSsrc: 0x22222222, sequenceNumbers: [5] }],
      malformed: false,
    });
    for (const amount of ['00000000', '00000003', '00000014', '000000ff']) {
      expect(parseRtcp(hex(`a1 cd 0004 33333333 22222222 0005 0000 ${amount}`))).toEqual({ messages: [], malformed: true });
    }
  });

  it('encodes a sender report with CNAME as RFC 3550 sections 6.4.1 and 6.5 draw it', () => {
    // 2021-01-01T00:00:00.500Z: 1609459200 s since 1970, and half a second is 2^31 fractions.
    const report = { ssrc: 0x11111111, unixMs: 1_609_459_200_500, rtpTimestamp: 90_000, packets: 1000, octets: 1_000_000 };
    expect(encodeSenderReport(report, 'ab')).toEqual(
      hex(`80 c8 0006 11111111 e398e480 80000000 00015f90 000003e8 000f4240
           81 ca 0003 11111111 01 02 6162 00000000`),
    );
  });

  it('ends the CNAME chunk with at least one zero byte, on a multiple of four', () => {
    const report = { ssrc: 1, unixMs: 0, rtpTimestamp: 0, packets: 0, octets: 0 };
    const chunks = ['', 'a', 'ab', 'abc', 'abcd', 'abcde'].map((cname) =>
      encodeSenderReport(report, cname).subarray(28).toString('hex'),
    );
    expect(chunks).toEqual([
      '81ca00020000000101000000',
      '81ca00020000000101016100',
      '81ca0003000000010102616200000000',
      '81ca0003000000010103616263000000',
      '81ca0003000000010104616263640000',
      '81ca0003000000010105616263646500',
    ]);
  });

  it('reads a TMMBR with all its limits, up to the largest there can be', () => {
    expect(parseRtcp(TMMBR).messages).toEqual([
      { type: 'tmmbr', ssrc: 0x33333333, limits: [{ ssrc: 0x22222222, bitsPerSecond: 1_000_000, overheadBytes: 40 }] },
    ]);
    const two = hex('83 cd 0006 33333333 00000000 22222222 00000000 44444444 ffffffff');
    expect(parseRtcp(two).messages).toMatchObject([
      {
        limits: [
          { ssrc: 0x22222222, bitsPerSecond: 0, overheadBytes: 0 },
          { ssrc: 0x44444444, bitsPerSecond: 131_071 * 2 ** 63, overheadBytes: 511 },
        ],
      },
    ]);
    expect(parseRtcp(hex('83 cd 0003 33333333 00000000 22222222')).messages).toMatchObject([{ limits: [] }]);
  });

  it('encodes a TMMBN with the rate as it was asked for', () => {
    const limit = { ssrc: 0x33333333, bitsPerSecond: 1_000_000, overheadBytes: 40 };
    expect(encodeTmmbn(0x22222222, [limit])).toEqual(hex('84 cd 0004 22222222 00000000 33333333 0fd09028'));
    for (const bitsPerSecond of [0, 1, 131_071, 131_072, 131_070 * 2 ** 20, 131_071 * 2 ** 63]) {
      const echoed = encodeTmmbn(1, [{ ...limit, bitsPerSecond }]);
      // As a request, its format in the first byte, it is read again.
      echoed[0] = 0x83;
      expect(parseRtcp(echoed).messages).toEqual([{ type: 'tmmbr', ssrc: 1, limits: [{ ...limit, bitsPerSecond }] }]);
    }
  });

  it('encodes a receiver report, a PLI and a BYE', () => {
    expect(encodeReceiverReport(0x33333333, [BLOCK], 'ab')).toEqual(
      hex(`81 c9 0007 33333333 22222222 40 fffffe 0001ffff 0000012c c0008000 00018000
           81 ca 0003 33333333 01 02 6162 00000000`),
    );
    expect(encodePictureLossIndication(0x33333333, 0x22222222)).toEqual(PLI);
    expect(encodeBye([0x11111111, 0x22222222])).toEqual(GOODBYE);
  });

  it('holds cumulative loss to signed 24 bits', () => {
    const encoded = (cumulativeLost: number): string =>
      encodeReceiverReport(1, [{ ...BLOCK, cumulativeLost }], '')
        .subarray(13, 16)
        .toString('hex');
    expect([encoded(9e6), encoded(-9e6), encoded(-1)]).toEqual(['7fffff', '800000', 'ffffff']);
  });

  it('reads back any receiver report it wrote', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    const block = fc.record({
      ssrc: word,
      fractionLost: fc.integer({ min: 0, max: 255 }),
      cumulativeLost: fc.integer({ min: -0x800000, max: 0x7fffff }),
      extendedHighestSequence: word,
      jitter: word,
      lastSenderReport: word,
      delaySinceLastSenderReport: word,
    });
    fc.assert(
      fc.property(word, fc.array(block, { maxLength: 31 }), fc.string({ maxLength: 300 }), (ssrc, reports, cname) => {
        expect(parseRtcp(encodeReceiverReport(ssrc, reports, cname))).toEqual({
          messages: [{ type: 'receiver-report', ssrc, reports }],
          malformed: false,
        });
      }),
    );
  });

  it('asks for missing packets by the first of each 17 and a bit for those behind it (RFC 4585 section 6.2.1)', () => {
    const bytes = encodeNack(0x3333_3333, 0x2222_2222, [65_534, 65_535, 14, 15, 16]);
    expect(bytes.toString('hex')).toBe('81cd00043333333322222222fffe8001000f0001');
  });

  it('never throws and stays in proportion, whatever the bytes', () => {
    const packet = fc
      .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 198, max: 208 }), fc.uint8Array({ maxLength: 60 }))
      .map(([first, type, body]) => Buffer.from([0x80 | first, type, 0, body.length >> 2, ...body]));
    const bytes = fc.oneof(
      anyBytes(80),
      fc.array(packet, { maxLength: 4 }).map((list) => Buffer.concat(list)),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const { messages } = parseRtcp(input);
        expect(messages.length).toBeLessThanOrEqual(input.length / 4);
        const missing = messages.flatMap((message) => (message.type === 'nack' ? message.sequenceNumbers : []));
        expect(missing.length).toBeLessThanOrEqual((input.length / 4) * 17);
      }),
      { numRuns: 2000 },
    );
  });

  it('tells RTCP from RTP on a shared transport (RFC 5761 section 4)', () => {
    expect([SENDER_REPORT, RECEIVER_REPORT, PLI].map(isRtcp)).toEqual([true, true, true]);
    expect([hex('80e0'), hex('8060'), hex('80'), hex('')].map(isRtcp)).toEqual([false, false, false, false]);
  });
});
