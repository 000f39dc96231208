import { HUFFMAN_TABLES } from './tables.ts';

/** ITU-T T.81 table B.1. */
const START_OF_IMAGE = 0xd8;
const END_OF_IMAGE = 0xd9;
const QUANTIZATION_TABLES = 0xdb;
const TABLE_VALUES = 64;

/** Quantization tables in zigzag order, one behind the other. */
export interface QuantizationTables {
  bytes: Buffer;
  /** Bit n: the values of table n have 16 bits. */
  precision: number;
}

export const SOI: Buffer = Buffer.from([0xff, START_OF_IMAGE]);
export const EOI: Buffer = Buffer.from([0xff, END_OF_IMAGE]);
export const DHT: Buffer = segment(0xc4, HUFFMAN_TABLES);
/** Three components; the first with the first tables, the others with the second. */
export const SOS: Buffer = segment(0xda, Buffer.from([3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]));

/** A DQT segment for luminance and chrominance; undefined when there is not even one table. */
export function quantizationSegment({ bytes, precision }: QuantizationTables): Buffer | undefined {
  const tables: Buffer[] = [];
  let at = 0;
  for (let id = 0; id < 2; id += 1) {
    const wide = (precision >> id) & 1;
    const length = TABLE_VALUES << wide;
    // One table is for all components.
    if (at + length > bytes.length && id === 0) return undefined;
    if (at + length > bytes.length) at = 0;
    const header = at === 0 && id > 0 ? precision & 1 : wide;
    tables.push(Buffer.from([(header << 4) | id]), bytes.subarray(at, at + (TABLE_VALUES << header)));
    at += length;
  }
  return segment(QUANTIZATION_TABLES, Buffer.concat(tables));
}

/** @param type of RFC 2435: 0 is 4:2:2, 1 is 4:2:0 */
export function frameSegment(type: number, width: number, height: number): Buffer {
  const size = [height >> 8, height & 0xff, width >> 8, width & 0xff];
  return segment(0xc0, Buffer.from([8, ...size, 3, 1, type === 0 ? 0x21 : 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]));
}

export function restartSegment(interval: number): Buffer {
  return segment(0xdd, Buffer.from([interval >> 8, interval & 0xff]));
}

function segment(marker: number, body: Buffer): Buffer {
  const length = body.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 0xff]), body]);
}
