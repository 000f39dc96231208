import type { RtpPacket } from '../rtp/packet.ts';
import { nalType } from './nal.ts';

/** RFC 6184 section 5.7. */
export const STAP_B = 25;
const MTAP16 = 26;
const MTAP24 = 27;
/** Of the packet's own and of each unit: size (16), difference of decoding order (8), offset of time (16 or 24). */
const HEADER_BYTES = 3;

/** NAL units of several times in one packet (RFC 6184 section 5.7.2). */
export function isMultiTime(payload: Buffer): boolean {
  return nalType(payload) === MTAP16 || nalType(payload) === MTAP24;
}

/** The same as a packet for each NAL unit (STAP-B), at its own time; undefined when it is malformed. */
export function splitMultiTime(packet: RtpPacket): RtpPacket[] | undefined {
  const { payload, marker, timestamp } = packet;
  const offsetBytes = nalType(payload) === MTAP16 ? 2 : 3;
  const parts: RtpPacket[] = [];
  let at = HEADER_BYTES;
  while (at + 3 + offsetBytes <= payload.length) {
    const length = payload.readUInt16BE(at);
    const order = (payload.readUInt16BE(1) + payload.readUInt8(at + 2)) & 0xffff;
    const offset = payload.readUIntBE(at + 3, offsetBytes);
    at += 3 + offsetBytes;
    if (length === 0 || at + length > payload.length) return undefined;
    const single = Buffer.concat([Buffer.alloc(5), payload.subarray(at, at + length)]);
    single.writeUInt8(STAP_B, 0);
    single.writeUInt16BE(order, 1);
    single.writeUInt16BE(length, 3);
    at += length;
    parts.push({ ...packet, timestamp: (timestamp + offset) >>> 0, marker: marker && at === payload.length, payload: single });
  }
  return parts.length === 0 ? undefined : parts;
}
