import { TrackReceiver, type TrackDescription } from '../track.ts';
import { MetadataDepacketizer } from './depacketizer.ts';
import { DocumentCompressor } from './document-compressor.ts';
import { documentForm, type DocumentForm } from './document-form.ts';

/**
 * The metadata of one pulled profile: RTP to documents, each compressed once for all viewers where the camera has not done it (`vnd.onvif.metadata+gzip`,
 * ONVIF WebRTC section 6.7.2), in order.
 */
export class MetadataTrack {
  readonly receiver: TrackReceiver;
  readonly #onDocument: (gzipped: Buffer) => void;
  readonly #compressor = new DocumentCompressor();
  #form: DocumentForm;
  #depacketizer: MetadataDepacketizer;
  #documents = 0;
  #dropped = 0;

  constructor(track: TrackDescription, start: number, onDocument: (gzipped: Buffer) => void) {
    this.receiver = new TrackReceiver(track, start);
    this.#onDocument = onDocument;
    this.#form = formOf(track);
    this.#depacketizer = new MetadataDepacketizer(this.#form);
  }

  get documents(): number {
    return this.#documents;
  }

  /** Documents that were incomplete, too large, came faster than they could be compressed, or that the camera compressed wrongly. */
  get dropped(): number {
    return this.#dropped + this.#depacketizer.dropped + this.#compressor.dropped;
  }

  reconnect(track: TrackDescription): void {
    this.receiver.reconnect(track);
    this.#dropped += this.#depacketizer.dropped;
    this.#form = formOf(track);
    this.#depacketizer = new MetadataDepacketizer(this.#form);
  }

  /** @param wanted false when no viewer listens: the document is followed but not compressed */
  receive(bytes: Buffer, arrivalMs: number, wanted: boolean): void {
    const placed = this.receiver.receive(bytes, arrivalMs);
    for (const document of placed === undefined ? [] : this.#depacketizer.push(placed)) {
      this.#documents += 1;
      if (wanted) this.#compressor.push(document, this.#onDocument, this.#form);
    }
  }
}

function formOf({ encodingName }: TrackDescription): DocumentForm {
  return documentForm(encodingName) ?? 'xml';
}
