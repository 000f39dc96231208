import { BitReader } from '../bit-reader.ts';
import { isRandomAccess, isSlice, NAL_HEADER_BYTES, NAL_IDR_N_LP, NAL_IDR_W_RADL, nalType } from './nal.ts';
import type { PictureParameters, SequenceParameters } from './parameter-sets.ts';

/** A slice header's fields that are read here take fewer. */
const MAX_BYTES = 48;
const TYPES = ['B', 'P', 'I'] as const;

/** Of the first slice of a picture (ITU-T H.265 section 7.3.6.1): which picture parameter set it needs. */
export function parseSliceStart(nal: Buffer): { pictureParametersId: number } | undefined {
  return isSlice(nal) ? readStart(nal, new BitReader(nal, NAL_HEADER_BYTES, MAX_BYTES)) : undefined;
}

/**
 * The rest of it; undefined when it is not whole, or not the first slice of its picture. Never throws.
 *
 * @returns `pictureOrder`: slice_pic_order_cnt_lsb
 */
export function parseSlice(
  nal: Buffer,
  sequence: SequenceParameters,
  picture: PictureParameters,
): { type: 'B' | 'P' | 'I'; pictureOrder: number } | undefined {
  if (!isSlice(nal)) return undefined;
  const reader = new BitReader(nal, NAL_HEADER_BYTES, MAX_BYTES);
  if (readStart(nal, reader) === undefined) return undefined;
  reader.skip(picture.extraSliceBits);
  const type = TYPES[reader.exponentialGolomb()];
  if (picture.hasOutputFlag) reader.skip(1);
  if (sequence.slice.separateColourPlanes) reader.skip(2);
  const pictureOrder = isIdr(nal) ? 0 : reader.unsigned(sequence.slice.pictureOrderBits);
  return reader.overrun || type === undefined ? undefined : { type, pictureOrder };
}

/** Of the first slice of a picture; undefined when its header is not whole. @param extraSliceBits of its picture parameter set */
export function parseSliceType(nal: Buffer, extraSliceBits: number): 'B' | 'P' | 'I' | undefined {
  if (!isSlice(nal)) return undefined;
  const reader = new BitReader(nal, NAL_HEADER_BYTES, MAX_BYTES);
  if (readStart(nal, reader) === undefined) return undefined;
  reader.skip(extraSliceBits);
  const type = TYPES[reader.exponentialGolomb()];
  return reader.overrun ? undefined : type;
}

/** True where the count of pictures begins anew. */
export function isIdr(nal: Buffer): boolean {
  return nalType(nal) === NAL_IDR_W_RADL || nalType(nal) === NAL_IDR_N_LP;
}

function readStart(nal: Buffer, reader: BitReader): { pictureParametersId: number } | undefined {
  if (!reader.flag()) return undefined; // first_slice_segment_in_pic_flag
  if (isRandomAccess(nal)) reader.skip(1);
  const pictureParametersId = reader.exponentialGolomb();
  return reader.overrun || pictureParametersId > 63 ? undefined : { pictureParametersId };
}
