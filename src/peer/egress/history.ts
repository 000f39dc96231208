/** A packet that was sent, as a retransmission needs it. The payload is shared, not copied. */
export interface SentPacket {
  sequenceNumber: number;
  payload: Buffer;
  timestamp: number;
  marker: boolean;
  sentAtMs: number;
  /** When it was last sent again; 0 before. */
  retransmittedAtMs: number;
}

/** A power of two, so that slots follow the wrap of sequence numbers; at 4 Mbit/s of 1200-byte packets about 5 s. */
const CAPACITY = 2048;
/** Older packets are of no use to a viewer that shows live pictures. Milliseconds. */
const MAX_AGE_MS = 2000;

/** The newest packets of one stream to one viewer, by sequence number. */
export class PacketHistory {
  readonly #slots: (SentPacket | undefined)[] = Array.from({ length: CAPACITY }, () => undefined);

  add(packet: SentPacket): void {
    this.#slots[packet.sequenceNumber % CAPACITY] = packet;
  }

  /** Undefined when the packet was never sent, or is too old. */
  find(sequenceNumber: number, nowMs: number): SentPacket | undefined {
    const packet = this.#slots[sequenceNumber % CAPACITY];
    if (packet?.sequenceNumber !== sequenceNumber || nowMs - packet.sentAtMs > MAX_AGE_MS) return undefined;
    return packet;
  }
}
