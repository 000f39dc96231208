import { BitReader } from '../bit-reader.ts';
import { NAL_HEADER_BYTES, NAL_PPS, NAL_SPS, nalType } from './nal.ts';

/** What a sequence parameter set says of the pictures (ITU-T H.265 section 7.3.2.2). */
export interface SequenceParameters {
  id: number;
  profileIdc: number;
  tier: 'Main' | 'High';
  /** Level times 30. */
  levelIdc: number;
  /** Of the picture as it is shown, pixels. */
  width: number;
  height: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  chromaFormat: number;
  bitDepth: number;
  /** The source is interlaced: each picture is a field, or a frame of two. */
  interlaced: boolean;
  /** Highest TemporalId that pictures may have (sps_max_sub_layers_minus1). */
  highestSubLayer: number;
  /** Pictures that may be shown later than one that follows them. */
  maxReorderPictures: number;
  /** What a slice header is read with. */
  slice: { separateColourPlanes: boolean; pictureOrderBits: number };
}

export interface PictureParameters {
  id: number;
  sequenceId: number;
  hasOutputFlag: boolean;
  extraSliceBits: number;
}

/** Longer than any that a camera sends. */
const MAX_BYTES = 1024;
/** More than the highest level allows, so that no number is made of garbage. */
const MAX_SIZE = 16_384;

/** Undefined when the NAL unit is no sequence parameter set, or not whole. Never throws. */
export function parseSequenceParameters(nal: Buffer): SequenceParameters | undefined {
  if (nalType(nal) !== NAL_SPS) return undefined;
  const reader = new BitReader(nal, NAL_HEADER_BYTES, MAX_BYTES);
  reader.skip(4);
  const subLayers = reader.unsigned(3);
  reader.skip(1);
  const profile = readProfileTierLevel(reader, subLayers);
  const id = reader.exponentialGolomb();
  const chromaFormat = reader.exponentialGolomb();
  const separateColourPlanes = chromaFormat === 3 && reader.flag();
  const size = readSize(reader, chromaFormat);
  const bitDepth = Math.max(reader.exponentialGolomb(), reader.exponentialGolomb()) + 8;
  const pictureOrderBits = reader.exponentialGolomb() + 4;
  const maxReorderPictures = readReordering(reader, subLayers);
  if (reader.overrun || id > 15 || chromaFormat > 3 || bitDepth > 16 || pictureOrderBits > 16) return undefined;
  if (!isSize(size.width) || !isSize(size.height)) return undefined;
  const slice = { separateColourPlanes, pictureOrderBits };
  return { id, ...profile, ...size, chromaFormat, bitDepth, highestSubLayer: subLayers, maxReorderPictures, slice };
}

/** Undefined when the NAL unit is no picture parameter set, or not whole. Never throws. */
export function parsePictureParameters(nal: Buffer): PictureParameters | undefined {
  if (nalType(nal) !== NAL_PPS) return undefined;
  const reader = new BitReader(nal, NAL_HEADER_BYTES, MAX_BYTES);
  const id = reader.exponentialGolomb();
  const sequenceId = reader.exponentialGolomb();
  reader.skip(1);
  const hasOutputFlag = reader.flag();
  const extraSliceBits = reader.unsigned(3);
  return reader.overrun || id > 63 || sequenceId > 15 ? undefined : { id, sequenceId, hasOutputFlag, extraSliceBits };
}

/** Section 7.3.3. @param subLayers sps_max_sub_layers_minus1 */
function readProfileTierLevel(
  reader: BitReader,
  subLayers: number,
): Pick<SequenceParameters, 'tier' | 'profileIdc' | 'levelIdc' | 'interlaced'> {
  reader.skip(2);
  const tier = reader.flag() ? 'High' : 'Main';
  const profileIdc = reader.unsigned(5);
  reader.skip(32);
  const isProgressive = reader.flag();
  const isInterlaced = reader.flag();
  reader.skip(46);
  const levelIdc = reader.unsigned(8);
  const present = Array.from({ length: subLayers }, () => ({ profile: reader.flag(), level: reader.flag() }));
  if (subLayers > 0) reader.skip((8 - subLayers) * 2);
  for (const { profile, level } of present) reader.skip((profile ? 88 : 0) + (level ? 8 : 0));
  return { tier, profileIdc, levelIdc, interlaced: isInterlaced && !isProgressive };
}

function readSize(reader: BitReader, chromaFormat: number): { width: number; height: number } {
  const width = reader.exponentialGolomb();
  const height = reader.exponentialGolomb();
  if (!reader.flag()) return { width, height };
  const [left, right, top, bottom] = [1, 2, 3, 4].map(() => reader.exponentialGolomb());
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = chromaFormat === 1 ? 2 : 1;
  return {
    width: width - cropX * ((left ?? 0) + (right ?? 0)),
    height: height - cropY * ((top ?? 0) + (bottom ?? 0)),
  };
}

/** sps_max_num_reorder_pics of the highest sub-layer. */
function readReordering(reader: BitReader, subLayers: number): number {
  const count = reader.flag() ? subLayers + 1 : 1;
  let reorder = 0;
  for (let index = 0; index < count; index += 1) {
    reader.exponentialGolomb();
    reorder = reader.exponentialGolomb();
    reader.exponentialGolomb();
  }
  return reorder;
}

function isSize(pixels: number): boolean {
  return pixels > 0 && pixels <= MAX_SIZE;
}
