import { timestampDistance } from './packet.ts';
import type { TimeMapping } from './timeline.ts';

/** The soonest packet of a period and the one before counts: long enough that one comes without delay, short enough to follow a drift. */
const PERIOD_MS = 5000;

/**
 * Our clock on a track's timeline, by the packets that came soonest after their timestamps: jitter and stalls only make packets late.
 * Periods are those of our clock, so that all tracks forget at the same time what counts no more: a slower way, or our clock being set.
 */
export class ArrivalClock {
  readonly #clockRate: number;
  /** Where the first packet puts the newest. */
  #line: TimeMapping | undefined;
  #period = 0;
  /** How late the soonest packets were against the line, milliseconds: of this period and of the last before that had any. */
  #soonest = 0;
  #soonestBefore = Number.POSITIVE_INFINITY;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** @param timestamp on the timeline */
  observe(timestamp: number, arrivalMs: number): void {
    const period = Math.floor(arrivalMs / PERIOD_MS);
    const line = this.#line;
    if (line === undefined) {
      this.#line = { unixMs: arrivalMs, timestamp };
      this.#period = period;
      return;
    }
    const unixMs = line.unixMs + (timestampDistance(line.timestamp, timestamp) / this.#clockRate) * 1000;
    this.#line = { unixMs, timestamp };
    const lateMs = arrivalMs - unixMs;
    if (period === this.#period) {
      this.#soonest = Math.min(this.#soonest, lateMs);
    } else {
      this.#soonestBefore = this.#soonest;
      this.#soonest = lateMs;
      this.#period = period;
    }
  }

  /** Our clock at the newest packet's timestamp; undefined before the first. */
  get mapping(): TimeMapping | undefined {
    const line = this.#line;
    return line && { unixMs: line.unixMs + Math.min(this.#soonest, this.#soonestBefore), timestamp: line.timestamp };
  }
}
