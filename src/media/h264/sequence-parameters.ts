import { BitReader } from '../bit-reader.ts';
import { nalType, NAL_PPS, NAL_SPS } from './nal.ts';

/** What a sequence parameter set says of the pictures (ITU-T H.264 section 7.3.2.1.1). */
export interface SequenceParameters {
  id: number;
  profileIdc: number;
  /** The byte of constraint_set flags behind profile_idc. */
  constraints: number;
  /** Level times ten; 9 and 11 with constraint_set3 may be level 1b. */
  levelIdc: number;
  /** Of the picture as it is shown, pixels. */
  width: number;
  height: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  chromaFormat: number;
  bitDepth: number;
  /** False: pictures may be fields, or frames of two fields. */
  framesOnly: boolean;
  /** By the timing in the VUI, which says what the encoder was set to; null where it has none. */
  framesPerSecond: number | null;
  /** Pictures that may be shown later than one that follows them; null where the stream does not say. */
  maxReorderFrames: number | null;
  /** What a slice header is read with. */
  slice: { separateColourPlanes: boolean; frameNumBits: number; pictureOrderType: number; pictureOrderBits: number };
}

/** Longer than any that a camera sends. */
const MAX_BYTES = 1024;
/** Profiles whose parameter sets say chroma format and bit depth. */
const HIGH_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const EXTENDED_ASPECT_RATIO = 255;
/** More than the highest level allows (table A-1), so that no number is made of garbage. */
const MAX_SIZE = 16_384;

/** Undefined when the NAL unit is no sequence parameter set, or not whole. Never throws. */
export function parseSequenceParameters(nal: Buffer): SequenceParameters | undefined {
  if (nalType(nal) !== NAL_SPS) return undefined;
  const reader = new BitReader(nal, 1, MAX_BYTES);
  const profileIdc = reader.unsigned(8);
  const constraints = reader.unsigned(8);
  const levelIdc = reader.unsigned(8);
  const id = reader.exponentialGolomb();
  const { chromaFormat, separateColourPlanes, bitDepth } = readColour(reader, profileIdc);
  const frameNumBits = reader.exponentialGolomb() + 4;
  const { pictureOrderType, pictureOrderBits } = readPictureOrder(reader);
  reader.exponentialGolomb(); // max_num_ref_frames
  reader.skip(1);
  const size = readSize(reader, separateColourPlanes ? 0 : chromaFormat);
  const usability = reader.flag() ? readUsability(reader) : { framesPerSecond: null, maxReorderFrames: null };
  if (reader.overrun || id > 31 || frameNumBits > 16 || pictureOrderType > 2 || pictureOrderBits > 16) return undefined;
  if (chromaFormat > 3 || bitDepth > 14 || !isSize(size.width) || !isSize(size.height)) return undefined;
  const slice = { separateColourPlanes, frameNumBits, pictureOrderType, pictureOrderBits };
  return { id, profileIdc, constraints, levelIdc, chromaFormat, bitDepth, ...size, ...usability, slice };
}

/** A picture parameter set names its sequence parameter set; undefined when it is none, or not whole. */
export function parsePictureParameters(nal: Buffer): { id: number; sequenceId: number } | undefined {
  if (nalType(nal) !== NAL_PPS) return undefined;
  const reader = new BitReader(nal, 1, MAX_BYTES);
  const id = reader.exponentialGolomb();
  const sequenceId = reader.exponentialGolomb();
  return reader.overrun || id > 255 || sequenceId > 31 ? undefined : { id, sequenceId };
}

function readColour(
  reader: BitReader,
  profileIdc: number,
): { chromaFormat: number; separateColourPlanes: boolean; bitDepth: number } {
  if (!HIGH_PROFILES.has(profileIdc)) return { chromaFormat: 1, separateColourPlanes: false, bitDepth: 8 };
  const chromaFormat = reader.exponentialGolomb();
  const separateColourPlanes = chromaFormat === 3 && reader.flag();
  const bitDepth = Math.max(reader.exponentialGolomb(), reader.exponentialGolomb()) + 8;
  reader.skip(1);
  if (reader.flag()) {
    for (let list = 0; list < (chromaFormat === 3 ? 12 : 8); list += 1) {
      if (reader.flag()) skipScalingList(reader, list < 6 ? 16 : 64);
    }
  }
  return { chromaFormat, separateColourPlanes, bitDepth };
}

