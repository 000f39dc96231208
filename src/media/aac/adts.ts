import { MAX_UNITS } from './au-header-section.ts';
import { channelsAt, sampleRateAt } from './audio-specific-config.ts';

const HEADER_BYTES = 7;
const CRC_BYTES = 2;
/** Thirteen bits. */
const MAX_FRAME_BYTES = 8191;

/** Samples of a frame of AAC-LC. */
export const AAC_FRAME_SAMPLES = 1024;

/** The header of an ADTS frame (ISO/IEC 13818-7 section 6.2). */
export interface AdtsHeader {
  /** Audio object type. */
  objectType: number;
  /** Hz; undefined for a reserved one. */
  sampleRate: number | undefined;
  /** 0 where the stream says. */
  channels: number;
  headerBytes: number;
  /** Header included. */
  frameBytes: number;
}

/** Splits a stream of ADTS frames into raw AAC access units. What is not a frame is passed over. */
export class AdtsParser {
  #pending: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): Buffer[] {
    const buffer = Buffer.concat([this.#pending, bytes]);
    const units: Buffer[] = [];
    let offset = 0;
    while (offset + HEADER_BYTES <= buffer.length) {
      const header = readAdtsHeader(buffer, offset);
      if (header === undefined) {
        offset += 1;
        continue;
      }
      if (offset + header.frameBytes > buffer.length) break;
      units.push(buffer.subarray(offset + header.headerBytes, offset + header.frameBytes));
      offset += header.frameBytes;
    }
    this.#pending = buffer.subarray(offset, offset + MAX_FRAME_BYTES);
    return units;
  }
}

/** Undefined where no frame begins. */
function readAdtsHeader(buffer: Buffer, offset: number): AdtsHeader | undefined {
  // Twelve ones, then the layer, which is 0.
  if (offset + HEADER_BYTES > buffer.length) return undefined;
  if (buffer.readUInt8(offset) !== 0xff || (buffer.readUInt8(offset + 1) & 0xf6) !== 0xf0) return undefined;
  const frameBytes = (buffer.readUIntBE(offset + 3, 3) >> 5) & 0x1fff;
  const headerBytes = HEADER_BYTES + ((buffer.readUInt8(offset + 1) & 1) === 0 ? CRC_BYTES : 0);
  if (frameBytes <= headerBytes) return undefined;
  const fields = buffer.readUInt16BE(offset + 2);
  return {
    objectType: (fields >> 14) + 1,
    sampleRate: sampleRateAt((fields >> 10) & 0x0f),
    channels: channelsAt((fields >> 6) & 0x07),
    headerBytes,
    frameBytes,
  };
}

/** Access units of bytes that are ADTS frames and nothing else, no more than in any packet; undefined for all other bytes. */
export function splitAdts(bytes: Buffer): { header: AdtsHeader; units: Buffer[] } | undefined {
  const header = readAdtsHeader(bytes, 0);
  if (header === undefined) return undefined;
  const units: Buffer[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const frame = readAdtsHeader(bytes, offset);
    if (frame === undefined || offset + frame.frameBytes > bytes.length || units.length === MAX_UNITS) return undefined;
    units.push(bytes.subarray(offset + frame.headerBytes, offset + frame.frameBytes));
    offset += frame.frameBytes;
  }
  return { header, units };
}
