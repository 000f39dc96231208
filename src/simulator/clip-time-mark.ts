/*
 * The clip time, written into the picture as a row of black and white blocks that a program can read back from the pixels after
 * encoding, scaling and decoding. No Node API: the functions also run inside a browser page.
 *
 * From left to right, white for 1: the sync blocks 1 0, ten bits of clip time in hundredths of a second (most significant first),
 * six check bits, the sync blocks 0 1. The row lies in the lower left corner; a block is 1/64 of the picture's width wide and 1/36
 * of its height high.
 */

const COLUMNS = 64;
const ROWS = 36;
const TIME_BITS = 10;
const CHECK_BITS = 6;
const BLOCKS = 2 + TIME_BITS + CHECK_BITS + 2;
/** One time more than the largest: the clip's 10 seconds in hundredths. */
const TIMES = 1_000;
/** x^6 + x + 1: finds every one and two wrong bits of 16. */
const CHECK_POLYNOMIAL = 0b1000011;
/** White must be this much brighter than black, of 255. */
const LEAST_CONTRAST = 80;

/** The part of the picture that a block covers, as shares of its width and height. */
export interface MarkBlock {
  left: number;
  top: number;
  width: number;
  height: number;
  white: boolean;
}

/** The mark's blocks for a clip time in milliseconds, rounded to hundredths of a second. */
export function clipTimeMark(clipMs: number): MarkBlock[] {
  const time = Math.round(clipMs / 10) % TIMES;
  const code = (time << CHECK_BITS) | checkBits(time);
  const bits = [1, 0];
  for (let bit = TIME_BITS + CHECK_BITS - 1; bit >= 0; bit -= 1) bits.push((code >> bit) & 1);
  bits.push(0, 1);
  return bits.map((bit, index) => ({
    left: index / COLUMNS,
    top: 1 - 1 / ROWS,
    width: 1 / COLUMNS,
    height: 1 / ROWS,
    white: bit === 1,
  }));
}

/**
 * The clip time in milliseconds (0 to 9990 in steps of 10) that a picture shows, or undefined when it shows none: no contrast, a
 * block between black and white (two pictures blended), sync or check bits wrong.
 *
 * @param pixels rows from the top without padding; luma alone (1 byte a pixel), RGB (3) or RGBA (4, as of a canvas)
 */
export function readClipTime(pixels: ArrayLike<number>, width: number, height: number): number | undefined {
  const samples = pixels.length / (width * height);
  if (samples !== 1 && samples !== 3 && samples !== 4) return undefined;
  const levels = Array.from({ length: BLOCKS }, (_, index) => blockLevel(pixels, width, height, index));
  const white = ((levels[0] ?? 0) + (levels[BLOCKS - 1] ?? 0)) / 2;
  const black = ((levels[1] ?? 0) + (levels[BLOCKS - 2] ?? 0)) / 2;
  if (white - black < LEAST_CONTRAST) return undefined;
  const shares = levels.map((level) => (level - black) / (white - black));
  if (shares.some((share) => share > 0.3 && share < 0.7)) return undefined;
  const code = shares.slice(2, -2).reduce((value, share) => value * 2 + (share > 0.5 ? 1 : 0), 0);
  const time = code >> CHECK_BITS;
  return time < TIMES && checkBits(time) === (code & ((1 << CHECK_BITS) - 1)) ? time * 10 : undefined;
}

/** Mean brightness of the inner half of a block, so that blurred edges do not count. */
function blockLevel(pixels: ArrayLike<number>, width: number, height: number, index: number): number {
  const samples = pixels.length / (width * height);
  const columns = innerHalf((index * width) / COLUMNS, width / COLUMNS);
  const rows = innerHalf(height - height / ROWS, height / ROWS);
  let sum = 0;
  let count = 0;
  for (let y = rows.from; y < rows.to; y += 1) {
    for (let x = columns.from; x < columns.to; x += 1) {
      const at = (y * width + x) * samples;
      // The blocks have no colour: green stands for the brightness.
      sum += pixels[samples === 1 ? at : at + 1] ?? 0;
      count += 1;
    }
  }
  return sum / count;
}

function innerHalf(start: number, length: number): { from: number; to: number } {
  const from = Math.round(start + length / 4);
  return { from, to: Math.max(from + 1, Math.round(start + (length * 3) / 4)) };
}

function checkBits(time: number): number {
  // Inverted at the end, so that a row all of one colour is wrong.
  let rest = time << CHECK_BITS;
  for (let bit = TIME_BITS + CHECK_BITS - 1; bit >= CHECK_BITS; bit -= 1) {
    if (((rest >> bit) & 1) === 1) rest ^= CHECK_POLYNOMIAL << (bit - CHECK_BITS);
  }
  return rest ^ ((1 << CHECK_BITS) - 1);
}
