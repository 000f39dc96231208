import type { AccessUnit } from './nal.ts';
import { cutInParts, packetizeNals } from '../nal-packetizer.ts';

const STAP_A = 24;
const FU_A = 28;
const FU_HEADER_BYTES = 2;

/**
 * RTP payloads of one access unit, RFC 6184 packetization-mode 1: small NAL units share a STAP-A, large ones become FU-A, however large the
 * packets were in which they came (UniFi sends whole NAL units: mediamtx#797, #5895).
 * The last payload is the one to carry the marker bit.
 *
 * @param maxPayload most bytes of a payload, at least 3
 */
export function packetizeH264(accessUnit: AccessUnit, maxPayload: number): Buffer[] {
  return packetizeNals(accessUnit, maxPayload, { headerBytes: 1, leastBytes: 1, aggregate, fragment });
}

/** A NAL unit alone goes as it is; several become one STAP-A (RFC 6184 section 5.7.1). */
function aggregate(nals: Buffer[], length: number): Buffer {
  const [only] = nals;
  if (nals.length === 1 && only !== undefined) return only;
  const payload = Buffer.allocUnsafe(length);
  let highestReference = 0;
  let forbidden = 0;
  let at = 1;
  for (const nal of nals) {
    const header = nal[0] ?? 0;
    highestReference = Math.max(highestReference, header & 0x60);
    forbidden |= header & 0x80;
    payload.writeUInt16BE(nal.length, at);
    nal.copy(payload, at + 2);
    at += 2 + nal.length;
  }
  payload.writeUInt8(forbidden | highestReference | STAP_A, 0);
  return payload;
}

/** FU-A fragments (RFC 6184 section 5.8). */
function fragment(nal: Buffer, maxPayload: number, payloads: Buffer[]): void {
  const header = nal[0] ?? 0;
  const parts = cutInParts(nal.subarray(1), maxPayload - FU_HEADER_BYTES, FU_HEADER_BYTES);
  for (const [at, payload] of parts.entries()) {
    payload.writeUInt8((header & 0xe0) | FU_A, 0);
    payload.writeUInt8((at === 0 ? 0x80 : 0) | (at === parts.length - 1 ? 0x40 : 0) | (header & 0x1f), 1);
    payloads.push(payload);
  }
}
