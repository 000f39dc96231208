import { Bits } from '../bits.ts';

/*
 * The start codes and headers of ISO/IEC 14496-2 (MPEG-4 part 2, visual), as far as a stream is cut by them.
 */

const START_CODE = Buffer.from([0, 0, 1]);
/** That are looked at: more than the pictures of a packet have. Megabytes of nothing else would take a second. */
const MAX_START_CODES = 512;
/** Section 6.2.1, table 6-3. */
const FIRST_VIDEO_OBJECT_LAYER = 0x20;
const LAST_VIDEO_OBJECT_LAYER = 0x2f;
export const GROUP_OF_VOP = 0xb3;
export const VOP = 0xb6;
const VOP_TYPES = ['I', 'P', 'B', 'S'] as const;
const EXTENDED_ASPECT_RATIO = 15;
const RECTANGULAR = 0;
/** Longer than any that a camera sends. */
const MAX_HEADER_BYTES = 1024;
/** Of the VBV parameters. */
const VBV_BITS = 79;

export interface VolumeFormat {
  /** Pixels. */
  width: number;
  height: number;
  /** Pictures may be made of two fields. */
  interlaced: boolean;
  /** Ticks a second of the pictures' own times. */
  resolution: number;
}

/** True for what begins with a start code, as each packet does that begins a picture (RFC 6416 section 5.2). */
export function startsWithCode(bytes: Buffer): boolean {
  return bytes.length > START_CODE.length && bytes.subarray(0, START_CODE.length).equals(START_CODE);
}

/** What stands in front of the first picture and configures a decoder; undefined where that is not all there, or too long. */
export function readHeaders(bytes: Buffer): { bytes: Buffer; format: VolumeFormat | undefined } | undefined {
  let volumeAt: number | undefined;
  let end = bytes.length;
  for (const { code, at } of startCodes(bytes)) {
    if (code === GROUP_OF_VOP || code === VOP) {
      end = at;
      break;
    }
    if (code >= FIRST_VIDEO_OBJECT_LAYER && code <= LAST_VIDEO_OBJECT_LAYER) volumeAt ??= at;
  }
  if (volumeAt === undefined || end > MAX_HEADER_BYTES) return undefined;
  return { bytes: bytes.subarray(0, end), format: readVolume(bytes.subarray(volumeAt + START_CODE.length + 1, end)) };
}

/** The first picture; undefined where there is none. */
export function vopOf(bytes: Buffer): { type: (typeof VOP_TYPES)[number] } | undefined {
  for (const { code, at } of startCodes(bytes)) {
    const first = bytes[at + START_CODE.length + 1];
    const type = first === undefined ? undefined : VOP_TYPES[first >> 6];
    if (code === VOP && type !== undefined) return { type };
  }
  return undefined;
}

/** VideoObjectLayer(), section 6.2.3, up to `interlaced`. */
function readVolume(bytes: Buffer): VolumeFormat | undefined {
  const bits = new Bits(bytes);
  bits.skip(1 + 8);
  if (bits.flag()) bits.skip(4 + 3);
  if (bits.unsigned(4) === EXTENDED_ASPECT_RATIO) bits.skip(16);
  if (bits.flag()) {
    bits.skip(3);
    if (bits.flag()) bits.skip(VBV_BITS);
  }
  if (bits.unsigned(2) !== RECTANGULAR) return undefined;
  bits.skip(1);
  const resolution = bits.unsigned(16);
  bits.skip(1);
  // fixed_vop_time_increment has as many bits as the resolution needs.
  if (bits.flag()) bits.skip(Math.max(1, Math.ceil(Math.log2(Math.max(1, resolution)))));
  bits.skip(1);
  const width = bits.unsigned(13);
  bits.skip(1);
  const height = bits.unsigned(13);
  bits.skip(1);
  const interlaced = bits.flag();
  return bits.overrun || width === 0 || height === 0 ? undefined : { width, height, interlaced, resolution };
}

export function* startCodes(bytes: Buffer): Generator<{ code: number; at: number }> {
  let at = bytes.indexOf(START_CODE);
  for (let codes = 0; at >= 0 && codes < MAX_START_CODES; codes += 1) {
    const code = bytes[at + START_CODE.length];
    if (code === undefined) return;
    yield { code, at };
    at = bytes.indexOf(START_CODE, at + START_CODE.length);
  }
}
