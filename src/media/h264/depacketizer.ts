import { NalDepacketizer, type DepacketizedAccessUnit } from '../nal-depacketizer.ts';
import type { RtpPacket } from '../rtp/packet.ts';
import { isMultiTime, STAP_B, splitMultiTime } from './multi-time.ts';
import { hasPicture, nalType, NAL_DELIMITER, NAL_IDR, NAL_SEI, NAL_SLICE, splitAtStartCodes } from './nal.ts';

export type { DepacketizedAccessUnit };

const STAP_A = 24;
const FU_A = 28;
const FU_B = 29;
/** Bytes of a decoding order number. */
const DON_BYTES = 2;

/**
 * RTP packets in order to access units, RFC 6184. All its payload structures are understood whatever packetization-mode
 * the SDP declares, since cameras that declare mode 0 or none send FU-A all the same (mediamtx#5887, #5846). Those of the interleaved mode
 * must come in decoding order, which is all that a live camera has a reason to send: what does not is malformed.
 */
export class H264Depacketizer extends NalDepacketizer {
  override push(packet: RtpPacket, gap: boolean): readonly DepacketizedAccessUnit[] {
    const parts = isMultiTime(packet.payload) ? splitMultiTime(packet) : undefined;
    if (parts === undefined) return super.push(packet, gap);
    return parts.flatMap((part, index) => super.push(part, gap && index === 0));
  }

  protected override take(payload: Buffer): boolean {
    switch (nalType(payload)) {
      case FU_A:
        return this.#takeFragment(payload, 2);
      case FU_B:
        return payload.length >= 4 && this.isInOrder(payload.readUInt16BE(2)) && this.#takeFragment(payload, 2 + DON_BYTES);
      case STAP_A:
        return this.#takeAggregate(payload, 1);
      case STAP_B:
        return payload.length >= 3 && this.isInOrder(payload.readUInt16BE(1)) && this.#takeAggregate(payload, 1 + DON_BYTES);
      default:
        return this.add(payload);
    }
  }

  protected override continuesPicture(payload: Buffer): boolean {
    const nal = firstNalAt(payload);
    const type = (payload[nal] ?? 0) & 0x1f;
    const first = payload[nal + headerBytes(payload)];
    return (type === NAL_SLICE || type === NAL_IDR) && first !== undefined && !isFirstMacroblock(first);
  }

  protected override beginsPicture(payload: Buffer): boolean {
    const nal = firstNalAt(payload);
    const type = (payload[nal] ?? 0) & 0x1f;
    if (type >= NAL_SEI && type <= NAL_DELIMITER) return true;
    return (type === NAL_SLICE || type === NAL_IDR) && isFirstMacroblock(payload[nal + headerBytes(payload)] ?? 0);
  }

  protected override hasPicture(nals: Buffer[]): boolean {
    return hasPicture(nals);
  }

  /** A start code in front, or parameter sets and the picture in one; nothing of the kind is in what begins with a slice. */
  protected override split(nal: Buffer): readonly Buffer[] | undefined {
    const type = nalType(nal);
    if (type > 0 && type < NAL_SEI) return [nal];
    const nals = splitAtStartCodes(nal);
    return nals?.every((each) => isNalType(nalType(each))) === true ? nals : undefined;
  }

  #takeAggregate(payload: Buffer, offset: number): boolean {
    this.endFragments();
    let at = offset;
    while (at + 2 <= payload.length) {
      const length = payload.readUInt16BE(at);
      at += 2;
      if (at + length > payload.length) return false;
      if (length > 0 && !this.add(payload.subarray(at, at + length))) return false;
      at += length;
    }
    return true;
  }

  #takeFragment(payload: Buffer, offset: number): boolean {
    const indicator = payload[0] ?? 0;
    const header = payload[1];
    if (header === undefined || !isNalType(header & 0x1f)) return false;
    const isFirst = (header & 0x80) !== 0;
    // Start and end in one fragment is forbidden by RFC 6184 section 5.8 and sent by some cameras (CostarHD: gortsplib#649; OpenIPC).
    const isLast = (header & 0x40) !== 0;
    const nalHeader = isFirst ? Buffer.from([(indicator & 0xe0) | (header & 0x1f)]) : undefined;
    return this.addFragment(nalHeader, payload.subarray(offset), isLast);
  }
}

/** What RFC 6184 table 1 leaves for NAL units themselves; the types above are its own packets. */
function isNalType(type: number): boolean {
  return type > 0 && type < STAP_A;
}

/** Where the type of the payload's first NAL unit stands; behind the end when it began in a packet before. */
function firstNalAt(payload: Buffer): number {
  switch (nalType(payload)) {
    case FU_A:
    case FU_B:
      return ((payload[1] ?? 0) & 0x80) === 0 ? payload.length : 1;
    case STAP_A:
      return 3;
    case STAP_B:
      return 3 + DON_BYTES;
    default:
      return 0;
  }
}

/** Bytes from the type of the payload's first NAL unit to its contents. */
function headerBytes(payload: Buffer): number {
  return nalType(payload) === FU_B ? 1 + DON_BYTES : 1;
}

/** first_mb_in_slice is the first ue(v) of a slice (ITU-T H.264 section 7.3.3): a one bit says macroblock 0. */
function isFirstMacroblock(firstByte: number): boolean {
  return (firstByte & 0x80) !== 0;
}
