import type { PlacedPacket } from '../track.ts';

/** Most bytes of one metadata document. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;

/**
 * RTP payloads to XML documents (ONVIF Streaming section 5.1.2.1.1): the marker bit ends a document, all its packets share a timestamp.
 * A document with a missing part is dropped and counted.
 */
export class MetadataDepacketizer {
  #parts: Buffer[] = [];
  #bytes = 0;
  #timestamp: number | undefined;
  /** True from a gap until the next document begins. */
  #broken = false;
  #dropped = 0;

  /** Documents dropped: incomplete or too large. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The document that this packet completes, as bytes of XML. */
  push({ packet, reception }: PlacedPacket): Buffer | undefined {
    if (this.#timestamp !== undefined && packet.timestamp !== this.#timestamp) this.#startAnew(this.#parts.length > 0);
    if (reception.gap || reception.restart) this.#broken = true;
    this.#timestamp = packet.timestamp;
    this.#bytes += packet.payload.length;
    if (this.#bytes > MAX_DOCUMENT_BYTES) this.#broken = true;
    if (!this.#broken) this.#parts.push(packet.payload);
    if (!packet.marker) return undefined;
    const document = this.#broken ? undefined : Buffer.concat(this.#parts);
    this.#startAnew(document === undefined);
    return document;
  }

  #startAnew(dropped: boolean): void {
    if (dropped) this.#dropped += 1;
    this.#parts = [];
    this.#bytes = 0;
    this.#timestamp = undefined;
    this.#broken = false;
  }
}
