import type { NutMainHeader } from './main-header.ts';
import type { NutBytes } from './nut-bytes.ts';
import type { NutStream } from './stream-header.ts';

/** What comes before the bytes of a frame. */
export interface NutFrameHeader {
  timestamp: number;
  keyframe: boolean;
  /** What the frame begins with that is not written. */
  beginning: Buffer;
  /** Bytes that are written. */
  size: number;
}

/** Of a picture. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024;
/** Frames above this come whole, without what the main header says that all begin with. */
const MAX_ELIDED_BYTES = 4096;
/** Numbers that are for versions to come. */
const MAX_RESERVED = 256;
const CHECKSUM_BYTES = 4;

const FLAG_KEY = 1;
const FLAG_END = 2;
const FLAG_CODED_PTS = 8;
const FLAG_STREAM_ID = 16;
const FLAG_SIZE_MSB = 32;
const FLAG_CHECKSUM = 64;
const FLAG_RESERVED = 128;
const FLAG_HEADER_IDX = 1024;
const FLAG_MATCH_TIME = 2048;
const FLAG_CODED = 4096;
/** Side data, which is of version 4, is among those that are not known here. */
const KNOWN_FLAGS =
  FLAG_KEY |
  FLAG_END |
  FLAG_CODED_PTS |
  FLAG_STREAM_ID |
  FLAG_SIZE_MSB |
  FLAG_CHECKSUM |
  FLAG_RESERVED |
  FLAG_HEADER_IDX |
  FLAG_MATCH_TIME;

/**
 * Undefined where it is none. Where the bytes end within it, `input.overrun` is true, and what is returned means nothing.
 *
 * @param last timestamp of the frame before
 */
export function readNutFrameHeader(
  input: NutBytes,
  { frameCodes, elided }: NutMainHeader,
  stream: NutStream,
  last: number,
): NutFrameHeader | undefined {
  const code = frameCodes[input.byte()];
  if (code === undefined) return undefined;
  const flags = (code.flags & FLAG_CODED) === 0 ? code.flags : (code.flags & ~FLAG_CODED) ^ input.varlen();
  const has = (flag: number): boolean => (flags & flag) !== 0;
  if (has(~KNOWN_FLAGS)) return undefined;
  if (has(FLAG_STREAM_ID)) input.varlen();
  const timestamp = has(FLAG_CODED_PTS) ? stream.timestampOf(input.varlen(), last) : last + code.step;
  const size = code.size + (has(FLAG_SIZE_MSB) ? code.sizeFactor * input.varlen() : 0);
  if (has(FLAG_MATCH_TIME)) input.varlen();
  const headerIndex = has(FLAG_HEADER_IDX) ? input.varlen() : code.headerIndex;
  const reserved = has(FLAG_RESERVED) ? input.varlen() : code.reserved;
  if (reserved > MAX_RESERVED) return undefined;
  for (let at = 0; at < reserved; at += 1) input.varlen();
  if (has(FLAG_CHECKSUM)) input.take(CHECKSUM_BYTES);
  const beginning = elided[size > MAX_ELIDED_BYTES ? 0 : headerIndex];
  const isPossible = beginning !== undefined && size >= beginning.length && size <= MAX_FRAME_BYTES;
  return isPossible ? { timestamp, keyframe: has(FLAG_KEY), beginning, size: size - beginning.length } : undefined;
}
