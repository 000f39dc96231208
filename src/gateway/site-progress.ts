import type { CameraInfo } from '../base/api.ts';

/** While cameras are still connecting for the first time, a line comes this often, milliseconds. */
const PROGRESS_MS = 10_000;
/** What changed must hold this long. */
const SETTLED_MS = 3000;
/** Once all have been tried, lines are at least this far apart; each camera has lines of its own. */
const QUIET_MS = 60_000;
/** Names of cameras in one line. */
const MAX_NAMED = 5;

type Camera = Pick<CameraInfo, 'id' | 'state'> & {
  profiles: { stream: Pick<CameraInfo['profiles'][number]['stream'], 'state'> }[];
};

/** How a site is as a whole, for the log: a line when that has changed, and not one for each of hundreds of cameras that come up. */
export class SiteProgress {
  #said: string | undefined;
  #saidAt: number | undefined;
  /** Until all have been tried. */
  #isComingUp = true;
  #seen: { text: string; since: number } | undefined;

  /** To be called every second or so; `now` in milliseconds. Returns the line that is due; a single camera speaks for itself. */
  observe(cameras: readonly Camera[], now: number): string | undefined {
    if (cameras.length < 2) return undefined;
    const text = describeSite(cameras);
    if (this.#seen?.text !== text) this.#seen = { text, since: now };
    this.#saidAt ??= now;
    if (text === this.#said) return undefined;
    const isComingUp = cameras.some(({ state }) => state === 'connecting');
    const isDue = isComingUp
      ? now - this.#saidAt >= PROGRESS_MS
      : now - this.#seen.since >= SETTLED_MS && (this.#isComingUp || now - this.#saidAt >= QUIET_MS);
    if (!isDue) return undefined;
    this.#said = text;
    this.#saidAt = now;
    this.#isComingUp = isComingUp;
    return text;
  }
}

/** `64 cameras: 60 online, 4 failed (gate, yard, dock, hall)` */
function describeSite(cameras: readonly Camera[]): string {
  const { connecting = [], online = [], failed = [] } = Object.groupBy(cameras, ({ state }) => state);
  const blind = online.filter(({ profiles }) => {
    const states = new Set(profiles.map(({ stream }) => stream.state));
    return states.has('failed') && !states.has('playing');
  });
  const parts = [
    `${online.length - blind.length} online`,
    ...named(blind, 'online without a picture'),
    ...(connecting.length === 0 ? [] : [`${connecting.length} connecting`]),
    ...named(failed, 'failed'),
  ];
  return `${cameras.length} cameras: ${parts.join(', ')}`;
}

function named(cameras: readonly Camera[], what: string): string[] {
  if (cameras.length === 0) return [];
  const ids = cameras.slice(0, MAX_NAMED).map(({ id }) => id);
  return [`${cameras.length} ${what} (${ids.join(', ')}${cameras.length > MAX_NAMED ? ', ...' : ''})`];
}
