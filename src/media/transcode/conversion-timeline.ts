import { timestampDistance } from '../rtp/packet.ts';
import type { TimeMapping } from '../rtp/timeline.ts';

const MICROSECONDS = 1_000_000;
/** Where a process begins: encoders stamp what they make of the first sound a little earlier, and nothing may be stamped before 0. */
const BEGIN_SECONDS = 1;
/** Where this much is missing the process is not told of it, since it would fill it with silence, and give that all at once. */
const MAX_GAP_SECONDS = 1;

/**
 * The time of a camera's track, of what is made of it, and of the processes that do it, one after the other: each begins to count anew. What is made
 * has a timeline of 32 bits at a clock rate of its own, on which an instant stands always at the same place.
 */
export class ConversionTimeline {
  readonly #clockRate: number;
  readonly #madeRate: number;
  readonly #skipsGaps: boolean;
  /** Where the first timestamp stands on the timeline of what is made. */
  #start: number | undefined;
  /** The newest timestamp, and how many ticks it is behind the first one. */
  #last: { timestamp: number; ticks: number } | undefined;
  #stepTicks = 0;
  /** By how many ticks the process's time is behind, from what time of the process on, seconds; the first since it began. */
  #lags: { fromSeconds: number; ticks: number }[] = [];

  /**
   * @param start where the first timestamp stands on the timeline of what is made; absent: at the same place
   * @param skipsGaps for sound
   */
  constructor(options: { clockRate: number; madeRate: number; start?: number; skipsGaps: boolean }) {
    this.#clockRate = options.clockRate;
    this.#madeRate = options.madeRate;
    this.#start = options.start;
    this.#skipsGaps = options.skipsGaps;
  }

  /** The process before is over: the next frame is the first of another one. */
  restart(): void {
    this.#lags = [];
  }

  /** When the process is told that this is, microseconds. */
  place(timestamp: number): number {
    const step = this.#last === undefined ? 0 : timestampDistance(this.#last.timestamp, timestamp);
    const ticks = (this.#last?.ticks ?? 0) + step;
    this.#start ??= timestamp;
    this.#last = { timestamp, ticks };
    const lag = this.#lags.at(-1)?.ticks;
    if (lag === undefined) {
      this.#lags = [{ fromSeconds: 0, ticks }];
    } else if (this.#skipsGaps && step > MAX_GAP_SECONDS * this.#clockRate) {
      const skipped = lag + step - this.#stepTicks;
      this.#lags = [...this.#lags.slice(-1), { fromSeconds: this.#secondsOf(ticks, skipped), ticks: skipped }];
    } else {
      this.#stepTicks = step;
    }
    return Math.max(0, Math.round(this.#secondsOf(ticks, this.#lags.at(-1)?.ticks ?? ticks) * MICROSECONDS));
  }

  /** Where that stands which the process says is of this time. */
  made(seconds: number): number {
    const lag = this.#lags.findLast(({ fromSeconds }) => fromSeconds <= seconds) ?? this.#lags[0];
    return this.#onMade((seconds - BEGIN_SECONDS) * this.#clockRate + (lag?.ticks ?? 0));
  }

  /** The track's time on the timeline of what is made. */
  translate({ unixMs, timestamp }: TimeMapping): TimeMapping {
    const last = this.#last ?? { timestamp, ticks: 0 };
    return { unixMs, timestamp: this.#onMade(last.ticks + timestampDistance(last.timestamp, timestamp)) };
  }

  #secondsOf(ticks: number, lag: number): number {
    return BEGIN_SECONDS + (ticks - lag) / this.#clockRate;
  }

  #onMade(ticks: number): number {
    return ((this.#start ?? 0) + Math.round((ticks * this.#madeRate) / this.#clockRate)) >>> 0;
  }
}
