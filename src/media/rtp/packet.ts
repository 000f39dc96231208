/** Length of the fixed RTP header, RFC 3550 section 5.1. */
export const RTP_HEADER_LENGTH = 12;

/** A parsed RTP packet (RFC 3550 section 5.1). The payload is a view of the bytes it was parsed from. */
export interface RtpPacket {
  payloadType: number;
  marker: boolean;
  /** 16 bits. */
  sequenceNumber: number;
  /** 32 bits, in units of the payload's clock rate. */
  timestamp: number;
  ssrc: number;
  /** Header extension with its own header of four bytes, where there is one. */
  extension?: Buffer;
  /** Without CSRC list, header extension and padding. */
  payload: Buffer;
}

/** The packet, or undefined when the bytes are not RTP version 2 or say more than they hold. */
export function parseRtpPacket(bytes: Buffer): RtpPacket | undefined {
  if (bytes.length < RTP_HEADER_LENGTH) return undefined;
  const first = bytes.readUInt8(0);
  if (first >> 6 !== 2) return undefined;
  const extensionAt = RTP_HEADER_LENGTH + (first & 0x0f) * 4;
  const hasExtension = (first & 0x10) !== 0;
  let start = extensionAt;
  if (hasExtension) {
    if (bytes.length < start + 4) return undefined;
    start += 4 + bytes.readUInt16BE(start + 2) * 4;
  }
  let end = bytes.length;
  if ((first & 0x20) !== 0) {
    const padding = bytes.readUInt8(end - 1);
    if (padding === 0) return undefined;
    end -= padding;
  }
  if (start > end) return undefined;
  const second = bytes.readUInt8(1);
  const packet: RtpPacket = {
    payloadType: second & 0x7f,
    marker: second >> 7 === 1,
    sequenceNumber: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(start, end),
  };
  if (hasExtension) packet.extension = bytes.subarray(extensionAt, start);
  return packet;
}

/** Writes the fixed header of 12 bytes, without CSRC list or extension, at `offset`. */
export function writeRtpHeader(target: Buffer, packet: Omit<RtpPacket, 'payload'>, offset = 0): void {
  target.writeUInt8(0x80, offset);
  target.writeUInt8((packet.marker ? 0x80 : 0) | packet.payloadType, offset + 1);
  target.writeUInt16BE(packet.sequenceNumber, offset + 2);
  target.writeUInt32BE(packet.timestamp, offset + 4);
  target.writeUInt32BE(packet.ssrc, offset + 8);
}

/** A whole packet in new memory. */
export function encodeRtpPacket(packet: RtpPacket): Buffer {
  const bytes = Buffer.allocUnsafe(RTP_HEADER_LENGTH + packet.payload.length);
  writeRtpHeader(bytes, packet);
  packet.payload.copy(bytes, RTP_HEADER_LENGTH);
  return bytes;
}

/** Signed distance from `from` to `to` on a circle of 2^16: -32768 to 32767 (RFC 1982). */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Signed distance from `from` to `to` on a circle of 2^32: RTP timestamps. */
export function timestampDistance(from: number, to: number): number {
  return (to - from) | 0;
}
