import { BitReader } from '../bit-reader.ts';
import { nalType, NAL_IDR, NAL_SLICE } from './nal.ts';
import type { SequenceParameters } from './sequence-parameters.ts';

/** The beginning of a slice header (ITU-T H.264 section 7.3.3), as far as it can be read without parameter sets. */
export interface SliceStart {
  /** 0 where the slice is the first of its picture. */
  firstMacroblock: number;
  type: 'P' | 'B' | 'I' | 'SP' | 'SI';
  pictureParametersId: number;
}

/** What says in which order pictures are shown. */
export interface SlicePlace {
  /** pic_order_cnt_lsb; null where the sequence does not number its pictures so. */
  pictureOrder: number | null;
}

/** A slice header's fields that are read here take fewer. */
const MAX_BYTES = 48;
const TYPES = ['P', 'B', 'I', 'SP', 'SI'] as const;

/** Undefined when the NAL unit is no slice, or its header not whole. Never throws. */
export function parseSliceStart(nal: Buffer): SliceStart | undefined {
  return isSlice(nal) ? readStart(new BitReader(nal, 1, MAX_BYTES)) : undefined;
}

/** @param sequence the parameters that the slice's picture parameter set names */
export function parseSlicePlace(nal: Buffer, { slice, framesOnly }: SequenceParameters): SlicePlace | undefined {
  if (!isSlice(nal)) return undefined;
  const reader = new BitReader(nal, 1, MAX_BYTES);
  if (readStart(reader) === undefined) return undefined;
  if (slice.separateColourPlanes) reader.skip(2);
  reader.skip(slice.frameNumBits);
  // A field says which of the two it is.
  if (!framesOnly && reader.flag()) reader.skip(1);
  if (nalType(nal) === NAL_IDR) reader.exponentialGolomb(); // idr_pic_id
  const pictureOrder = slice.pictureOrderType === 0 ? reader.unsigned(slice.pictureOrderBits) : null;
  return reader.overrun ? undefined : { pictureOrder };
}

function isSlice(nal: Buffer): boolean {
  return nalType(nal) === NAL_SLICE || nalType(nal) === NAL_IDR;
}

function readStart(reader: BitReader): SliceStart | undefined {
  const firstMacroblock = reader.exponentialGolomb();
  const code = reader.exponentialGolomb();
  const pictureParametersId = reader.exponentialGolomb();
  // From 5 on the code says that all slices of the picture are of this type (table 7-6).
  const type = code < 10 ? TYPES[code % 5] : undefined;
  return reader.overrun || type === undefined || pictureParametersId > 255
    ? undefined
    : { firstMacroblock, type, pictureParametersId };
}
