import type { NutBytes } from './nut-bytes.ts';

/** What a frame whose first byte is this code is like, as far as that is not told in its header. */
export interface NutFrameCode {
  flags: number;
  /** What its timestamp is more than that of the frame before. */
  step: number;
  /** Its length is this, and the factor times what its header says. */
  size: number;
  sizeFactor: number;
  reserved: number;
  headerIndex: number;
}

export interface NutMainHeader {
  timeBases: { numerator: number; denominator: number }[];
  /** By the first byte of a frame; undefined where none begins so. */
  frameCodes: (NutFrameCode | undefined)[];
  /** What frames begin with that is not written; the first is nothing. */
  elided: Buffer[];
}

/** ffmpeg writes one time base for each stream. */
const MAX_TIME_BASES = 16;
const FRAME_CODES = 256;
/** First byte of startcodes. */
const NO_FRAME_CODE = 0x4e;
const MAX_ELIDED = 127;
/** Of a code's values these many are known; more are passed over. */
const MAX_FIELDS = 64;

/** Undefined where it is none, or of more than one stream. */
export function readNutMainHeader(input: NutBytes): NutMainHeader | undefined {
  if (input.varlen() > 3) return undefined;
  const streams = input.varlen();
  input.varlen(); // Most bytes between two syncpoints.
  const timeBaseCount = input.varlen();
  if (streams !== 1 || timeBaseCount === 0 || timeBaseCount > MAX_TIME_BASES) return undefined;
  const timeBases = Array.from({ length: timeBaseCount }, () => ({ numerator: input.varlen(), denominator: input.varlen() }));
  const frameCodes = readFrameCodes(input);
  if (frameCodes === undefined || timeBases.some(({ numerator, denominator }) => numerator === 0 || denominator === 0))
    return undefined;
  const elided: Buffer[] = [Buffer.alloc(0)];
  if (input.has(1)) {
    const count = input.varlen();
    if (count > MAX_ELIDED) return undefined;
    for (let at = 0; at < count; at += 1) elided.push(input.take(input.varlen()));
  }
  return input.overrun ? undefined : { timeBases, frameCodes, elided };
}

/** The table is written in runs, in which the size of frames grows by one from code to code. */
function readFrameCodes(input: NutBytes): (NutFrameCode | undefined)[] | undefined {
  const codes: (NutFrameCode | undefined)[] = [];
  let [step, sizeFactor, headerIndex] = [0, 1, 0];
  while (codes.length < FRAME_CODES) {
    const flags = input.varlen();
    const fields = input.varlen();
    if (fields > MAX_FIELDS) return undefined;
    if (fields > 0) step = input.signed();
    if (fields > 1) sizeFactor = input.varlen();
    if (fields > 2) input.varlen(); // The stream: there is one.
    const size = fields > 3 ? input.varlen() : 0;
    const reserved = fields > 4 ? input.varlen() : 0;
    const count = fields > 5 ? input.varlen() : sizeFactor - size;
    if (fields > 6) input.varlen();
    if (fields > 7) headerIndex = input.varlen();
    for (let field = 8; field < fields; field += 1) input.varlen();
    if (input.overrun || count <= 0 || count > FRAME_CODES) return undefined;
    for (let at = 0; at < count; at += 1) {
      if (codes.length === NO_FRAME_CODE) codes.push(undefined);
      codes.push({ flags, step, size: size + at, sizeFactor, reserved, headerIndex });
    }
  }
  return codes.length === FRAME_CODES ? codes : undefined;
}
