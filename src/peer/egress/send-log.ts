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
/** It has no number: of it nothing will be known. */
const UNNUMBERED = 3;

/**
 * When each packet to a viewer was sent, and what the viewer says of those that have a transport-wide sequence number. Video, sound and retransmissions share the
 * numbers, as far as they have any: browsers take them for no sound but Opus. Times are milliseconds with a fraction on a monotonic clock.
 */
export class SendLog {
  /** Of the packets in the order of sending. */
  readonly #sentAtMs = new Float64Array(CAPACITY);
  readonly #bytes = new Uint16Array(CAPACITY);
  readonly #states = new Uint8Array(CAPACITY);
  /** By number, which of them that is. */
  readonly #placeOf = new Float64Array(CAPACITY);
  #sentBytes = 0;
  /** Place of the next packet. */
  #nextPlace = 0;
  /** Number of the next one that gets one, without wrap. */
  #next = 0;
  /** The oldest that is remembered. */
  #oldest = 0;
  /** What was sent before this one was reported on, or will not be. */
  #reportedUpTo = 0;
  /** What was sent before this place was reported on, or was counted as unreported. */
  #countedUpTo = 0;
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
    this.#placeOf[number % CAPACITY] = this.#nextPlace;
    this.#next = number + 1;
    this.#note(bytes, nowMs, SENT);
    return number & 0xffff;
  }

  /** Notes a packet that was sent without a number: it took its part of the path, though nothing will be said of it. */
  addUnnumbered(bytes: number, nowMs: number): void {
    this.#note(bytes, nowMs, UNNUMBERED);
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
    const oldest = Math.max(this.#oldest, this.#pathStart);
    const newsFrom = Math.max(first, this.#reportedUpTo, oldest);
    const results: PacketResult[] = [];
    let named = 0;
    const numberNamed = (): number => first + offset(firstSequence, sequenceNumbers[named]);
    const arrivedAtMs = (): number => referenceMs + (arrivals[named] ?? 0) * ARRIVAL_UNIT_MS;
    for (; named < sequenceNumbers.length && numberNamed() < newsFrom; named += 1) {
      const number = numberNamed();
      const isLate = number >= oldest && this.#states[this.#slot(number)] === MISSED;
      if (isLate) results.push(this.#report(number, arrivedAtMs(), 0));
    }
    for (let number = newsFrom; number < end; number += 1) {
      const isThere = named < sequenceNumbers.length && numberNamed() === number;
      results.push(this.#report(number, isThere ? arrivedAtMs() : undefined, this.#countUpTo(number)));
      if (isThere) named += 1;
    }
    this.#reportedUpTo = Math.max(this.#reportedUpTo, end);
    return results;
  }

  /** All that was sent so far, with numbers or without. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** When the newest packet with a number was sent; undefined before, and where it is no longer remembered. */
  get numberedAtMs(): number | undefined {
    return this.#next > this.#oldest ? this.#sentAtMs[this.#slot(this.#next - 1)] : undefined;
  }

  /** Of the packets that are remembered, with numbers or without. */
  bytesSince(sinceMs: number): number {
    let bytes = 0;
    for (let place = this.#nextPlace - 1; place >= Math.max(0, this.#nextPlace - CAPACITY); place -= 1) {
      if ((this.#sentAtMs[place % CAPACITY] ?? 0) < sinceMs) break;
      bytes += this.#bytes[place % CAPACITY] ?? 0;
    }
    return bytes;
  }

  /** The path does not take the packet that was noted last by {@link add}: its number goes to the next one, so that it does not count as lost. */
  takeBack(): void {
    this.#next -= 1;
    this.#nextPlace -= 1;
    const slot = this.#nextPlace % CAPACITY;
    this.#sentBytes -= this.#bytes[slot] ?? 0;
    this.#states[slot] = UNNUMBERED;
  }

  /** The path is another one: what is said of packets sent before says nothing of it. */
  beginPath(): void {
    this.#pathStart = this.#next;
    this.#reportedUpTo = this.#next;
    this.#countedUpTo = this.#nextPlace;
  }

  #note(bytes: number, nowMs: number, state: number): void {
    const slot = this.#nextPlace % CAPACITY;
    // The one that stood there is forgotten.
    if (this.#nextPlace >= CAPACITY && this.#states[slot] !== UNNUMBERED) this.#oldest += 1;
    this.#sentAtMs[slot] = nowMs;
    this.#bytes[slot] = bytes;
    this.#states[slot] = state;
    this.#sentBytes += bytes;
    this.#nextPlace += 1;
  }

  #report(number: number, arrivedAtMs: number | undefined, unreportedBytes: number): PacketResult {
    const slot = this.#slot(number);
    const late = this.#states[slot] === MISSED;
    this.#states[slot] = arrivedAtMs === undefined ? MISSED : ARRIVED;
    return { bytes: this.#bytes[slot] ?? 0, sentAtMs: this.#sentAtMs[slot] ?? 0, arrivedAtMs, late, unreportedBytes };
  }

  /** Bytes of packets before this one that were not counted yet: those without a number, and those on which feedback must have been lost. */
  #countUpTo(number: number): number {
    const end = this.#placeOf[number % CAPACITY] ?? 0;
    let bytes = 0;
    for (let place = Math.max(this.#countedUpTo, this.#nextPlace - CAPACITY); place < end; place += 1)
      bytes += this.#bytes[place % CAPACITY] ?? 0;
    this.#countedUpTo = end + 1;
    return bytes;
  }

  /** Of a packet that is remembered. */
  #slot(number: number): number {
    return (this.#placeOf[number % CAPACITY] ?? 0) % CAPACITY;
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
