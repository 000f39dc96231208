import { timestampDistance } from './packet.ts';

/** A wall-clock time (Unix milliseconds, of the camera) and the RTP timestamp of that instant. */
export interface TimeMapping {
  unixMs: number;
  timestamp: number;
}

/** The timestamp of the instant `unixMs` by a mapping, 32 bits. */
export function timestampAt(mapping: TimeMapping, unixMs: number, clockRate: number): number {
  return (mapping.timestamp + Math.round(((unixMs - mapping.unixMs) / 1000) * clockRate)) >>> 0;
}

/** A step forward beyond this, or backward beyond {@link BACKWARD_SECONDS}, is a jump of the camera's clock. */
const FORWARD_SECONDS = 3;
const BACKWARD_SECONDS = 1;
/** How fast the arrival-based mapping forgets its fastest packet, per packet: follows a drift, ignores jitter. */
const FORGET = 0.002;

/**
 * One track's time as viewers see it: continuous over restarts and jumps of the camera, so that a viewer's RTP timestamps never are
 * thrown about. The timeline starts at a number of its own; where the camera's timestamps break, it goes on by arrival time.
 */
export class Timeline {
  readonly #clockRate: number;
  /** What is added to the camera's timestamp. */
  #offset: number;
  #last: { rtpTimestamp: number; timestamp: number; arrivalMs: number } | undefined;
  /** The packet that came soonest after its timestamp, drifting later slowly. */
  #arrivalAnchor: TimeMapping | undefined;
  #breaks = 0;

  /** @param start first timestamp of the timeline, 32 bits */
  constructor(clockRate: number, start: number) {
    this.#clockRate = clockRate;
    this.#offset = start;
  }

  /** The continuous timestamp (32 bits) for a packet of the camera; `restart` says that the source started anew. */
  advance(rtpTimestamp: number, arrivalMs: number, restart: boolean): number {
    const last = this.#last;
    if (last === undefined) {
      this.#offset = (this.#offset - rtpTimestamp) >>> 0;
    } else {
      const step = timestampDistance(last.rtpTimestamp, rtpTimestamp) / this.#clockRate;
      if (restart || step > FORWARD_SECONDS + Math.max(0, arrivalMs - last.arrivalMs) / 1000 || step < -BACKWARD_SECONDS) {
        const elapsed = Math.max(1, Math.round(((arrivalMs - last.arrivalMs) / 1000) * this.#clockRate));
        this.#offset = (last.timestamp + elapsed - rtpTimestamp) >>> 0;
        this.#arrivalAnchor = undefined;
        this.#breaks += 1;
      }
    }
    const timestamp = (rtpTimestamp + this.#offset) >>> 0;
    this.#last = { rtpTimestamp, timestamp, arrivalMs };
    this.#observeArrival(timestamp, arrivalMs);
    return timestamp;
  }

  /** The timeline's timestamp for one of the camera's, as a sender report names it. */
  translate(rtpTimestamp: number): number {
    return (rtpTimestamp + this.#offset) >>> 0;
  }

  /** Our clock at a timestamp, from the packets that came soonest; undefined before the first. */
  get arrival(): TimeMapping | undefined {
    return this.#arrivalAnchor;
  }

  /** How often the camera's timestamps broke. */
  get breaks(): number {
    return this.#breaks;
  }

  #observeArrival(timestamp: number, arrivalMs: number): void {
    const anchor = this.#arrivalAnchor;
    if (anchor === undefined) {
      this.#arrivalAnchor = { unixMs: arrivalMs, timestamp };
      return;
    }
    const predicted = anchor.unixMs + (timestampDistance(anchor.timestamp, timestamp) / this.#clockRate) * 1000;
    const late = arrivalMs - predicted;
    this.#arrivalAnchor = { unixMs: late < 0 ? arrivalMs : predicted + late * FORGET, timestamp };
  }
}
