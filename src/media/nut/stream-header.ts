import type { NutMainHeader } from './main-header.ts';
import type { NutBytes } from './nut-bytes.ts';

export interface NutStream {
  /** What a timestamp counts: seconds are timestamp * numerator / denominator. */
  timeBase: { numerator: number; denominator: number };
  /** The timestamp that is coded so, behind a frame of that other one. */
  timestampOf(coded: number, last: number): number;
}

const MAX_LOW_BITS = 15;

/** Undefined where it is none. */
export function readNutStreamHeader(input: NutBytes, { timeBases }: NutMainHeader): NutStream | undefined {
  input.varlen(); // Number of the stream.
  input.varlen(); // Its class.
  input.take(input.varlen()); // Its codec, as it was asked for.
  const timeBase = timeBases[input.varlen()];
  const lowBits = input.varlen();
  if (timeBase === undefined || lowBits > MAX_LOW_BITS || input.overrun) return undefined;
  const range = 2 ** lowBits;
  return {
    timeBase,
    timestampOf: (coded, last) => {
      if (coded >= range) return coded - range;
      // Of the timestamps with these low bits the one that is next to the last one.
      const first = last - ((range - 1) >> 1);
      return first + modulo(coded - first, range);
    },
  };
}

/** A time of the whole file, coded with the number of its time base, in the stream's time base; undefined where it is too large. */
export function timestampInBase(coded: number, { timeBases }: NutMainHeader, { timeBase }: NutStream): number | undefined {
  const from = timeBases[coded % timeBases.length];
  if (from === undefined || !Number.isSafeInteger(coded)) return undefined;
  const value = BigInt(Math.floor(coded / timeBases.length));
  const rescaled =
    (value * BigInt(from.numerator) * BigInt(timeBase.denominator)) / (BigInt(from.denominator) * BigInt(timeBase.numerator));
  const timestamp = Number(rescaled);
  return Number.isSafeInteger(timestamp) ? timestamp : undefined;
}

function modulo(value: number, range: number): number {
  return ((value % range) + range) % range;
}
