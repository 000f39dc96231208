import { Allowance } from './allowance.ts';
import type { OutgoingFrame } from './outgoing-frame.ts';
import { SentHeaders } from './sent-headers.ts';
import { SentPackets } from './sent-packets.ts';

/** A packet is sent again no sooner than this, milliseconds, however short the viewer says the way is. */
const MIN_INTERVAL_MS = 10;
/** As long as the round trip is not known. */
const UNKNOWN_ROUND_TRIP_MS = 100;
/**
 * Bytes. Half of what is sent repairs a loss of a third, of which a third is lost again (p / (1 - p) with p = 1/3); a path that loses more needs a lower
 * bitrate, and what is sent on top makes it worse. Beside that, of a stream of few bytes, a keyframe of 16 KB each second; and saved up, what is lost of
 * 4 Mbit/s while a path is interrupted for half a second.
 */
const BYTES = { share: 0.5, perSecond: 16_000, most: 256_000, first: 32_000 };
/**
 * Packets asked for, whatever becomes of it: while a third of all is lost, each of those a dozen times, more than browsers do. A viewer that asks for all of them in
 * each datagram would otherwise keep a core busy with what it is refused.
 */
const QUESTIONS = { share: 4, perSecond: 200, most: 4096, first: 1024 };
/** Of the newest packets so many, the newest first, fill up what a probe sends; and so many at once, where a timer was late. */
const PADDING_PACKETS = 64;
const MAX_PADDING_AT_ONCE = 16;
/** Of the original sequence number ahead of the payload (RFC 4588 section 4). */
const ORIGINAL_NUMBER_BYTES = 2;

/** How packets are sent again. Both return how many bytes they sent, zero where the path takes none, and keep none of their arguments. */
export interface ResendingStream {
  /** By the stream for retransmission, with numbers of its own. */
  sendRepair(repair: RepairPacket, payload: Buffer): number;
  /** The packet as it was: its header, payload and index. */
  sendSame(header: Buffer, payload: Buffer, index: number): number;
}

export interface RepairPacket {
  payloadType: number;
  marker: boolean;
  /** Of the packet that it repairs, as sent. */
  timestamp: number;
}

/** Of one track; the sender counts what it sends, also again. */
export interface SenderCounters {
  /** Without those that are sent again. */
  packets: number;
  /** With those. */
  bytes: number;
  retransmitted: number;
  /** Packets asked for that were no longer there, asked for too often, or above the bitrate that the viewer allows. */
  retransmissionsRefused: number;
}

/**
 * What one viewer misses of a track is sent again (RFC 4585, RFC 4588): each packet at most once in a round trip, all within a share of what is sent. A viewer
 * that asks for everything all the time costs no more than that.
 */
export class Retransmissions {
  readonly #payloadTypes: ReadonlyMap<number, number>;
  readonly #stream: ResendingStream;
  readonly #counters: SenderCounters;
  readonly #sent = new SentPackets();
  readonly #bytes = new Allowance(BYTES);
  readonly #questions = new Allowance(QUESTIONS);
  /** Of what was counted, for how much allowances were earned. */
  readonly #earned = { packets: 0, bytes: 0 };
  /** Of the packet before. */
  #payloadType: number | undefined;
  /** From the first packet on that has no payload type of retransmission. */
  #headers: SentHeaders | undefined;
  /** Original sequence number and payload, of the one packet that is being sent again. */
  #repair = Buffer.alloc(0);
  /** What was sent before is not sent again. */
  #fromIndex = 0;
  /** How many of the newest packets were sent again as padding since the first was. */
  #padded = 0;

  /** @param payloadTypes of retransmission, by those that they repair; what has none is sent again as it was */
  constructor(payloadTypes: ReadonlyMap<number, number>, stream: ResendingStream, counters: SenderCounters) {
    this.#payloadTypes = payloadTypes;
    this.#stream = stream;
    this.#counters = counters;
  }

