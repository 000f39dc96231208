import type { KeptPackets, PacketHistory } from '../../media/packet-history.ts';

/**
 * Packets that are remembered: 2 s at 19 Mbit/s, or a whole keyframe cache of 4 MB. A power of two, so that slots follow the wrap of sequence numbers.
 */
export const SENT_PACKETS = 4096;
/** What was sent longer ago is of no use to a viewer that shows live pictures. */
const MAX_AGE_MS = 2000;

/** From a packet on, which history the payloads are in. */
interface Source {
  readonly history: PacketHistory | undefined;
  readonly first: number;
  readonly beganMs: number;
}

/**
 * Where the payloads of what one viewer was sent are found, by sequence number. It holds no payload, and nothing is allocated for a packet.
 * Packets are told apart by their index: roll-over counter and sequence number.
 */
export class SentPackets {
  readonly #numbers = new Uint32Array(SENT_PACKETS);
  readonly #timestamps = new Uint32Array(SENT_PACKETS);
  /** Marker and payload type, as in the second byte of the header. */
  readonly #types = new Uint8Array(SENT_PACKETS);
  /** Milliseconds since {@link #epochMs}. */
  readonly #sentAt = new Uint32Array(SENT_PACKETS);
  /** So, too; 0: not sent again. */
  readonly #resentAt = new Uint32Array(SENT_PACKETS);
  /** The newest last; those before it are of the streams that were shown within the last two seconds. */
  readonly #sources: Source[] = [];
  #history: PacketHistory | undefined;
  #epochMs = 0;
  #newest = -1;

  /**
   * Takes a packet; one follows the other.
   *
   * @param header as sent
   * @param kept undefined: it cannot be sent again
   * @param packet which one of those that are kept
   */
  add(header: Buffer, index: number, kept: KeptPackets | undefined, packet: number, nowMs: number): void {
    if (this.#sources.length === 0 || kept?.history !== this.#history) this.#begin(index, kept?.history, nowMs);
    else if (this.#sources.length > 1) this.#leaveFormer(nowMs);
    const slot = index % SENT_PACKETS;
    this.#numbers[slot] = kept === undefined ? 0 : kept.first + packet;
    this.#timestamps[slot] = header.readUInt32BE(4);
    this.#types[slot] = header[1] ?? 0;
    this.#sentAt[slot] = this.#at(nowMs);
    this.#resentAt[slot] = 0;
    this.#newest = index;
  }

  /** Index of the newest packet; -1 before. */
  get newest(): number {
    return this.#newest;
  }

  /** Of the newest packet with this sequence number; undefined where that is too long ago to be remembered. */
  indexOf(sequenceNumber: number): number | undefined {
    const index = this.#newest - ((this.#newest - sequenceNumber) & 0xffff);
    return index <= this.#newest - SENT_PACKETS ? undefined : index;
  }

  /** Undefined where it was never sent, is no longer kept, or of no use any more. */
  payload(index: number, nowMs: number): Buffer | undefined {
    const slot = index % SENT_PACKETS;
    if (this.#since(this.#sentAt[slot] ?? 0, nowMs) > MAX_AGE_MS) return undefined;
    const source = this.#sources.findLast(({ first }) => first <= index);
    return source?.history?.get(this.#numbers[slot] ?? 0);
  }

  /** RTP timestamp as sent. */
  timestamp(index: number): number {
    return this.#timestamps[index % SENT_PACKETS] ?? 0;
  }

  /** The last one of its picture. */
  marker(index: number): boolean {
    return (this.#types[index % SENT_PACKETS] ?? 0) >= 0x80;
  }

  payloadType(index: number): number {
    return (this.#types[index % SENT_PACKETS] ?? 0) & 0x7f;
  }

  /** Milliseconds since it was last sent again; infinite where it was not. */
  sinceResent(index: number, nowMs: number): number {
    const resentAt = this.#resentAt[index % SENT_PACKETS] ?? 0;
    return resentAt === 0 ? Infinity : this.#since(resentAt, nowMs);
  }

  setResent(index: number, nowMs: number): void {
    this.#resentAt[index % SENT_PACKETS] = this.#at(nowMs);
  }

  #begin(index: number, history: PacketHistory | undefined, nowMs: number): void {
    if (this.#sources.length === 0) this.#epochMs = nowMs - 1;
    this.#history = history;
    this.#sources.push({ history, first: index, beganMs: this.#at(nowMs) });
    this.#leaveFormer(nowMs);
  }

  /** What was sent from a former stream is too old by now; its history must not be kept alive. */
  #leaveFormer(nowMs: number): void {
    const [, second] = this.#sources;
    if (second !== undefined && this.#since(second.beganMs, nowMs) > MAX_AGE_MS) this.#sources.shift();
  }

  #at(nowMs: number): number {
    return Math.floor(nowMs - this.#epochMs) >>> 0;
  }

  /** Long where the clock was set back. */
  #since(at: number, nowMs: number): number {
    return (this.#at(nowMs) - at) >>> 0;
  }
}
