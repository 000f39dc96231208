import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeRtpPacket,
  parseRtpPacket,
  sequenceDistance,
  timestampDistance,
  writeRtpHeader,
} from '../../../../src/media/rtp/packet.ts';
import { anyBytes, hex } from '../rtp-bytes.ts';

/** Version 2, marker, payload type 96, two CSRCs, an extension of one word, four bytes of padding. */
const FULL = hex(`
  b2 e0 12 34  89 ab cd ef  de ad be ef
  11 11 11 11  22 22 22 22
  be de 00 01  10 aa 00 00
  65 88 84
  00 00 00 04`);

describe('RTP packet', () => {
  it('reads every field past CSRC list, header extension and padding', () => {
    expect(parseRtpPacket(FULL)).toEqual({
      payloadType: 96,
      marker: true,
      sequenceNumber: 0x1234,
      timestamp: 0x89abcdef,
      ssrc: 0xdeadbeef,
      extension: hex('be de 00 01  10 aa 00 00'),
      payload: hex('65 88 84'),
    });
  });

  it('gives the payload as a view, not a copy', () => {
    expect(parseRtpPacket(FULL)?.payload.buffer).toBe(FULL.buffer);
  });

  it('refuses a packet that is cut anywhere within its header, CSRC list or extension', () => {
    const withoutPadding = Buffer.from(FULL);
    withoutPadding[0] = 0x92;
    const headers = 12 + 8 + 8;
    for (let length = 0; length < headers; length += 1) {
      expect(parseRtpPacket(withoutPadding.subarray(0, length)), `cut at ${length}`).toBeUndefined();
    }
    for (let length = headers; length <= withoutPadding.length; length += 1) {
      expect(parseRtpPacket(withoutPadding.subarray(0, length))?.payload, `cut at ${length}`).toEqual(
        withoutPadding.subarray(headers, length),
      );
    }
  });

  it('refuses padding of no bytes, and padding that reaches into the header', () => {
    expect(parseRtpPacket(hex('a0 60 0001 00000001 00000001 65 00'))).toBeUndefined();
    expect(parseRtpPacket(hex('a0 60 0001 00000001 00000001 65 03'))).toBeUndefined();
    expect(parseRtpPacket(hex('a0 60 0001 00000001 00000001 65 02'))?.payload).toEqual(Buffer.alloc(0));
  });

  it('refuses every version but 2', () => {
    for (const first of [0x00, 0x40, 0xc0]) {
      expect(parseRtpPacket(Buffer.concat([Buffer.from([first]), FULL.subarray(1)]))).toBeUndefined();
    }
  });

  it('writes the header as RFC 3550 section 5.1 draws it', () => {
    const target = Buffer.alloc(14, 0x77);
    const fields = { payloadType: 102, marker: true, sequenceNumber: 0xfffe, timestamp: 0x01020304, ssrc: 0xf0e0d0c0 };
    writeRtpHeader(target, fields, 1);
    expect(target).toEqual(hex('77 80 e6 fffe 01020304 f0e0d0c0 77'));
    expect(encodeRtpPacket({ ...fields, marker: false, payload: hex('aabb') })).toEqual(hex('80 66 fffe 01020304 f0e0d0c0 aabb'));
  });

  it('reads back what it wrote', () => {
    const packets = fc.record({
      payloadType: fc.integer({ min: 0, max: 127 }),
      marker: fc.boolean(),
      sequenceNumber: fc.integer({ min: 0, max: 0xffff }),
      timestamp: fc.integer({ min: 0, max: 0xffffffff }),
      ssrc: fc.integer({ min: 0, max: 0xffffffff }),
      payload: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    });
    fc.assert(
      fc.property(packets, (packet) => {
        expect(parseRtpPacket(encodeRtpPacket(packet))).toEqual(packet);
      }),
    );
  });

  it('never throws, whatever the bytes, and never gives a payload longer than they are', () => {
    const versionTwo = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from([0x80 | ((bytes[0] ?? 0) & 0x3f), ...bytes]));
    fc.assert(
      fc.property(fc.oneof(anyBytes(64), versionTwo), (bytes) => {
        expect(parseRtpPacket(bytes)?.payload.length ?? 0).toBeLessThanOrEqual(Math.max(0, bytes.length - 12));
      }),
      { numRuns: 1000 },
    );
  });

  it('measures distance on the circle of sequence numbers and of timestamps', () => {
    expect(sequenceDistance(0xffff, 0)).toBe(1);
    expect(sequenceDistance(0, 0xffff)).toBe(-1);
    expect(sequenceDistance(0, 0x7fff)).toBe(32767);
    expect(sequenceDistance(0, 0x8000)).toBe(-32768);
    expect(timestampDistance(0xffffff00, 0x100)).toBe(0x200);
    expect(timestampDistance(0x100, 0xffffff00)).toBe(-0x200);
    expect(timestampDistance(5, 5)).toBe(0);
  });
});
