import { MetadataDepacketizer } from '../metadata/depacketizer.ts';
import { TrackReceiver, type TrackDescription } from '../track.ts';

/** Elements of a MetadataStream (ONVIF Streaming section 5.1.2.1.1) by what they carry. */
const PARTS = { analytics: 'VideoAnalytics', ptz: 'PTZ', events: 'Event' } as const;

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
  readonly #depacketizer = new MetadataDepacketizer();
  readonly #parts = new Set<MetadataPart>();
  #documents = 0;

  constructor(track: TrackDescription) {
    this.receiver = new TrackReceiver(track, 0);
  }

  receive(bytes: Buffer, arrivalMs: number): void {
    const placed = this.receiver.receive(bytes, arrivalMs);
    const document = placed === undefined ? undefined : this.#depacketizer.push(placed);
    if (document === undefined) return;
    this.#documents += 1;
    for (const [part, element] of Object.entries(PARTS) as [MetadataPart, string][]) {
      if (!this.#parts.has(part) && new RegExp(`<(?:[\\w.-]+:)?${element}[\\s>/]`).test(document.toString('latin1'))) {
        this.#parts.add(part);
      }
    }
  }

  get figures(): MetadataFigures {
    return { documents: this.#documents, parts: [...this.#parts] };
  }
}
