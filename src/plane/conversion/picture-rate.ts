import { timestampDistance } from '../../media/rtp/packet.ts';

/** Of video in RTP, Hz. */
const CLOCK_RATE = 90_000;
/** A shorter time, with its keyframe, says too much. */
const SHORTEST_TICKS = CLOCK_RATE / 2;
/** What was is forgotten so fast: a keyframe among its pictures each time. */
const LONGEST_TICKS = 20 * CLOCK_RATE;

/** Bits a second of pictures. */
export class PictureRate {
  #last: number | undefined;
  #bytes = 0;
  #ticks = 0;

  push(bytes: number, timestamp: number): void {
    const step = this.#last === undefined ? 0 : timestampDistance(this.#last, timestamp);
    this.#last = timestamp;
    this.#bytes += bytes;
    this.#ticks += step;
    if (this.#ticks <= LONGEST_TICKS) return;
    this.#bytes /= 2;
    this.#ticks /= 2;
  }

  /** Undefined while that cannot be said. */
  get bitsPerSecond(): number | undefined {
    return this.#ticks < SHORTEST_TICKS ? undefined : (this.#bytes * 8 * CLOCK_RATE) / this.#ticks;
  }
}
