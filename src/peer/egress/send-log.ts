import type { TransportFeedback } from '../../media/rtp/rtcp-transport-feedback.ts';
import type { PacketResult } from '../congestion/packet-result.ts';

/** Packets that are remembered; at 4 Mbit/s of 1200-byte packets about 10 s. A power of two, so that slots follow the wrap of the numbers. */
const CAPACITY = 4096;
/** Of the receiver's clock in feedback, milliseconds: of the reference time, and of arrivals. */
const REFERENCE_UNIT_MS = 64;
const ARRIVAL_UNIT_MS = 0.25;

/** What is known of a packet. */
const SENT = 0;
const MISSED = 1;
const ARRIVED = 2;

/**
 * When each packet of a viewer's transport was sent, by its transport-wide sequence number, and what the viewer says of it. Video, sound and
 * retransmissions share the numbers. Times are milliseconds with a fraction on a monotonic clock.
 */
export class SendLog {
  readonly #sentAtMs = new Float64Array(CAPACITY);
  readonly #bytes = new Uint16Array(CAPACITY);
  readonly #states = new Uint8Array(CAPACITY);
  #sentBytes = 0;
  /** Number of the next packet, without wrap. */
  #next = 0;
  /** What was sent before this one was reported on, or will not be. */
  #reportedUpTo = 0;
  /** What was sent before this one went another way. */
  #pathStart = 0;
  #referenceTime: number | undefined;

  /**
   * Notes a packet that is about to be sent.
   *
   * @param bytes as on the wire, without IP and UDP headers
   * @returns its transport-wide sequence number, 16 bits
   */
  add(bytes: number, nowMs: number): number {
    const number = this.#next;
    const slot = number % CAPACITY;
    this.#sentAtMs[slot] = nowMs;
    this.#bytes[slot] = bytes;
    this.#states[slot] = SENT;
    this.#sentBytes += bytes;
    this.#next = number + 1;
    return number & 0xffff;
  }

  /**
   * What is news in the viewer's feedback, in the order of sending. A packet is reported twice at most: as not there, and as there after all. What lost
   * feedback would have reported stays unknown, also where that was only overtaken. Each packet is looked at once, and again where feedback names it, so that
   * feedback costs no more than its bytes and what was sent since.
   */
  take(feedback: TransportFeedback): PacketResult[] {
    const referenceMs = this.#unwrap(feedback.referenceTime) * REFERENCE_UNIT_MS;
    const { firstSequence, packets, sequenceNumbers, arrivals } = feedback;
    const first = this.#next - 1 - ((this.#next - 1 - firstSequence) & 0xffff);
    const end = Math.min(first + packets, this.#next);
    const oldest = Math.max(this.#next - CAPACITY, this.#pathStart);
    const newsFrom = Math.max(first, this.#reportedUpTo, oldest);
    const results: PacketResult[] = [];
    let named = 0;
    const numberNamed = (): number => first + offset(firstSequence, sequenceNumbers[named]);
    const arrivedAtMs = (): number => referenceMs + (arrivals[named] ?? 0) * ARRIVAL_UNIT_MS;
    for (; named < sequenceNumbers.length && numberNamed() < newsFrom; named += 1) {
      const number = numberNamed();
      if (number >= oldest && this.#states[number % CAPACITY] === MISSED) results.push(this.#report(number, arrivedAtMs(), 0));
    }
    let unreportedBytes = this.#passOver(first);
    for (let number = newsFrom; number < end; number += 1) {
      const isThere = named < sequenceNumbers.length && numberNamed() === number;
      results.push(this.#report(number, isThere ? arrivedAtMs() : undefined, unreportedBytes));
      if (isThere) named += 1;
      unreportedBytes = 0;
    }
    this.#reportedUpTo = Math.max(this.#reportedUpTo, end);
    return results;
  }

  /** All that was sent so far. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Of the packets that are remembered. */
  bytesSince(sinceMs: number): number {
    let bytes = 0;
    for (let number = this.#next - 1; number >= Math.max(0, this.#next - CAPACITY); number -= 1) {
      if ((this.#sentAtMs[number % CAPACITY] ?? 0) < sinceMs) break;
      bytes += this.#bytes[number % CAPACITY] ?? 0;
    }
    return bytes;
  }

  /** The path does not take the packet that was noted last: its number goes to the next one, so that it does not count as lost. */
  takeBack(): void {
    this.#next -= 1;
    this.#sentBytes -= this.#bytes[this.#next % CAPACITY] ?? 0;
  }

  /** The path is another one: what is said of packets sent before says nothing of it. */
  beginPath(): void {
    this.#pathStart = this.#next;
    this.#reportedUpTo = this.#next;
  }

  #report(number: number, arrivedAtMs: number | undefined, unreportedBytes: number): PacketResult {
    const slot = number % CAPACITY;
    const late = this.#states[slot] === MISSED;
    this.#states[slot] = arrivedAtMs === undefined ? MISSED : ARRIVED;
    return { bytes: this.#bytes[slot] ?? 0, sentAtMs: this.#sentAtMs[slot] ?? 0, arrivedAtMs, late, unreportedBytes };
  }

  /** Bytes of packets before this one on which feedback must have been lost. */
  #passOver(first: number): number {
    let bytes = 0;
    for (let number = Math.max(this.#reportedUpTo, this.#next - CAPACITY); number < first; number += 1)
      bytes += this.#bytes[number % CAPACITY] ?? 0;
    return bytes;
  }

  /** 24 bits come round after twelve days. */
  #unwrap(referenceTime: number): number {
    this.#referenceTime ??= referenceTime;
    this.#referenceTime += ((referenceTime - this.#referenceTime) << 8) >> 8;
    return this.#referenceTime;
  }
}

/** Of a packet in the range that feedback is about. */
function offset(firstSequence: number, sequence = firstSequence): number {
  return (sequence - firstSequence) & 0xffff;
}
