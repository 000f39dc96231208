import { gunzipSync } from 'node:zlib';
import { MetadataDepacketizer } from '../metadata/depacketizer.ts';
import { documentForm, type DocumentForm } from '../metadata/document-form.ts';
import { TrackReceiver, type TrackDescription } from '../track.ts';

/** Elements of a MetadataStream (ONVIF Streaming section 5.1.2.1.1) by what they carry. */
const PARTS = { analytics: 'VideoAnalytics', ptz: 'PTZ', events: 'Event' } as const;

/** Most bytes of one document that is looked at. */
const MAX_EXPANDED_BYTES = 8 * 1024 * 1024;

export type MetadataPart = keyof typeof PARTS;

/** What a metadata track brings. */
export interface MetadataFigures {
  /** Whole documents. */
  documents: number;
  parts: MetadataPart[];
}

/** Counts the documents of a metadata track. */
export class MetadataMeasurement {
  readonly receiver: TrackReceiver;
  readonly #form: DocumentForm;
  readonly #depacketizer: MetadataDepacketizer;
  readonly #parts = new Set<MetadataPart>();
  #documents = 0;

  constructor(track: TrackDescription) {
    this.receiver = new TrackReceiver(track, 0);
    this.#form = documentForm(track.encodingName) ?? 'xml';
    this.#depacketizer = new MetadataDepacketizer(this.#form);
  }

  receive(bytes: Buffer, arrivalMs: number): void {
    const placed = this.receiver.receive(bytes, arrivalMs);
    for (const document of placed === undefined ? [] : this.#depacketizer.push(placed)) this.#look(document);
  }

  #look(document: Buffer): void {
    const xml = this.#form === 'gzip' ? expand(document) : document;
    if (xml === undefined) return;
    this.#documents += 1;
    // In UTF-16 each character of a tag is its byte and a zero.
    const text = xml.toString('latin1').replaceAll('\0', '');
    for (const [part, element] of Object.entries(PARTS) as [MetadataPart, string][]) {
      if (!this.#parts.has(part) && new RegExp(`<(?:[\\w.-]+:)?${element}[\\s>/]`).test(text)) this.#parts.add(part);
    }
  }

  get figures(): MetadataFigures {
    return { documents: this.#documents, parts: [...this.#parts] };
  }
}

function expand(gzipped: Buffer): Buffer | undefined {
  try {
    return gunzipSync(gzipped, { maxOutputLength: MAX_EXPANDED_BYTES });
  } catch {
    return undefined;
  }
}
