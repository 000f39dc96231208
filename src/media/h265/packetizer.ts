import { NAL_HEADER_BYTES, nalType } from './nal.ts';
import { cutInParts, packetizeNals } from '../nal-packetizer.ts';

const AGGREGATION_PACKET = 48;
const FRAGMENTATION_UNIT = 49;
const FRAGMENT_HEADER_BYTES = 3;

/**
 * RTP payloads of one access unit, RFC 7798 without decoding order numbers: small NAL units share an aggregation packet, large ones become
 * fragmentation units. The last payload is the one to carry the marker bit.
 *
 * @param maxPayload most bytes of a payload, at least 4
 */
export function packetizeH265(accessUnit: readonly Buffer[], maxPayload: number): Buffer[] {
  return packetizeNals(accessUnit, maxPayload, {
    headerBytes: NAL_HEADER_BYTES,
    leastBytes: NAL_HEADER_BYTES + 1,
    aggregate,
    fragment,
  });
}

/** A NAL unit alone goes as it is; several become one packet, whose layer and sub-layer are the lowest of them (RFC 7798 section 4.4.2). */
function aggregate(nals: Buffer[], length: number): Buffer {
  const [only] = nals;
  if (nals.length === 1 && only !== undefined) return only;
  const payload = Buffer.allocUnsafe(length);
  let forbidden = 0;
  let layer = 63;
  let temporalIdPlus1 = 7;
  let at = NAL_HEADER_BYTES;
  for (const nal of nals) {
    const header = nal.readUInt16BE(0);
    forbidden |= header & 0x8000;
    layer = Math.min(layer, (header >> 3) & 0x3f);
    temporalIdPlus1 = Math.min(temporalIdPlus1, header & 7);
    payload.writeUInt16BE(nal.length, at);
    nal.copy(payload, at + 2);
    at += 2 + nal.length;
  }
  payload.writeUInt16BE(forbidden | (AGGREGATION_PACKET << 9) | (layer << 3) | temporalIdPlus1, 0);
  return payload;
}

/** Fragments (RFC 7798 section 4.4.3). */
function fragment(nal: Buffer, maxPayload: number, payloads: Buffer[]): void {
  const first = (nal.readUInt8(0) & 0x81) | (FRAGMENTATION_UNIT << 1);
  const parts = cutInParts(nal.subarray(NAL_HEADER_BYTES), maxPayload - FRAGMENT_HEADER_BYTES, FRAGMENT_HEADER_BYTES);
  for (const [at, payload] of parts.entries()) {
    payload.writeUInt8(first, 0);
    payload.writeUInt8(nal.readUInt8(1), 1);
    payload.writeUInt8((at === 0 ? 0x80 : 0) | (at === parts.length - 1 ? 0x40 : 0) | nalType(nal), 2);
    payloads.push(payload);
  }
}
