/** From this on a wrong clock of the camera is worth a word, milliseconds. */
const NOTABLE_OFFSET_MS = 5000;

/** `its clock is 300 s ahead`; undefined where the offset (camera minus ours, milliseconds) is small or unknown. */
export function describeClockOffset(offsetMs: number | null): string | undefined {
  if (offsetMs === null || Math.abs(offsetMs) < NOTABLE_OFFSET_MS) return undefined;
  return `its clock is ${Math.round(Math.abs(offsetMs) / 1000)} s ${offsetMs > 0 ? 'ahead' : 'behind'}`;
}

/** Two measurements of the same clock may differ this much: ONVIF gives whole seconds. */
const RESOLUTION_MS = 1000;

/** The measured offset, or the known one where the difference says nothing; null: unknown. */
export function steadyClockOffset(known: number | null, measured: number | null): number | null {
  const same = known !== null && measured !== null && Math.abs(known - measured) <= RESOLUTION_MS;
  return same ? known : measured;
}
