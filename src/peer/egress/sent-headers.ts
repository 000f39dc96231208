import { SENT_PACKETS } from './sent-packets.ts';

/** Fixed header and the extensions that are negotiated, with room. */
const MAX_HEADER_BYTES = 64;

/**
 * The headers of the newest packets to a viewer that has no stream for retransmission: what it misses is sent again as the very same bytes, extensions that
 * change from packet to packet among them, so that no key stream serves for two packets (RFC 7714 section 8.1). Packets follow each other.
 */
export class SentHeaders {
  readonly #bytes = Buffer.alloc(SENT_PACKETS * MAX_HEADER_BYTES);
  readonly #lengths = new Uint8Array(SENT_PACKETS);

  add(header: Buffer, index: number): void {
    const slot = index % SENT_PACKETS;
    const fits = header.length <= MAX_HEADER_BYTES;
    this.#lengths[slot] = fits ? header.length : 0;
    if (fits) header.copy(this.#bytes, slot * MAX_HEADER_BYTES);
  }

  /** As it was sent; undefined where it is not kept. Good until the next call of {@link add}. */
  get(index: number): Buffer | undefined {
    const slot = index % SENT_PACKETS;
    const length = this.#lengths[slot] ?? 0;
    const start = slot * MAX_HEADER_BYTES;
    return length === 0 ? undefined : this.#bytes.subarray(start, start + length);
  }
}
