import { timestampDistance } from '../../media/rtp/packet.ts';

/** Of video in RTP, Hz. */
const CLOCK_RATE = 90_000;
const MAX_BEHIND_TICKS = 2 * CLOCK_RATE;
/** A decoder may hold back so many pictures to put them in order (ITU-T H.264 and H.265: 16), which takes seconds where there are few a second. */
const MAX_HELD_BACK = 16;
/** A group of pictures that is given at once takes a while; milliseconds. */
const MAX_BEHIND_MS = 3000;

/** Whether what is made of pictures keeps up with them. */
export class Lateness {
  /** Timestamps of the pictures of which nothing is made yet. */
  #unmade: number[] = [];
  #hasMade = false;
  #behindSinceMs: number | undefined;

  /** What was given is not waited for any more. */
  restart(): void {
    this.#unmade = [];
    this.#hasMade = false;
    this.#behindSinceMs = undefined;
  }

  given(timestamp: number): void {
    this.#unmade.push(timestamp);
  }

  made(timestamp: number): void {
    this.#hasMade = true;
    this.#unmade = this.#unmade.filter((given) => timestampDistance(timestamp, given) > 0);
  }

  /** To be asked at each picture: it is far behind, and has been for a while. One that has not made anything yet is beginning. */
  isLate(nowMs: number): boolean {
    if (!this.#isBehind) this.#behindSinceMs = undefined;
    else this.#behindSinceMs ??= nowMs;
    return this.#behindSinceMs !== undefined && nowMs - this.#behindSinceMs > MAX_BEHIND_MS;
  }

  get #isBehind(): boolean {
    const [oldest] = this.#unmade;
    const newest = this.#unmade.at(-1);
    if (!this.#hasMade || oldest === undefined || newest === undefined) return false;
    return this.#unmade.length > MAX_HELD_BACK && timestampDistance(oldest, newest) > MAX_BEHIND_TICKS;
  }
}
