import { timestampDistance } from '../../media/rtp/packet.ts';

/** Of the clock of video in RTP, 90 kHz. */
const TICKS_PER_MS = 90;
/** Less is between pictures that were kept for one that joins: they are stamped a tick apart. */
const MIN_INTERVAL_MS = 1;
/** More is a pause, or another time. */
const MAX_INTERVAL_MS = 1000;
/** Of one interval, in the smoothed one: cameras that stamp what they send, not what they take, vary much. */
const SMOOTHING = 1 / 8;

/** The time from one picture of a stream to the next, by their timestamps: as they come it varies with the way from the camera. */
export class FrameInterval {
  #timestamp: number | undefined;
  #milliseconds = 0;

  /** 0 while it is not known. */
  get milliseconds(): number {
    return this.#milliseconds;
  }

  /** @param timestamp of the next picture, 32 bits, 90 kHz */
  note(timestamp: number): void {
    const interval = timestampDistance(this.#timestamp ?? timestamp, timestamp) / TICKS_PER_MS;
    this.#timestamp = timestamp;
    if (interval < MIN_INTERVAL_MS || interval > MAX_INTERVAL_MS) return;
    if (this.#milliseconds === 0) this.#milliseconds = interval;
    else this.#milliseconds += (interval - this.#milliseconds) * SMOOTHING;
  }

  /** What comes next is of another stream. */
  begin(): void {
    this.#timestamp = undefined;
    this.#milliseconds = 0;
  }
}
