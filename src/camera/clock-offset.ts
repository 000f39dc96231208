/** From this on a wrong clock of the camera is worth a word, milliseconds. */
const NOTABLE_OFFSET_MS = 5000;

/** `its clock is 300 s ahead`; undefined where the offset (camera minus ours, milliseconds) is small or unknown. */
export function describeClockOffset(offsetMs: number | null): string | undefined {
  if (offsetMs === null || Math.abs(offsetMs) < NOTABLE_OFFSET_MS) return undefined;
  return `its clock is ${Math.round(Math.abs(offsetMs) / 1000)} s ${offsetMs > 0 ? 'ahead' : 'behind'}`;
}
