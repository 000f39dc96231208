import type { OutgoingFrame } from './outgoing-frame.ts';
import type { EgressTransport } from './transport.ts';

export interface PacerOptions {
  /** False: frames go as they come, and wait only for a path that is blocked. */
  spreads: boolean;
  /** Of each packet, beside its payload: what the path carries was measured with it. */
  overheadBytes: number;
  /** Bits a second that the path was found to carry; undefined while nothing has shown a limit. */
  capacityBitsPerSecond: () => number | undefined;
  /** The path holds as much as it is to hold. */
  isBlocked: () => boolean;
  /** Milliseconds on a monotonic clock. */
  now: () => number;
  /** Sends one payload of a frame. */
  send: (frame: OutgoingFrame, index: number) => void;
  /** Between the two is sent what goes at once. */
  path: Pick<EgressTransport, 'cork' | 'uncork'>;
}

/**
 * 48 Mbit/s: what waits, the group of pictures of a viewer's start above all, goes no faster while no limit is known. A receiver that is held up for 10 ms
 * loses nothing then: with the system's usual buffer a socket takes about 90 packets.
 */
const CATCH_UP_BYTES_PER_MS = 6000;
/** However much waits, the viewer is live within this time. */
const CATCH_UP_MS = 500;
/** May go at once after a pause: a picture between keyframes, as a rule whole. */
const BURST_BYTES = 32 * 1200;
/** Bursts that may go at once of a keyframe when a timer was late, so that it is whole in its time; a receiver's socket takes no more. */
const LATE_BURSTS = 2;
/** A keyframe of no more is as any other picture. */
const SMALL_KEYFRAME_BYTES = 10 * 1200;
/** Most bytes that may wait; the payloads are shared with the other viewers. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** Node's timers have 1 ms; each time that a thread is woken for one viewer alone costs it about 40 us. */
const TICK_MS = 2;
/** What was sent beside pictures holds them up no longer: a queue that it made on the path is emptied by the path's limit. */
const MAX_DEBT_MS = 100;
/** So many packets at most go at once onto a path that is blocked meanwhile. */
const LOOK_PACKETS = 16;
/** How often a path that is blocked is looked at. */
const BLOCKED_TICK_MS = 10;
/** The capacity may be found to be higher before what is sent was earned. */
const MAX_TICK_MS = 100;

interface WaitingFrame {
  frame: OutgoingFrame;
  sinceMs: number;
}

