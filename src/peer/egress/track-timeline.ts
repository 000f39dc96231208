import { timestampAt, type TimeMapping } from '../../media/rtp/timeline.ts';
import type { StreamTimes } from '../../media/stream.ts';
import { TimelineJoint } from './timeline-joint.ts';

/** Streams of one camera tell the same clock; where what they say is further apart, it was set in between. */
const SAME_CLOCK_MS = 1000;

/** What a sender report says at one instant. */
export interface ReportedTime {
  /** The camera's clock, Unix milliseconds. */
  unixMs: number;
  /** On the viewer's timeline. */
  timestamp: number;
}

/**
 * Times of one track as its viewer is told them, over the streams that it is shown one after another. Where those say by the camera's own clock when their
 * pictures and sounds were taken, they are placed by that: of two streams the one may come later than the other, and sound would be repeated, or torn. Else
 * by ours, which is when they came.
 */
export class TrackTimeline {
  readonly #joint = new TimelineJoint();
  #times: StreamTimes;
  /** Added to what the stream that is shown says of the camera's clock. */
  #correctionMs = 0;
  /** The camera's time on the timeline that is shown. */
  #time: () => TimeMapping | undefined;
  #clockRate: number;

  /** @param clockRate of timestamps, Hz, until something is placed */
  constructor(times: StreamTimes, time: () => TimeMapping | undefined, clockRate: number) {
    this.#times = times;
    this.#time = time;
    this.#clockRate = clockRate;
  }

  /** The camera's clock minus ours, milliseconds, once the stream with these times is shown. */
  offsetWith(times: StreamTimes): number {
    if (times === this.#times) return times.cameraClockOffsetMs + this.#correctionMs;
    const [before, after] = [this.#times.reportedClockOffsetMs, times.reportedClockOffsetMs];
    const isSame = before !== undefined && after !== undefined && Math.abs(after - before - this.#correctionMs) < SAME_CLOCK_MS;
    return isSame ? before + this.#correctionMs : times.cameraClockOffsetMs;
  }

  /** Another stream is shown, or another timeline of the same. */
  follow(times: StreamTimes, time: () => TimeMapping | undefined, nowMs: number): void {
    this.#joint.leave(this.#ours(), nowMs);
    this.#correctionMs = this.offsetWith(times) - times.cameraClockOffsetMs;
    this.#times = times;
    this.#time = time;
  }

  /** The viewer's timestamp for one of the timeline that is shown, 32 bits. */
  place(timestamp: number, clockRate: number, nowMs: number): number {
    this.#clockRate = clockRate;
    return this.#joint.place(timestamp, clockRate, () => this.#ours() ?? { unixMs: nowMs, timestamp });
  }

  /** Undefined while nothing is known of the camera's time. */
  at(nowMs: number): ReportedTime | undefined {
    const time = this.#ours();
    if (time === undefined) return undefined;
    const timestamp = this.#joint.translate(timestampAt(time, nowMs, this.#clockRate), this.#clockRate, () => time);
    return { unixMs: nowMs + this.offsetWith(this.#times), timestamp };
  }

  /** The camera's time on the timeline that is shown, as ours. */
  #ours(): TimeMapping | undefined {
    const time = this.#time();
    return time && { ...time, unixMs: time.unixMs - this.offsetWith(this.#times) };
  }
}
