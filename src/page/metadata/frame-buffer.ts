import type { AnalyticsFrame } from './analytics-frame.ts';

/** A frame that has a time. */
export interface TimedFrame extends AnalyticsFrame {
  utcMs: number;
}

/** At 30 a second four seconds: metadata come at most that far ahead of the picture. */
const MAX_FRAMES = 128;
/** Objects of all frames of one moment, and so all that is drawn at once. */
const MAX_OBJECTS = 256;
/** Boxes of a stream that stopped are gone after this, milliseconds. */
const LEAST_STAY_MS = 1500;
/** A camera that analyses more rarely than this says what was, not what is. */
const LONGEST_STAY_MS = 10_000;
/** Further back than this, milliseconds, the camera's clock was set. */
const CLOCK_SET_MS = 10_000;
/** Intervals of which the usual one is taken. */
const INTERVALS = 9;

/** The newest frames in the order of their time. */
export class FrameBuffer {
  #frames: TimedFrame[] = [];

  add(frame: TimedFrame): void {
    const newest = this.#frames.at(-1);
    if (newest !== undefined && frame.utcMs < newest.utcMs - CLOCK_SET_MS) this.#frames = [];
    const at = this.#frames.findLastIndex(({ utcMs }) => utcMs <= frame.utcMs);
    const same = this.#frames[at];
    if (same?.utcMs === frame.utcMs) {
      // Two analytics modules, or a document for each object: together they are what was seen at that moment.
      this.#frames[at] = { utcMs: frame.utcMs, objects: [...same.objects, ...frame.objects].slice(0, MAX_OBJECTS) };
      return;
    }
    this.#frames.splice(at + 1, 0, frame);
    if (this.#frames.length > MAX_FRAMES) this.#frames.shift();
  }

  clear(): void {
    this.#frames = [];
  }

  /**
   * What to draw over a picture: the newest frame that is no later than it; undefined where there is none, or it is out of date.
   *
   * @param toleranceMs half of the time from picture to picture: so much later still means this one
   */
  at(pictureMs: number, toleranceMs: number): TimedFrame | undefined {
    const frame = this.#frames.findLast(({ utcMs }) => utcMs <= pictureMs + toleranceMs);
    return frame !== undefined && pictureMs - frame.utcMs <= this.stayMs ? frame : undefined;
  }

  /** For how long a frame holds when no other follows, milliseconds: somewhat longer than until the next usually comes. */
  get stayMs(): number {
    const times = this.#frames.slice(-INTERVALS - 1).map(({ utcMs }) => utcMs);
    const intervals = times.slice(1).map((time, index) => time - (times[index] ?? time));
    const usual = intervals.toSorted((a, b) => a - b)[Math.floor(intervals.length / 2)] ?? 0;
    return Math.min(LONGEST_STAY_MS, Math.max(LEAST_STAY_MS, usual * 1.5));
  }
}
