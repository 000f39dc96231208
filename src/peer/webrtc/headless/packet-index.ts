import { sequenceDistance } from '../../../media/rtp/packet.ts';

/** Sources of one transport; a viewer has four: sound, pictures, and the repairs of both. */
const MAX_SOURCES = 64;

/**
 * Roll-over counters of SRTP by source (RFC 3711 section 3.3.1): which of the packets with one sequence number a packet is. A source begins with the counter
 * at 0.
 */
export class PacketIndexes {
  /** Of the packets that were authentic. */
  readonly #highest = new Map<number, number>();

  /** Roll-over counter times 2^16 plus the sequence number; undefined where no packet can have it. */
  estimate(ssrc: number, sequenceNumber: number): number | undefined {
    const highest = this.#highest.get(ssrc);
    if (highest === undefined) return this.#highest.size < MAX_SOURCES ? sequenceNumber : undefined;
    const index = highest + sequenceDistance(highest & 0xffff, sequenceNumber);
    return index < 0 ? undefined : index;
  }

  /** To be told of each packet that was authentic by the estimate, and of no other. */
  confirm(ssrc: number, index: number): void {
    const highest = this.#highest.get(ssrc);
    if (highest === undefined || index > highest) this.#highest.set(ssrc, index);
  }
}
