import { timestampDistance } from '../../media/rtp/packet.ts';
import { timestampAt, type TimeMapping } from '../../media/rtp/timeline.ts';

/**
 * One track's timeline as a viewer sees it, over all that it is shown one after another: other streams, and what a stream's sound is converted to each
 * time anew. Each of them has a timeline that starts anywhere; here it goes on where the one before left, by the time that passed. So sound, picture and
 * what sender reports say of them stay as they are to each other, also where the sound goes on with another clock rate (RFC 7160 section 4.1).
 *
 * The time of a timeline is our clock on it; it is asked for once after each change.
 */
export class TimelineJoint {
  /** Added to the timestamps of the stream that is shown. */
  #offset = 0;
  /** The viewer's timeline as the stream before left it, until the time of the next one is known. */
  #left: TimeMapping | undefined;
  /** The highest timestamp that the viewer was given. */
  #highest: number | undefined;
  /** Nothing newer than what the viewer has came of the stream that is shown. */
  #isBehind = false;

  /**
   * Another timeline follows.
   *
   * @param time of the one that was shown; undefined where it has none
   */
  leave(time: TimeMapping | undefined, nowMs: number): void {
    if (this.#highest === undefined) return;
    this.#isBehind = true;
    // What was left before anything came of it changes nothing.
    this.#left ??=
      time === undefined
        ? { unixMs: nowMs, timestamp: this.#highest }
        : { unixMs: time.unixMs, timestamp: (time.timestamp + this.#offset) >>> 0 };
  }

  /**
   * The viewer's timestamp for one of the stream that is shown, 32 bits. What a stream kept of the time before it was shown comes in one go: it stands,
   * a tick apart, right behind what the viewer has.
   */
  place(timestamp: number, clockRate: number, time: () => TimeMapping): number {
    const placed = this.translate(timestamp, clockRate, time);
    if (this.#highest === undefined || timestampDistance(this.#highest, placed) > 0) {
      this.#isBehind = false;
      this.#highest = placed;
      return placed;
    }
    if (!this.#isBehind) return placed;
    this.#highest = (this.#highest + 1) >>> 0;
    return this.#highest;
  }

  /** A timestamp of the stream that is shown, on the viewer's timeline. */
  translate(timestamp: number, clockRate: number, time: () => TimeMapping): number {
    if (this.#left !== undefined) {
      const { unixMs, timestamp: own } = time();
      this.#offset = (timestampAt(this.#left, unixMs, clockRate) - own) >>> 0;
      this.#left = undefined;
    }
    return (timestamp + this.#offset) >>> 0;
  }
}
