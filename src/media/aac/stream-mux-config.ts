import { Bits } from '../bits.ts';
import { readAudioSpecificConfig } from './audio-specific-config.ts';

/** How LATM frames AAC (ISO/IEC 14496-3 section 1.7.3), with one program of one layer, which is all that RTP has (RFC 6416 section 6.1). */
export interface Mux {
  /** Access units in an audioMuxElement. */
  subframes: number;
  /** Bits of each access unit; undefined where each says its own length. */
  unitBits: number | undefined;
  /** Bits of other data behind the access units. */
  otherDataBits: number;
}

export interface StreamMuxConfig extends Mux {
  /** AudioSpecificConfig; its last byte is filled up with zeros. */
  config: Buffer;
}

/** What a source means that says nothing (mediamtx#3590): access units that come alone and say their length. */
export const PLAIN_MUX: Mux = { subframes: 1, unitBits: undefined, otherDataBits: 0 };

/** Undefined where the bytes are none that is supported. */
export function parseStreamMuxConfig(bytes: Buffer): StreamMuxConfig | undefined {
  return readStreamMuxConfig(new Bits(bytes));
}

/** Reads one and stands behind it then; undefined where it is none, or has several programs or layers. */
export function readStreamMuxConfig(bits: Bits): StreamMuxConfig | undefined {
  const version = bits.unsigned(1);
  // A version of the version is of streams yet to be invented.
  if (version === 1 && bits.flag()) return undefined;
  if (version === 1) readValue(bits);
  const hasOneTiming = bits.flag();
  const subframes = bits.unsigned(6) + 1;
  const programs = bits.unsigned(4) + 1;
  const layers = bits.unsigned(3) + 1;
  if (!hasOneTiming || programs > 1 || layers > 1) return undefined;
  const configBits = version === 1 ? readValue(bits) : undefined;
  const start = bits.position;
  const audio = readAudioSpecificConfig(bits);
  if (audio === undefined || bits.overrun) return undefined;
  const length = configBits ?? bits.position - start;
  if (bits.position - start > length) return undefined;
  bits.position = start;
  const config = bits.take(length);
  const frameLengthType = bits.unsigned(3);
  if (frameLengthType > 1) return undefined;
  const fixed = frameLengthType === 1 ? (bits.unsigned(9) + 20) * 8 : undefined;
  // latmBufferFullness
  if (fixed === undefined) bits.skip(8);
  const otherDataBits = bits.flag() ? readOtherDataLength(bits, version) : 0;
  if (bits.flag()) bits.skip(8);
  return bits.overrun ? undefined : { subframes, unitBits: fixed, otherDataBits, config };
}

/** LatmGetValue. */
function readValue(bits: Bits): number {
  const bytes = bits.unsigned(2) + 1;
  return bits.unsigned(bytes * 8);
}

function readOtherDataLength(bits: Bits, version: number): number {
  if (version === 1) return readValue(bits);
  let length = 0;
  let isMore = true;
  while (isMore && !bits.overrun && length < 2 ** 24) {
    isMore = bits.flag();
    length = length * 256 + bits.unsigned(8);
  }
  return length;
}
