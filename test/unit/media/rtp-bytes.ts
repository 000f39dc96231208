import * as fc from 'fast-check';

/** The fields of an RTP packet that a test cares about. */
export interface RtpFields {
  payload: Buffer;
  sequenceNumber?: number;
  timestamp?: number;
  marker?: boolean;
  ssrc?: number;
  payloadType?: number;
}

/** An RTP packet put together by hand (RFC 3550 section 5.1), so that a test does not lean on the encoder under test. */
export function rtpBytes(fields: RtpFields): Buffer {
  const { payload, sequenceNumber = 0, timestamp = 0, marker = false, ssrc = 0x0a0b0c0d, payloadType = 96 } = fields;
  const header = [
    0x80,
    (marker ? 0x80 : 0) + payloadType,
    ...bigEndian(sequenceNumber, 2),
    ...bigEndian(timestamp, 4),
    ...bigEndian(ssrc, 4),
  ];
  return Buffer.concat([Buffer.from(header), payload]);
}

/** A sender report alone (RFC 3550 section 6.4.1), without report blocks. */
export function senderReportBytes(unixMs: number, rtpTimestamp: number, ssrc = 0x0a0b0c0d): Buffer {
  const seconds = Math.floor(unixMs / 1000);
  const fraction = Math.floor(((unixMs - seconds * 1000) / 1000) * 4294967296);
  const words = [ssrc, seconds + 2208988800, fraction, rtpTimestamp, 0, 0].flatMap((word) => bigEndian(word, 4));
  return Buffer.from([0x80, 200, 0, 6, ...words]);
}

function bigEndian(value: number, length: number): number[] {
  return Array.from({ length }, (_, index) => Math.floor(value / 256 ** (length - 1 - index)) % 256);
}

/** Bytes from hexadecimal digits; blanks are passed over. */
export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(/\s/g, ''), 'hex');
}

/** Any bytes, for property tests. */
export function anyBytes(maxLength: number): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
}
