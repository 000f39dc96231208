import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRtcp } from '../../../../src/media/rtp/rtcp.ts';
import { encodeTransportFeedback as encode, type TransportFeedback } from '../../../../src/media/rtp/rtcp-transport-feedback.ts';
import { encodeTransportFeedback } from '../../../support/transport-feedback.ts';
import { hex } from '../rtp-bytes.ts';

function parse(bytes: Buffer): TransportFeedback | 'malformed' | undefined {
  const { messages, malformed } = parseRtcp(bytes);
  if (malformed) return 'malformed';
  return messages.find((message) => message.type === 'transport-feedback');
}

/** Feedback 7 of the packets from 100 on, with the reference time 1, from its chunks and deltas, which together are whole words. */
function feedback(packets: number, rest: string): Buffer {
  const body = Buffer.concat([hex('00000001 00000002 0064 0000 000001 07'), hex(rest)]);
  body.writeUInt16BE(packets, 10);
  const head = hex('8f cd 0000');
  head.writeUInt16BE(body.length / 4, 2);
  return Buffer.concat([head, body]);
}

describe('transport-wide feedback of Chromium 156', () => {
  it('of two packets that both arrived, in a run', () => {
    expect(parse(hex('8fcd0005 fa17fa17 287adf50 002a 0002 0c3d18 0f 2002 38 6b'))).toEqual({
      type: 'transport-feedback',
      firstSequence: 42,
      packets: 2,
      referenceTime: 0x0c3d18,
      sequenceNumbers: [42, 43],
      arrivals: [0x38, 0x38 + 0x6b],
    });
  });

  it('with a status vector of two bits, and padding that only fills a word', () => {
    expect(parse(hex('afcd0006 fa17fa17 a99fa80f 0002 0006 0c4159 01 d454 f202020201 01'))).toMatchObject({
      sequenceNumbers: [2, 3, 5, 6, 7],
      arrivals: [242, 244, 246, 248, 249],
    });
  });

  it('is what is written for the same arrivals', () => {
    const written = encode(
      [
        [2, 242],
        [3, 244],
        [5, 246],
        [6, 248],
        [7, 249],
      ].map(([sequence = 0, at = 0]) => ({ sequence, at: 0x0c4159 * 256 + at })),
      { ssrc: 0xfa17_fa17, mediaSsrc: 0xa99f_a80f, count: 0x101, from: 2 },
    );
    expect(written.toString('hex')).toBe('afcd0006fa17fa17a99fa80f000200060c415901d454f20202020101');
  });

  it('with bit vectors, and a run of packets that did not arrive', () => {
    const bytes = hex(
      'afcd000b fa17fa17 b5b339b0 0017 002f 0c415c 03 bbc0 0013 b7ef 89 000000000000000000000100000000000000 000003',
    );
    expect(parse(bytes)).toMatchObject({
      packets: 47,
      sequenceNumbers: [23, 24, 25, 27, 28, 29, 30, 56, 57, 59, 60, 61, 62, 63, 64, 66, 67, 68, 69],
      arrivals: [...Array.from({ length: 11 }, () => 137), ...Array.from({ length: 8 }, () => 138)],
    });
  });
});

describe('transport-wide feedback', () => {
  it('may go back in time by a delta of two bytes, and round by its numbers', () => {
    const bytes = feedback(3, '4003 0004 fffb 7fff');
    bytes.writeUInt16BE(0xffff, 12);
    expect(parse(bytes)).toMatchObject({ sequenceNumbers: [0xffff, 0, 1], arrivals: [4, -1, 0x7ffe] });
  });

  it('has a reference time of 24 bits with a sign', () => {
    const bytes = feedback(1, '2001 05 00');
    bytes.writeIntBE(-2, 16, 3);
    expect(parse(bytes)).toMatchObject({ referenceTime: -2 });
  });

  it('of 65535 packets of which none arrived is no more than it says', () => {
    const run = '1fff'.repeat(8);
    expect(parse(feedback(0xffff, `${run} 0007 0000`))).toMatchObject({ packets: 0xffff, sequenceNumbers: [], arrivals: [] });
  });

  it.each([
    ['without chunks', 2, ''],
    ['with too few of them', 8192, '1fff 0000'],
    ['with the status that is reserved, in a run', 1, '6001 010203 010203'],
    ['with the status that is reserved, in a vector', 7, 'c003 010203 010203'],
    ['that lacks a delta', 3, '2003 0101'],
    ['that lacks half of one', 3, '4003 0001 0001 0000'.slice(0, 14)],
    ['that claims more than it could hold', 0xffff, `${'3fff'.repeat(9)} 0000`],
  ])('%s is malformed', (_, packets, rest) => {
    expect(parse(feedback(packets, rest))).toBe('malformed');
  });

  it('is malformed when it is cut anywhere', () => {
    const whole = encodeTransportFeedback(Array.from({ length: 20 }, (_, index) => ({ sequence: 3 * index, at: 300 * index })));
    for (let words = 1; words < whole.length / 4; words += 1) {
      const cut = Buffer.from(whole.subarray(0, words * 4));
      cut.writeUInt8(0x8f, 0);
      cut.writeUInt16BE(words - 1, 2);
      expect(parse(cut), `${words} words`).toBe('malformed');
    }
  });

  it('is read as it was written', () => {
    const steps = fc.array(fc.record({ number: fc.integer({ min: 1, max: 40 }), units: fc.integer({ min: -800, max: 800 }) }), {
      minLength: 1,
      maxLength: 300,
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 2 ** 30 }), steps, (sequence, start, list) => {
        let [number, at] = [sequence, start];
        const arrivals = list.map((step) => {
          number += step.number;
          at += step.units;
          return { sequence: number & 0xffff, at };
        });
        const read = parse(encodeTransportFeedback(arrivals));
        if (read === undefined || read === 'malformed') throw new Error('not read');
        expect(read.sequenceNumbers).toEqual(arrivals.map((arrival) => arrival.sequence));
        expect(read.arrivals.map((units) => units + read.referenceTime * 256)).toEqual(arrivals.map((arrival) => arrival.at));
      }),
    );
  });
});

describe('the estimate of a receiver (REMB)', () => {
  it('is mantissa times a power of two, of the streams that it names', () => {
    // 250000 * 2^4, two streams.
    const bytes = hex('8f ce 0006 00000001 00000000 52454d42 02 13d090 0000000a 0000000b');
    expect(parseRtcp(bytes)).toEqual({
      messages: [{ type: 'receiver-estimate', bitsPerSecond: 4_000_000 }],
      malformed: false,
    });
  });

  it('that names more streams than it holds is malformed, and another message of applications is passed over', () => {
    expect(parseRtcp(hex('8f ce 0004 00000001 00000000 52454d42 01 13d090'))).toEqual({ messages: [], malformed: true });
    expect(parseRtcp(hex('8f ce 0003 00000001 00000000 52454d43'))).toEqual({ messages: [], malformed: false });
  });
});
