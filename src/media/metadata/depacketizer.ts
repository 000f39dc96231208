import { keptPart, MAX_PARTS } from '../kept-part.ts';
import type { PlacedPacket } from '../track.ts';
import type { DocumentForm } from './document-form.ts';
import { beginsGzip, mayBeGzip } from './gzip-member.ts';
import { beginsXml, isClosedXml, isProlog } from './xml-bounds.ts';

/** Most bytes of one metadata document, as it comes. */
const MAX_DOCUMENT_BYTES = 1024 * 1024;
/** More are a document, or a part of one, even where they are white space. */
const MAX_PADDING_BYTES = 16;

/**
 * RTP payloads to documents (ONVIF Streaming section 5.1.2.1.1): the marker bit ends one. Timestamps mean nothing: cameras give a packet the time at which
 * they made it. A document with a part missing is dropped and counted. Where markers are of no use, the document itself is looked at:
 *
 * - A camera that never sets them has begun a new document behind one that was complete: from then on each ends with its root element.
 * - A camera that sets them on every packet goes on with a document that is not closed.
 */
export class MetadataDepacketizer {
  readonly #form: DocumentForm;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** A part of what is put together is missing, or it is too large: its bytes are not kept. */
  #isBroken = false;
  /** It began as nothing else does. */
  #isBegun = false;
  /** It had a marker and was not complete. */
  #hasMarkerInside = false;
  #areMarkersMissing = false;
  #areMarkersInside = false;
  #dropped = 0;

  constructor(form: DocumentForm) {
    this.#form = form;
  }

  /** Documents dropped: incomplete or too large. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The documents that this packet completes, the bytes as they came: none, one, or, where markers are missing, the one before it too. */
  push({ packet: { payload, marker }, reception }: PlacedPacket): Buffer[] {
    if (reception.restart) this.#abandon();
    if (reception.gap && this.#isOpen) this.#breakUp();
    const begins = this.#begins(payload);
    const documents = begins && this.#isOpen ? this.#endUnmarked() : [];
    if (this.#isOpen || !isPadding(payload)) this.#append(payload, begins);
    if (!this.#isOpen) return documents;
    if (marker) return [...documents, ...this.#endMarked()];
    if (this.#areMarkersMissing && this.#form === 'xml' && this.#isComplete()) documents.push(this.#take());
    return documents;
  }

  get #isOpen(): boolean {
    return this.#isBroken || this.#parts.length > 0;
  }

  /** Whether the packet begins a document, whatever came before it. */
  #begins(payload: Buffer): boolean {
    if (this.#form === 'gzip') return beginsGzip(payload);
    // The XML declaration may have had a packet of its own.
    return beginsXml(payload) && (this.#parts.length === 0 || !isProlog(this.#parts));
  }

  #append(payload: Buffer, begins: boolean): void {
    this.#isBegun ||= begins;
    this.#bytes += payload.length;
    if (this.#bytes > MAX_DOCUMENT_BYTES || this.#parts.length === MAX_PARTS) this.#breakUp();
    if (!this.#isBroken) this.#parts.push(keptPart(payload));
  }

  /** Another begins: what came before had no marker at its end. */
  #endUnmarked(): Buffer[] {
    // Whether compressed bytes are complete is seen for certain when they are expanded.
    const isOver = this.#isBegun && !this.#isBroken && (this.#form === 'gzip' || this.#isComplete());
    if (!isOver) {
      this.#abandon();
      return [];
    }
    this.#areMarkersMissing = !this.#hasMarkerInside;
    return [this.#take()];
  }

  #endMarked(): Buffer[] {
    this.#areMarkersMissing = false;
    if (!this.#isBroken && this.#isComplete()) {
      this.#areMarkersInside ||= this.#hasMarkerInside;
      return [this.#take()];
    }
    // One that did not begin, the rest of a document that was sent before we came, is over with its marker, and so is a broken one.
    const goesOn = this.#isBroken ? this.#areMarkersInside : this.#isBegun;
    if (goesOn) this.#hasMarkerInside = true;
    else this.#abandon();
    return [];
  }

  #isComplete(): boolean {
    return this.#form === 'xml' ? isClosedXml(this.#parts) : mayBeGzip(this.#parts, this.#bytes);
  }

  #take(): Buffer {
    const document = Buffer.concat(this.#parts);
    this.#startAnew();
    return document;
  }

  /** Gives up what is open, and counts it. */
  #abandon(): void {
    if (this.#isOpen) this.#dropped += 1;
    this.#startAnew();
  }

  #breakUp(): void {
    this.#isBroken = true;
    this.#parts = [];
  }

  #startAnew(): void {
    this.#parts = [];
    this.#bytes = 0;
    this.#isBroken = false;
    this.#isBegun = false;
    this.#hasMarkerInside = false;
  }
}

/** Nothing, or line ends and the zero at the end of a C string, which some send behind a document. */
function isPadding(payload: Buffer): boolean {
  return payload.length <= MAX_PADDING_BYTES && /^[\s\0]*$/.test(payload.toString('latin1'));
}
