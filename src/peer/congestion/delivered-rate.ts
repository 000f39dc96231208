import { EMPTY_QUEUE_MS } from './queue-delay.ts';

/** Over so long the rate is taken (draft-ietf-rmcat-gcc-02 section 5.5: between 500 and 1000 ms). */
const WINDOW_MS = 500;
/** Packets of the window that are remembered: 40 Mbit/s of 1200-byte packets; above, the window is shorter. */
const CAPACITY = 2048;
/** A shorter time, or fewer packets, would measure how packets are clumped on the way. */
const MIN_BUSY_MS = 40;
const MIN_BUSY_PACKETS = 8;
/** Nothing came for longer though it was sent: that time measures what held up the path or the viewer's machine, and not the path. */
const STALL_MS = 100;
/** What is not known of is taken for packets of this size. */
const FILLED_BYTES = 1200;

/**
 * The rate at which packets arrive. As long as the path has a queue that rate is its own; so what is counted begins no earlier than the queue, and a
 * picture in a pause measures the path and not the pause.
 */
export class DeliveredRate {
  readonly #arrivals = new Float64Array(CAPACITY);
  readonly #bytes = new Uint16Array(CAPACITY);
  #next = 0;
  #first = 0;
  #windowBytes = 0;
  /** Number of the packet with which the path became busy; undefined while it is not. */
  #busyFrom: number | undefined;
  #startedAtMs: number | undefined;
  /** What the path carried when it was last busy for long enough to tell. */
  #carried: { bitsPerSecond: number; untilMs: number } | undefined;
  /** How long the last packet waited. */
  #queueMs = 0;

  /**
   * @param queueMs how long the packet waited on the path
   * @param unreportedBytes that were sent before it, and of which it is not known that they arrived: as a rule they did
   */
  take(bytes: number, arrivedAtMs: number, queueMs: number, unreportedBytes = 0): void {
    if (this.#isAfterStall(arrivedAtMs, queueMs)) this.#begin();
    this.#queueMs = queueMs;
    this.#startedAtMs ??= arrivedAtMs;
    if (this.#busyFrom !== undefined && this.#isBehindPause(arrivedAtMs, queueMs)) this.#endBusy();
    if (unreportedBytes > 0) this.#fill(unreportedBytes, arrivedAtMs);
    if (queueMs > EMPTY_QUEUE_MS) this.#busyFrom ??= this.#next;
    this.#add(bytes, arrivedAtMs);
  }

  /** There was no queue between the packet before and this one: it found none, or one that came later than that had gone. */
  #isBehindPause(arrivedAtMs: number, queueMs: number): boolean {
    return queueMs <= EMPTY_QUEUE_MS || arrivedAtMs - queueMs - this.#arrivedAt(this.#next - 1) > EMPTY_QUEUE_MS;
  }

  /** Where the pictures paused, the packet behind the pause has not waited for it. */
  #isAfterStall(arrivedAtMs: number, queueMs: number): boolean {
    if (this.#next === this.#first) return false;
    return arrivedAtMs - this.#arrivedAt(this.#next - 1) > STALL_MS && queueMs - this.#queueMs > STALL_MS / 2;
  }

  #begin(): void {
    this.#first = this.#next;
    this.#windowBytes = 0;
    this.#busyFrom = undefined;
    this.#carried = undefined;
    this.#startedAtMs = undefined;
  }

  #endBusy(): void {
    const bitsPerSecond = this.#busyRate();
    if (bitsPerSecond !== undefined) this.#carried = { bitsPerSecond, untilMs: this.#arrivedAt(this.#next - 1) + WINDOW_MS };
    this.#busyFrom = undefined;
  }

  /** Spreads them evenly over the time since the last packet. */
  #fill(bytes: number, untilMs: number): void {
    const packets = Math.ceil(bytes / FILLED_BYTES);
    const sinceMs = this.#next === 0 ? untilMs : this.#arrivedAt(this.#next - 1);
    for (let at = 1; at <= packets; at += 1) this.#add(bytes / packets, sinceMs + ((untilMs - sinceMs) * at) / (packets + 1));
  }

  #add(bytes: number, arrivedAtMs: number): void {
    if (this.#next - this.#first === CAPACITY) this.#forget();
    this.#arrivals[this.#next % CAPACITY] = arrivedAtMs;
    this.#bytes[this.#next % CAPACITY] = bytes;
    this.#windowBytes += bytes;
    this.#next += 1;
    while (this.#first < this.#next && this.#arrivedAt(this.#first) <= arrivedAtMs - WINDOW_MS) this.#forget();
  }

  /**
   * What arrives while the path is busy, or did when it was so within the window: behind a keyframe that filled the queue come pauses, and what arrives with
   * those counted in is less than the path carries. Undefined where nothing was busy for long enough.
   */
  get carriedBitsPerSecond(): number | undefined {
    const carried = this.#carried;
    const isOfWindow = carried !== undefined && this.#arrivedAt(this.#next - 1) <= carried.untilMs;
    return this.#busyRate() ?? (isOfWindow ? carried.bitsPerSecond : undefined);
  }

  /** Undefined before there is a window. */
  get bitsPerSecond(): number | undefined {
    const busy = this.#busyRate();
    if (busy !== undefined) return busy;
    const newestMs = this.#arrivedAt(this.#next - 1);
    if (this.#startedAtMs === undefined || newestMs - this.#startedAtMs < WINDOW_MS) return undefined;
    return (this.#windowBytes * 8000) / WINDOW_MS;
  }

  #busyRate(): number | undefined {
    if (this.#busyFrom === undefined) return undefined;
    const from = Math.max(this.#busyFrom, this.#first);
    const durationMs = this.#arrivedAt(this.#next - 1) - this.#arrivedAt(from);
    if (durationMs < MIN_BUSY_MS || this.#next - from <= MIN_BUSY_PACKETS) return undefined;
    let bytes = 0;
    for (let number = from + 1; number < this.#next; number += 1) bytes += this.#bytes[number % CAPACITY] ?? 0;
    return (bytes * 8000) / durationMs;
  }

  #forget(): void {
    this.#windowBytes -= this.#bytes[this.#first % CAPACITY] ?? 0;
    this.#first += 1;
  }

  #arrivedAt(number: number): number {
    return this.#arrivals[(number + CAPACITY) % CAPACITY] ?? 0;
  }
}