function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let index = 0; index < size; index += 1) {
    if (next !== 0) next = (last + reader.signedExponentialGolomb() + 256) % 256;
    last = next === 0 ? last : next;
  }
}

function readPictureOrder(reader: BitReader): { pictureOrderType: number; pictureOrderBits: number } {
  const pictureOrderType = reader.exponentialGolomb();
  if (pictureOrderType === 0) return { pictureOrderType, pictureOrderBits: reader.exponentialGolomb() + 4 };
  if (pictureOrderType === 1) {
    reader.skip(1);
    reader.signedExponentialGolomb();
    reader.signedExponentialGolomb();
    const cycle = Math.min(reader.exponentialGolomb(), 255);
    for (let index = 0; index < cycle; index += 1) reader.signedExponentialGolomb();
  }
  return { pictureOrderType, pictureOrderBits: 0 };
}

/** @param chromaFormat 0 also where the colours are coded as pictures of their own: ChromaArrayType */
function readSize(reader: BitReader, chromaFormat: number): { width: number; height: number; framesOnly: boolean } {
  const columns = reader.exponentialGolomb() + 1;
  const rows = reader.exponentialGolomb() + 1;
  const framesOnly = reader.flag();
  if (!framesOnly) reader.skip(1);
  reader.skip(1);
  const fieldsInFrame = framesOnly ? 1 : 2;
  // Cropping counts in chroma samples, and in fields where there may be some (equations 7-19 to 7-22).
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = (chromaFormat === 1 ? 2 : 1) * fieldsInFrame;
  const [left, right, top, bottom] = reader.flag() ? readFour(reader) : [0, 0, 0, 0];
  return {
    width: columns * 16 - cropX * (left + right),
    height: rows * 16 * fieldsInFrame - cropY * (top + bottom),
    framesOnly,
  };
}

function readFour(reader: BitReader): [number, number, number, number] {
  const read = (): number => reader.exponentialGolomb();
  return [read(), read(), read(), read()];
}

/** The VUI (section E.1.1) as far as its last field of use. */
function readUsability(reader: BitReader): Pick<SequenceParameters, 'framesPerSecond' | 'maxReorderFrames'> {
  if (reader.flag() && reader.unsigned(8) === EXTENDED_ASPECT_RATIO) reader.skip(32);
  if (reader.flag()) reader.skip(1);
  if (reader.flag()) {
    reader.skip(4);
    if (reader.flag()) reader.skip(24);
  }
  if (reader.flag()) {
    reader.exponentialGolomb();
    reader.exponentialGolomb();
  }
  const framesPerSecond = reader.flag() ? readTiming(reader) : null;
  const hasNalHrd = reader.flag();
  if (hasNalHrd) skipHrd(reader);
  const hasVclHrd = reader.flag();
  if (hasVclHrd) skipHrd(reader);
  if (hasNalHrd || hasVclHrd) reader.skip(1);
  reader.skip(1);
  if (!reader.flag()) return { framesPerSecond, maxReorderFrames: null };
  reader.skip(1);
  readFour(reader);
  return { framesPerSecond, maxReorderFrames: reader.exponentialGolomb() };
}

/** A tick is a field, of which a frame has two (section D.2.3). */
function readTiming(reader: BitReader): number | null {
  const unitsInTick = reader.unsigned(32);
  const timeScale = reader.unsigned(32);
  reader.skip(1);
  return unitsInTick === 0 || timeScale === 0 ? null : timeScale / unitsInTick / 2;
}

function skipHrd(reader: BitReader): void {
  const count = Math.min(reader.exponentialGolomb(), 31) + 1;
  reader.skip(8);
  for (let index = 0; index < count; index += 1) {
    reader.exponentialGolomb();
    reader.exponentialGolomb();
    reader.skip(1);
  }
  reader.skip(20);
}

function isSize(pixels: number): boolean {
  return pixels > 0 && pixels <= MAX_SIZE;
}
