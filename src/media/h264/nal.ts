/** NAL unit types, ITU-T H.264 table 7-1. */
export const NAL_SLICE = 1;
export const NAL_IDR = 5;
export const NAL_SEI = 6;
export const NAL_SPS = 7;
export const NAL_PPS = 8;
export const NAL_DELIMITER = 9;
export const NAL_FILLER = 12;

/** The NAL unit's type: the low five bits of its first byte; 0 for an empty one. */
export function nalType(nal: Buffer): number {
  return (nal[0] ?? 0) & 0x1f;
}

/** One coded picture: its NAL units in decoding order, without start codes. */
export type AccessUnit = Buffer[];

/** True when the picture can be decoded without any before it. */
export function isKeyframe(accessUnit: AccessUnit): boolean {
  return accessUnit.some((nal) => nalType(nal) === NAL_IDR);
}

/** True when there is a coded slice in it: parameter sets and SEI alone show nothing. */
export function hasPicture(accessUnit: AccessUnit): boolean {
  return accessUnit.some((nal) => nalType(nal) >= NAL_SLICE && nalType(nal) <= NAL_IDR);
}

/**
 * True for a picture that no other refers to: nal_ref_idc is 0 in all that it is made of, which it never is in parameter sets (ITU-T H.264
 * section 7.4.1). Pictures that follow then need no parameter sets that came with it either.
 */
export function isDiscardable(accessUnit: AccessUnit): boolean {
  return hasPicture(accessUnit) && accessUnit.every((nal) => ((nal[0] ?? 0) & 0x60) === 0);
}

/**
 * True for a slice of a B picture that is the first of its picture, by its first byte (ITU-T H.264 section 7.3.3): first_mb_in_slice 0 is
 * the bit 1, slice_type 1 the bits 010, and 6, the same for all slices of the picture, the bits 00111.
 */
export function isBSlice(nal: Buffer): boolean {
  const first = nal[1] ?? 0;
  return nalType(nal) === NAL_SLICE && ((first & 0xf0) === 0xa0 || (first & 0xfc) === 0x9c);
}

/** NAL units of a byte stream with start codes (ITU-T H.264 annex B), as views of it. */
export function splitAnnexB(bytes: Buffer): Buffer[] {
  return split(bytes, bytes.indexOf(START_CODE), Infinity) ?? [];
}

/**
 * The NAL units within bytes that should be one: some cameras write start codes between several, before one or behind one (gortsplib,
 * go2rtc: WebRTC#391, #392; GW Security GW4089IP). No NAL unit holds a start code itself (ITU-T H.264 section 7.4.1).
 *
 * @returns undefined where there are more start codes than in any access unit
 */
export function splitAtStartCodes(bytes: Buffer): readonly Buffer[] | undefined {
  const first = bytes.indexOf(START_CODE);
  if (first === -1) return [bytes];
  const nals = split(bytes, first, MAX_START_CODES);
  const before = trimmed(bytes.subarray(0, first));
  return nals === undefined || before.length === 0 ? nals : [before, ...nals];
}

/** Behind it a NAL unit begins (ITU-T H.264 annex B). */
const START_CODE = Buffer.from([0, 0, 1]);
/** In what should be one NAL unit. Megabytes of nothing else would take a second. */
const MAX_START_CODES = 512;

/** NAL units behind start codes, the first of which is at `first`, or nowhere (-1); undefined where there are more than `maxCodes`. */
function split(bytes: Buffer, first: number, maxCodes: number): Buffer[] | undefined {
  const nals: Buffer[] = [];
  let at = first;
  for (let codes = 0; at !== -1; codes += 1) {
    if (codes === maxCodes) return undefined;
    const start = at + START_CODE.length;
    at = bytes.indexOf(START_CODE, start);
    const nal = trimmed(bytes.subarray(start, at === -1 ? bytes.length : at));
    if (nal.length > 0) nals.push(nal);
  }
  return nals;
}

/** Zero bytes behind a NAL unit belong to the next start code (annex B, trailing_zero_8bits). */
function trimmed(nal: Buffer): Buffer {
  let end = nal.length;
  while (end > 0 && nal[end - 1] === 0) end -= 1;
  return nal.subarray(0, end);
}
