import { splitAtStartCodes } from '../h264/nal.ts';
import { NalDepacketizer, type NalDepacketizerLimits } from '../nal-depacketizer.ts';
import { isSlice, NAL_DELIMITER, NAL_HEADER_BYTES, NAL_PREFIX_SEI, NAL_VPS, nalType } from './nal.ts';

/** Payload structures of RFC 7798 section 4.4. */
const AGGREGATION_PACKET = 48;
const FRAGMENTATION_UNIT = 49;
/** Bytes of a decoding order number (DONL), and of the difference to the one before (DOND). */
const DONL_BYTES = 2;
const DOND_BYTES = 1;

/**
 * RTP packets in order to access units, RFC 7798: single NAL units, aggregation packets and fragmentation units. Where they have decoding
 * order numbers they must come in that order, which is all that a live camera has a reason to send: what does not is malformed.
 */
export class H265Depacketizer extends NalDepacketizer {
  readonly #donlBytes: number;
  readonly #dondBytes: number;

  /** @param hasOrderNumbers the SDP's sprop-max-don-diff is greater than 0 */
  constructor({ hasOrderNumbers = false, limits }: { hasOrderNumbers?: boolean; limits?: NalDepacketizerLimits } = {}) {
    super(limits);
    this.#donlBytes = hasOrderNumbers ? DONL_BYTES : 0;
    this.#dondBytes = hasOrderNumbers ? DOND_BYTES : 0;
  }

  protected override take(payload: Buffer): boolean {
    if (payload.length <= NAL_HEADER_BYTES) return false;
    switch (nalType(payload)) {
      case FRAGMENTATION_UNIT:
        return this.#takeFragment(payload);
      case AGGREGATION_PACKET:
        return this.#takeAggregate(payload);
      default:
        return this.#takeSingle(payload);
    }
  }

  protected override continuesPicture(payload: Buffer): boolean {
    const first = this.#firstNal(payload);
    return first !== undefined && first.type < NAL_VPS && !first.beginsPicture;
  }

  protected override beginsPicture(payload: Buffer): boolean {
    const first = this.#firstNal(payload);
    if (first === undefined) return false;
    if (first.type < NAL_VPS) return first.beginsPicture;
    return first.type <= NAL_DELIMITER || first.type === NAL_PREFIX_SEI;
  }

  protected override hasPicture(nals: Buffer[]): boolean {
    return nals.some(isSlice);
  }

  /** Start codes may stand between parameter sets, as in H.264; nothing of the kind is in what begins with a slice. */
  protected override split(nal: Buffer): readonly Buffer[] | undefined {
    const nals = nalType(nal) < NAL_VPS ? [nal] : splitAtStartCodes(nal);
    const isSound = nals?.every((each) => each.length > NAL_HEADER_BYTES && nalType(each) < AGGREGATION_PACKET) === true;
    return isSound ? nals : undefined;
  }

  #takeSingle(payload: Buffer): boolean {
    if (this.#donlBytes === 0) return this.add(payload);
    if (!this.#takeOrder(payload, NAL_HEADER_BYTES)) return false;
    return this.add(Buffer.concat([payload.subarray(0, NAL_HEADER_BYTES), payload.subarray(NAL_HEADER_BYTES + this.#donlBytes)]));
  }

  #takeAggregate(payload: Buffer): boolean {
    this.endFragments();
    if (!this.#takeOrder(payload, NAL_HEADER_BYTES)) return false;
    let at = NAL_HEADER_BYTES + this.#donlBytes;
    while (at + 2 <= payload.length) {
      const length = payload.readUInt16BE(at);
      at += 2;
      if (at + length > payload.length || !this.add(payload.subarray(at, at + length))) return false;
      // The next unit's difference is always one or more: units of an aggregation packet are in decoding order.
      at += length + this.#dondBytes;
    }
    return true;
  }

  #takeFragment(payload: Buffer): boolean {
    const header = payload.readUInt8(NAL_HEADER_BYTES);
    const isFirst = (header & 0x80) !== 0;
    const isLast = (header & 0x40) !== 0;
    if (!isFirst) return this.addFragment(undefined, payload.subarray(3), isLast);
    if (!this.#takeOrder(payload, 3)) return false;
    const first = (payload.readUInt8(0) & 0x81) | ((header & 0x3f) << 1);
    return this.addFragment(Buffer.from([first, payload.readUInt8(1)]), payload.subarray(3 + this.#donlBytes), isLast);
  }

  #takeOrder(payload: Buffer, at: number): boolean {
    if (this.#donlBytes === 0) return true;
    return at + DONL_BYTES <= payload.length && this.isInOrder(payload.readUInt16BE(at));
  }

  /** Undefined when it began in a packet before. `beginsPicture` is of a slice: first_slice_segment_in_pic_flag. */
  #firstNal(payload: Buffer): { type: number; beginsPicture: boolean } | undefined {
    const packetType = nalType(payload);
    if (packetType === FRAGMENTATION_UNIT) {
      const header = payload[NAL_HEADER_BYTES] ?? 0;
      return (header & 0x80) === 0 ? undefined : { type: header & 0x3f, beginsPicture: isSet(payload[3 + this.#donlBytes]) };
    }
    const offset = NAL_HEADER_BYTES + this.#donlBytes;
    if (packetType !== AGGREGATION_PACKET) return { type: packetType, beginsPicture: isSet(payload[offset]) };
    const nal = payload.subarray(offset + 2);
    return { type: nalType(nal), beginsPicture: isSet(nal[NAL_HEADER_BYTES]) };
  }
}

function isSet(byte: number | undefined): boolean {
  return ((byte ?? 0) & 0x80) !== 0;
}
