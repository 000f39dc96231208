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
    const begun = this.#timestamp !== undefined;
    if (begun && (reception.restart || packet.timestamp !== this.#timestamp)) this.#startAnew(true);
    if (reception.gap) this.#broken = true;
    this.#timestamp = packet.timestamp;
    this.#bytes += packet.payload.length;
    if (this.#bytes > MAX_DOCUMENT_BYTES) this.#broken = true;
    if (!this.#broken) this.#parts.push(packet.payload);
    if (!packet.marker) return undefined;
    const document = Buffer.concat(this.#parts);
    const whole = !this.#broken && beginsDocument(document);
    this.#startAnew(!whole);
    return whole ? document : undefined;
  }

  #startAnew(dropped: boolean): void {
    if (dropped) this.#dropped += 1;
    this.#parts = [];
    this.#bytes = 0;
    this.#timestamp = undefined;
    this.#broken = false;
  }
}

/** False for the rest of a document whose beginning was sent before we came: cameras do not wait for one to end. */
function beginsDocument(bytes: Buffer): boolean {
  return /^(?:\u00ef\u00bb\u00bf)?\s*<[^/]/.test(bytes.toString('latin1', 0, 64));
}
