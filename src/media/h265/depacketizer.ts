import type { RtpPacket } from '../rtp/packet.ts';
import { NAL_HEADER_BYTES, nalType } from './nal.ts';

/** Payload structures of RFC 7798 section 4.4. */
const AGGREGATION_PACKET = 48;
const FRAGMENTATION_UNIT = 49;

/** One access unit as it came out of its packets. */
export interface DepacketizedAccessUnit {
  nals: Buffer[];
  /** RTP timestamp, 32 bits, 90 kHz. */
  timestamp: number;
  /** True when a packet of it is missing or malformed: not fit for a decoder. */
  damaged: boolean;
}

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_NALS = 512;

/**
 * RTP packets in order to access units, RFC 7798: single NAL units, aggregation packets and fragmentation units, without DONL, which
 * only `sprop-max-don-diff` brings and no camera sends. An access unit ends where the timestamp changes: markers are not relied on, since
 * cameras set them on each slice.
 */
export class H265Depacketizer {
  #nals: Buffer[] = [];
  #bytes = 0;
  #timestamp: number | undefined;
  #damaged = false;
  #fragments: Buffer[] = [];
  #malformed = 0;

  /** Packets that were no H.265 payload of RFC 7798, or that went over a limit. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Takes the next packet; `gap` says that packets before it were lost. Returns the access unit that ended before it. */
  push(packet: RtpPacket, gap: boolean): DepacketizedAccessUnit | undefined {
    let completed: DepacketizedAccessUnit | undefined;
    if (this.#timestamp !== undefined && packet.timestamp !== this.#timestamp) {
      // A gap before this packet may have taken the end of the access unit before it.
      if (gap) this.#lose();
      completed = this.#complete(this.#timestamp);
    }
    this.#timestamp = packet.timestamp;
    if (gap) this.#lose();
    if (!this.#take(packet.payload)) {
      this.#malformed += 1;
      this.#lose();
    }
    return completed;
  }

  #lose(): void {
    this.#damaged = true;
    this.#fragments = [];
  }

  #complete(timestamp: number): DepacketizedAccessUnit | undefined {
    if (this.#fragments.length > 0) this.#lose();
    const unit = { nals: this.#nals, timestamp, damaged: this.#damaged };
    this.#nals = [];
    this.#bytes = 0;
    this.#damaged = false;
    return unit.nals.length > 0 || unit.damaged ? unit : undefined;
  }

  /** False when the payload is malformed or too large. */
  #take(payload: Buffer): boolean {
    if (payload.length === 0) return true;
    if (payload.length <= NAL_HEADER_BYTES) return false;
    const type = nalType(payload);
    if (type === FRAGMENTATION_UNIT) return this.#takeFragment(payload);
    if (this.#fragments.length > 0) this.#lose();
    return type === AGGREGATION_PACKET ? this.#takeAggregate(payload) : this.#add(payload);
  }

  #takeAggregate(payload: Buffer): boolean {
    let at = NAL_HEADER_BYTES;
    while (at + 2 <= payload.length) {
      const length = payload.readUInt16BE(at);
      at += 2;
      if (at + length > payload.length || !this.#add(payload.subarray(at, at + length))) return false;
      at += length;
    }
    return true;
  }

  #takeFragment(payload: Buffer): boolean {
    const header = payload[2];
    if (header === undefined) return false;
    const start = (header & 0x80) !== 0;
    const end = (header & 0x40) !== 0;
    if (start) {
      if (this.#fragments.length > 0) this.#lose();
      const first = ((payload[0] ?? 0) & 0x81) | ((header & 0x3f) << 1);
      this.#fragments = [Buffer.from([first, payload[1] ?? 0])];
    } else if (this.#fragments.length === 0) {
      return this.#damaged; // Its start was lost: already counted as damage when the gap was seen.
    }
    this.#bytes += payload.length;
    if (this.#bytes > MAX_BYTES) return false;
    this.#fragments.push(payload.subarray(3));
    if (!end) return true;
    const nal = Buffer.concat(this.#fragments);
    this.#fragments = [];
    this.#bytes -= nal.length;
    return this.#add(nal);
  }

  #add(nal: Buffer): boolean {
    if (nal.length <= NAL_HEADER_BYTES || nalType(nal) >= AGGREGATION_PACKET) return false;
    this.#bytes += nal.length;
    if (this.#bytes > MAX_BYTES || this.#nals.length >= MAX_NALS) return false;
    this.#nals.push(nal);
    return true;
  }
}
