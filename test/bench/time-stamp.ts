/*
 * The time at which a camera sent a picture, written into the bytes of the picture: whoever receives a packet of it knows how long it was on
 * its way. The clock is CLOCK_MONOTONIC, which is the same in all processes of a machine.
 */

/** Microseconds, with a fraction. Not by way of `performance.now()`: its first call takes so long that what it is off from this clock is not known to a millisecond. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint()) / 1000;
}

const MARK = 'bench-us:';
const DIGITS = 14;
/** What a picture's bytes hold where the time is to stand. */
export const TIME_STAMP = `${MARK}${'0'.repeat(DIGITS)};`;

/** Writes a time over a {@link TIME_STAMP}; decimal digits never look like a start code. */
export function writeTime(bytes: Buffer, at: number, us: number): void {
  bytes.write(Math.round(us).toString().padStart(DIGITS, '0'), at + MARK.length, 'latin1');
}

/**
 * The first time that stands whole in the bytes, microseconds; undefined where none does. One over which nothing was written lay across two packets of the
 * camera.
 */
export function readTime(bytes: Buffer): number | undefined {
  for (let at = bytes.indexOf(MARK, 0, 'latin1'); at !== -1; at = bytes.indexOf(MARK, at + 1, 'latin1')) {
    const digits = bytes.toString('latin1', at + MARK.length, at + TIME_STAMP.length);
    if (/^\d{14};$/.test(digits) && !digits.startsWith('0'.repeat(DIGITS))) return Number(digits.slice(0, DIGITS));
  }
  return undefined;
}
