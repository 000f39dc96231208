import { ArrivalClock } from './arrival-clock.ts';
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

/** The instant of a timestamp by a mapping, Unix milliseconds. */
export function unixMsAt(mapping: TimeMapping, timestamp: number, clockRate: number): number {
  return mapping.unixMs + (timestampDistance(mapping.timestamp, timestamp) / clockRate) * 1000;
}

/** A step forward beyond this and beyond the time that passed, or backward, is a jump of the camera's clock. */
const FORWARD_SECONDS = 3;
/** Where pictures come in another order than they are shown in, they step back, by less than this. */
const REORDERED_SECONDS = 1;
/**
 * One track's time as viewers see it: continuous over restarts and jumps of the camera, so that a viewer's RTP timestamps never are
 * thrown about (frigate#6715, #9368; on reconnect: go2rtc#1943). The timeline starts at a number of its own; where the camera's timestamps
 * break, it goes on by arrival time, for sound and picture alike, and so they stay in step.
 */
export class Timeline {
  readonly #clockRate: number;
  /** What is added to the camera's timestamp. */
  #offset: number;
  #last: { timestamp: number; arrivalMs: number } | undefined;
  #arrival: ArrivalClock;
  /** As they were before the last jump. */
  #before: { offset: number; arrival: ArrivalClock } | undefined;
  #reordered = false;

  /** @param start first timestamp of the timeline, 32 bits */
  constructor(clockRate: number, start: number) {
    this.#clockRate = clockRate;
    this.#offset = start;
    this.#arrival = new ArrivalClock(clockRate);
  }

  /** Whether pictures come in another order than they are shown in (B-frames): a small step back is no jump then. */
  set reordered(reordered: boolean) {
    this.#reordered = reordered;
  }

  /** The continuous timestamp (32 bits) for a packet of the camera; `restart` says that the source started anew. */
  advance(rtpTimestamp: number, arrivalMs: number, restart: boolean): number {
    const last = this.#last;
    if (last === undefined) this.#offset = (this.#offset - rtpTimestamp) >>> 0;
    else if (restart) this.#continueByArrival(rtpTimestamp, last, arrivalMs);
    else if (!this.#continues(rtpTimestamp, this.#offset, last, arrivalMs)) this.#mend(rtpTimestamp, last, arrivalMs);
    const timestamp = (rtpTimestamp + this.#offset) >>> 0;
    this.#last = { timestamp, arrivalMs };
    this.#arrival.observe(timestamp, arrivalMs);
    return timestamp;
  }

  /** The timeline's timestamp for one of the camera's, as a sender report names it. */
  translate(rtpTimestamp: number): number {
    return (rtpTimestamp + this.#offset) >>> 0;
  }

  /** Our clock at a timestamp, from the packets that came soonest; undefined before the first. */
  get arrival(): TimeMapping | undefined {
    return this.#arrival.mapping;
  }

  /** Whether the packet's timestamp, with that offset, goes on from the last one. */
  #continues(rtpTimestamp: number, offset: number, last: { timestamp: number; arrivalMs: number }, arrivalMs: number): boolean {
    const step = timestampDistance(last.timestamp, (rtpTimestamp + offset) >>> 0) / this.#clockRate;
    const elapsed = Math.max(0, arrivalMs - last.arrivalMs) / 1000;
    return step <= FORWARD_SECONDS + elapsed && step >= (this.#reordered ? -REORDERED_SECONDS : 0);
  }

  #mend(rtpTimestamp: number, last: { timestamp: number; arrivalMs: number }, arrivalMs: number): void {
    const before = this.#before;
    const { offset, arrival } = { offset: this.#offset, arrival: this.#arrival };
    if (before !== undefined && this.#continues(rtpTimestamp, before.offset, last, arrivalMs)) {
      // It was one picture among the others that was stamped hours away (Intelbras DVRs: mediamtx#6255).
      this.#offset = before.offset;
      this.#arrival = before.arrival;
    } else {
      this.#continueByArrival(rtpTimestamp, last, arrivalMs);
    }
    this.#before = { offset, arrival };
  }

  #continueByArrival(rtpTimestamp: number, last: { timestamp: number; arrivalMs: number }, arrivalMs: number): void {
    const elapsed = Math.max(1, Math.round(((arrivalMs - last.arrivalMs) / 1000) * this.#clockRate));
    this.#offset = (last.timestamp + elapsed - rtpTimestamp) >>> 0;
    this.#arrival = new ArrivalClock(this.#clockRate);
    this.#before = undefined;
  }
}