/**
 * Spreads what would come at once, so that it does not overrun the path, nor the receiver's socket: a keyframe over the time that it is given, what has
 * to be made up for at the highest rate that does no harm; and nothing faster than the path was found to carry. Other pictures go at once unless one before
 * them waits. A token bucket whose rate is that of what it sends.
 */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #burstBytes: number;
  readonly #queue: WaitingFrame[] = [];
  /** Next payload of the first frame in the queue. */
  #index = 0;
  #queuedBytes = 0;
  /** Bytes a millisecond that bring what waits to the viewer in time. */
  #neededRate = CATCH_UP_BYTES_PER_MS;
  /** The first frame in the queue is a keyframe that is spread. */
  #isSpreading = false;
  #budget: number;
  #budgetAtMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#burstBytes = options.spreads ? BURST_BYTES : Number.POSITIVE_INFINITY;
    this.#budget = this.#burstBytes;
    this.#budgetAtMs = options.now();
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** How long all that waits takes the path that has a limit, milliseconds; 0 where it has none. */
  get drainMs(): number {
    const capacity = this.#options.capacityBitsPerSecond();
    return capacity === undefined ? 0 : (this.#queuedBytes * 8000) / capacity;
  }

  /** How long the first of what waits has waited, milliseconds; 0 where nothing waits. */
  waitingMs(nowMs: number): number {
    return nowMs - (this.#queue[0]?.sinceMs ?? nowMs);
  }

  /**
   * @param payloadBytes sum of the frame's payloads
   * @param withinMs the time that it may take at most, over which a keyframe is spread; 0: unknown
   * @returns false when the frame was not taken since too much waits already
   */
  push(frame: OutgoingFrame, payloadBytes: number, withinMs: number): boolean {
    if (this.#queuedBytes > MAX_QUEUED_BYTES) return false;
    const bytes = payloadBytes + frame.payloads.length * this.#options.overheadBytes;
    const nowMs = this.#options.now();
    const isFirst = this.#queue.push({ frame, sinceMs: nowMs }) === 1;
    this.#queuedBytes += bytes;
    if (isFirst) {
      this.#earn(nowMs);
      this.#neededRate = withinMs > 0 ? bytes / withinMs : 0;
      this.#isSpreading = this.#options.spreads && frame.keyframe && withinMs > 0 && bytes > SMALL_KEYFRAME_BYTES;
      if (this.#isSpreading) this.#budget = Math.min(this.#budget, this.#rate() * TICK_MS);
    }
    if (!this.#isSpreading) this.#catchUp();
    this.#drain(nowMs);
    return true;
  }

  /** Forgets what waits, but for the rest of a frame that was begun, and what is to be kept; returns how many packets that were. */
  dropWaiting(isKept: (frame: OutgoingFrame) => boolean = () => false): number {
    const begun = this.#index > 0 ? 1 : 0;
    let dropped = 0;
    for (const waiting of this.#queue.splice(begun)) {
      const { frame } = waiting;
      if (isKept(frame)) {
        this.#queue.push(waiting);
        continue;
      }
      dropped += frame.payloads.length;
      for (const payload of frame.payloads) this.#queuedBytes -= payload.length + this.#options.overheadBytes;
    }
    return dropped;
  }

  /** Something else was sent on the same path: where that has a limit, pictures have so much less of it. */
  spend(bytes: number): void {
    if (this.#options.capacityBitsPerSecond() === undefined) return;
    this.#earn(this.#options.now());
    this.#budget = Math.max(this.#budget - bytes, -MAX_DEBT_MS * this.#rate());
  }

  /** Sends nothing more of what waits, and ends the timer; returns how many packets that were. */
  clear(): number {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#queue.reduce((packets, { frame }) => packets + frame.payloads.length, 0) - this.#index;
    this.#queue.length = 0;
    this.#index = 0;
    this.#queuedBytes = 0;
    return waiting;
  }

  #drain(nowMs: number): void {
    const { path } = this.#options;
    path.cork();
    try {
      this.#sendDue(nowMs);
    } finally {
      path.uncork();
    }
  }

  #sendDue(nowMs: number): void {
    const { isBlocked, overheadBytes, send } = this.#options;
    this.#earn(nowMs);
    let [first] = this.#queue;
    for (let sent = 0; first !== undefined && this.#budget > 0; sent += 1) {
      if (sent % LOOK_PACKETS === 0 && isBlocked()) return this.#drainIn(BLOCKED_TICK_MS);
      const { frame } = first;
      const index = this.#index;
      const bytes = (frame.payloads[index]?.length ?? 0) + overheadBytes;
      this.#queuedBytes -= bytes;
      this.#budget -= bytes;
      this.#index += 1;
      if (this.#index >= frame.payloads.length) this.#next();
      send(frame, index);
      [first] = this.#queue;
    }
    if (first !== undefined) this.#drainIn(Math.min(Math.max(TICK_MS, -this.#budget / this.#rate()), MAX_TICK_MS));
  }

  #next(): void {
    this.#queue.shift();
    this.#index = 0;
    if (!this.#isSpreading) return;
    this.#isSpreading = false;
    this.#neededRate = 0;
    this.#catchUp();
    // Pictures that waited for the keyframe wait no longer than it did; on a path with a limit that is all there is.
    if (this.#options.capacityBitsPerSecond() === undefined) this.#budget = this.#burstBytes;
  }

  #catchUp(): void {
    this.#neededRate = Math.max(this.#neededRate, CATCH_UP_BYTES_PER_MS, this.#queuedBytes / CATCH_UP_MS);
  }

  /** Bytes a millisecond. */
  #rate(): number {
    const capacity = this.#options.capacityBitsPerSecond();
    return capacity === undefined ? this.#neededRate : Math.min(this.#neededRate, capacity / 8000);
  }

  #earn(nowMs: number): void {
    const elapsedMs = nowMs - this.#budgetAtMs;
    const most = this.#isSpreading ? LATE_BURSTS * this.#burstBytes : this.#burstBytes;
    this.#budget = Math.min(most, this.#budget + elapsedMs * this.#rate());
    this.#budgetAtMs = nowMs;
  }

  #drainIn(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#queue.length > 0) this.#drain(this.#options.now());
    }, milliseconds);
  }
}
