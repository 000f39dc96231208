/** NAL unit types, ITU-T H.265 table 7-1. */
export const NAL_RADL_N = 6;
const NAL_RASL_N = 8;
export const NAL_RASL_R = 9;
/** RSV_VCL_N14. */
const LAST_SUB_LAYER_NON_REFERENCE = 14;
const FIRST_IRAP = 16;
export const NAL_IDR_W_RADL = 19;
export const NAL_IDR_N_LP = 20;
const LAST_CODED_SLICE = 31;
const LAST_IRAP = 23;
export const NAL_VPS = 32;
export const NAL_SPS = 33;
export const NAL_PPS = 34;
export const NAL_DELIMITER = 35;
export const NAL_FILLER = 38;
export const NAL_PREFIX_SEI = 39;

export const NAL_HEADER_BYTES = 2;

/** The six bits behind the forbidden bit; 0 for an empty one. */
export function nalType(nal: Buffer): number {
  return ((nal[0] ?? 0) >> 1) & 0x3f;
}

/** Sub-layer of the picture; 0 is the one that all others build on. */
export function temporalId(nal: Buffer): number {
  return Math.max(0, ((nal[1] ?? 0) & 7) - 1);
}

export function isSlice(nal: Buffer): boolean {
  return nal.length > NAL_HEADER_BYTES && nalType(nal) <= LAST_CODED_SLICE;
}

/** True for a picture at which decoding may start: IDR, CRA or BLA. */
export function isRandomAccess(nal: Buffer): boolean {
  return nalType(nal) >= FIRST_IRAP && nalType(nal) <= LAST_IRAP;
}

/** True for a slice of a picture that no other of its sub-layer refers to, whose types end with _N (section 7.4.2.2). */
export function isSubLayerNonReference(nal: Buffer): boolean {
  return nalType(nal) <= LAST_SUB_LAYER_NON_REFERENCE && nalType(nal) % 2 === 0;
}

/** True for a slice of a picture that cannot be decoded where decoding began at the keyframe before it (RASL, section 3.129). */
export function isSkippedLeading(nal: Buffer): boolean {
  return nalType(nal) === NAL_RASL_N || nalType(nal) === NAL_RASL_R;
}
