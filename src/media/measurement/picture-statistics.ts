import { timestampDistance } from '../rtp/packet.ts';
import type { MeasuredPicture } from './picture.ts';

/** How far apart keyframes are. */
export interface KeyframeInterval {
  /** Of most. */
  frames: number;
  seconds: number;
  /** Of the longest. */
  longestSeconds: number;
}

/** Most intervals that are kept; a stream of keyframes alone has 25 a second. */
const MAX_INTERVALS = 256;
/** Where the span by timestamps is this many times off that by arrival, the camera's timestamps are wrong. */
const MAX_SPAN_RATIO = 2;

/** Rates of a stream by the timestamps of its pictures. */
export class PictureStatistics {
  readonly #clockRate: number;
  readonly #intervals: { frames: number; ticks: number }[] = [];
  #first: { timestamp: number; arrivalMs: number } | undefined;
  /** Ticks since the first picture. */
  #lowest = 0;
  #last = 0;
  #highest = 0;
  #lastArrivalMs = 0;
  #frames = 0;
  #bytes = 0;
  #lastBytes = 0;
  #keyframes = 0;
  #lastKeyframe: { frame: number; ticks: number; bytes: number } | undefined;
  /** What came from the first keyframe to the last. */
  #groups = { ticks: 0, bytes: 0 };

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /**
   * @param timestamp continuous, 32 bits
   * @param bytes of its packets' payloads
   */
  add(picture: Pick<MeasuredPicture, 'keyframe'>, timestamp: number, bytes: number, arrivalMs: number): void {
    this.#first ??= { timestamp, arrivalMs };
    const ticks = timestampDistance(this.#first.timestamp, timestamp);
    this.#bytes += bytes;
    // The two fields of a frame may come as two pictures.
    if (this.#frames > 0 && ticks === this.#last) {
      this.#lastBytes += bytes;
      return;
    }
    this.#lastBytes = bytes;
    this.#frames += 1;
    this.#lowest = Math.min(this.#lowest, ticks);
    this.#highest = Math.max(this.#highest, ticks);
    this.#last = ticks;
    this.#lastArrivalMs = arrivalMs;
    if (picture.keyframe === true) this.#addKeyframe(ticks);
  }

  get frames(): number {
    return this.#frames;
  }

  get keyframes(): number {
    return this.#keyframes;
  }

  /** Null before the second picture. */
  get framesPerSecond(): number | null {
    const span = this.#spanSeconds();
    return span === null ? null : (this.#frames - 1) / span;
  }

  /** Over whole groups of pictures where there were some, since keyframes are the largest part of it. */
  get bitrateKbps(): number | null {
    const { ticks, bytes } = this.#groups;
    if (ticks > 0) return kbps(bytes, ticks / this.#clockRate);
    const span = this.#spanSeconds();
    return span === null ? null : kbps(this.#bytes - this.#lastBytes, span);
  }

  /** Null before the second keyframe. */
  get keyframeInterval(): KeyframeInterval | null {
    const sorted = this.#intervals.toSorted((a, b) => a.ticks - b.ticks);
    const [middle, longest] = [sorted[sorted.length >> 1], sorted.at(-1)];
    if (middle === undefined || longest === undefined) return null;
    return {
      frames: middle.frames,
      seconds: middle.ticks / this.#clockRate,
      longestSeconds: longest.ticks / this.#clockRate,
    };
  }

  /** The time since the last keyframe, or since the beginning where there was none. */
  get secondsSinceKeyframe(): number {
    return Math.max(0, this.#highest - (this.#lastKeyframe?.ticks ?? 0)) / this.#clockRate;
  }

  #addKeyframe(ticks: number): void {
    const before = this.#lastKeyframe;
    const bytesBefore = this.#bytes - this.#lastBytes;
    if (before !== undefined && ticks > before.ticks) {
      this.#groups.ticks += ticks - before.ticks;
      this.#groups.bytes += bytesBefore - before.bytes;
      this.#intervals.push({ frames: this.#frames - before.frame, ticks: ticks - before.ticks });
      if (this.#intervals.length > MAX_INTERVALS) this.#intervals.shift();
    }
    this.#keyframes += 1;
    this.#lastKeyframe = { frame: this.#frames, ticks, bytes: bytesBefore };
  }

  #spanSeconds(): number | null {
    if (this.#first === undefined || this.#frames < 2) return null;
    const byTimestamps = (this.#highest - this.#lowest) / this.#clockRate;
    const byArrival = (this.#lastArrivalMs - this.#first.arrivalMs) / 1000;
    const isWrong = byTimestamps > byArrival * MAX_SPAN_RATIO || byTimestamps < byArrival / MAX_SPAN_RATIO;
    // A burst of what the camera had kept comes in no time.
    if (byArrival >= 1 && isWrong) return byArrival;
    return byTimestamps > 0 ? byTimestamps : null;
  }
}

function kbps(bytes: number, seconds: number): number {
  return (bytes * 8) / 1000 / seconds;
}