  /**
   * Takes note of a packet that is sent, one after the other.
   *
   * @param header as sent
   * @param index roll-over counter and sequence number
   * @param packet which one of the frame
   */
  note(header: Buffer, index: number, frame: OutgoingFrame, packet: number, nowMs: number): void {
    this.#sent.add(header, index, frame.kept, packet, nowMs);
    if (frame.payloadType !== this.#payloadType) this.#setPayloadType(frame.payloadType);
    this.#headers?.add(header, index);
  }

  /**
   * Answers a NACK.
   *
   * @param path its round trip, null where that is not known; and whether what is sent again may be lost too, and is sent twice: a browser that does not know the
   * round trip asks again after a tenth of a second, which is seen
   */
  answer(
    sequenceNumbers: readonly number[],
    { roundTripMs, isTwice }: { roundTripMs: number | null; isTwice: boolean },
    nowMs: number,
  ): void {
    const intervalMs = Math.max(MIN_INTERVAL_MS, roundTripMs ?? UNKNOWN_ROUND_TRIP_MS);
    this.#earn();
    let resent = 0;
    for (const sequenceNumber of sequenceNumbers) {
      if (this.#bytes.isSpent(nowMs) || this.#questions.isSpent(nowMs)) break;
      this.#questions.spend(1);
      const index = this.#sent.indexOf(sequenceNumber);
      if (index === undefined || index < this.#fromIndex || this.#sent.sinceResent(index, nowMs) < intervalMs) continue;
      const payload = this.#sent.payload(index, nowMs);
      if (payload === undefined) continue;
      const bytes = this.#sendAgain(index, payload);
      // Nor would the path take the next one.
      if (bytes === 0) break;
      this.#sent.setResent(index, nowMs);
      this.#bytes.spend(isTwice ? bytes + this.#sendAgain(index, payload) : bytes);
      resent += 1;
    }
    // What is sent again earns nothing.
    this.#earned.bytes = this.#counters.bytes;
    this.#counters.retransmitted += resent;
    this.#counters.retransmissionsRefused += sequenceNumbers.length - resent;
  }

  /** What was sent until now is not sent again, though the viewer asks for it. */
  forget(): void {
    this.#fromIndex = this.#sent.newest + 1;
  }

  /**
   * Sends packets again that were not asked for: what fills up a probe, and repairs what was lost of them. Only by the stream for retransmission, where the viewer
   * leaves out what it has.
   *
   * @param bytes to send, with headers
   * @returns bytes that were sent: a packet more at most, none where nothing is kept
   */
  pad(bytes: number, nowMs: number): number {
    this.#earn();
    let sent = 0;
    for (let packets = 0; packets < MAX_PADDING_AT_ONCE && sent < bytes; packets += 1) {
      const index = this.#nextPadding(nowMs);
      const payload = index === undefined ? undefined : this.#sent.payload(index, nowMs);
      if (index === undefined || payload === undefined) break;
      const resent = this.#sendAgain(index, payload);
      if (resent === 0) break;
      this.#sent.setResent(index, nowMs);
      sent += resent;
    }
    // What is sent again earns nothing.
    this.#earned.bytes = this.#counters.bytes;
    return sent;
  }

  /** Behind the oldest one the newest follows. */
  #nextPadding(nowMs: number): number | undefined {
    for (const back of [this.#padded % PADDING_PACKETS, 0]) {
      const index = this.#sent.newest - back;
      this.#padded = back + 1;
      if (!this.#payloadTypes.has(this.#sent.payloadType(index))) continue;
      if (this.#sent.payload(index, nowMs) !== undefined) return index;
    }
    return undefined;
  }

  #setPayloadType(payloadType: number): void {
    this.#payloadType = payloadType;
    if (!this.#payloadTypes.has(payloadType)) this.#headers ??= new SentHeaders();
  }

  #earn(): void {
    this.#bytes.earn(this.#counters.bytes - this.#earned.bytes);
    this.#questions.earn(this.#counters.packets - this.#earned.packets);
    this.#earned.packets = this.#counters.packets;
  }

  /** Zero where nothing was sent. */
  #sendAgain(index: number, payload: Buffer): number {
    const payloadType = this.#payloadTypes.get(this.#sent.payloadType(index));
    if (payloadType === undefined) {
      const header = this.#headers?.get(index);
      return header === undefined ? 0 : this.#stream.sendSame(header, payload, index);
    }
    const packet = { payloadType, marker: this.#sent.marker(index), timestamp: this.#sent.timestamp(index) };
    return this.#stream.sendRepair(packet, this.#withNumber(index, payload));
  }

  #withNumber(index: number, payload: Buffer): Buffer {
    const length = ORIGINAL_NUMBER_BYTES + payload.length;
    if (this.#repair.length < length) this.#repair = Buffer.allocUnsafeSlow(length);
    this.#repair.writeUInt16BE(index & 0xffff, 0);
    payload.copy(this.#repair, ORIGINAL_NUMBER_BYTES);
    return this.#repair.subarray(0, length);
  }
}
