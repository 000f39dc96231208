import { gzip } from 'node:zlib';
import { TrackReceiver, type TrackDescription } from '../track.ts';
import { MetadataDepacketizer } from './depacketizer.ts';

/** Documents that may wait for their compression; the oldest gives way. */
const MAX_WAITING = 16;

/**
 * The metadata of one pulled profile: RTP to XML documents, each compressed once for all viewers (`vnd.onvif.metadata+gzip`,
 * ONVIF WebRTC section 6.7.2), in order.
 */
export class MetadataTrack {
  readonly receiver: TrackReceiver;
  readonly #onDocument: (gzipped: Buffer) => void;
  readonly #waiting: Buffer[] = [];
  #depacketizer = new MetadataDepacketizer();
  #compressing = false;
  #documents = 0;
  #dropped = 0;

  constructor(track: TrackDescription, start: number, onDocument: (gzipped: Buffer) => void) {
    this.receiver = new TrackReceiver(track, start);
    this.#onDocument = onDocument;
  }

  get documents(): number {
    return this.#documents;
  }

  /** Documents that were incomplete, too large, or came faster than they could be compressed. */
  get dropped(): number {
    return this.#dropped + this.#depacketizer.dropped;
  }

  reconnect(track: TrackDescription): void {
    this.receiver.reconnect(track);
    this.#dropped += this.#depacketizer.dropped;
    this.#depacketizer = new MetadataDepacketizer();
  }

  /** @param wanted false when no viewer listens: the document is followed but not compressed */
  receive(bytes: Buffer, arrivalMs: number, wanted: boolean): void {
    const placed = this.receiver.receive(bytes, arrivalMs);
    const document = placed === undefined ? undefined : this.#depacketizer.push(placed);
    if (document === undefined) return;
    this.#documents += 1;
    if (!wanted) return;
    this.#waiting.push(document);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#dropped += 1;
    }
    this.#compressNext();
  }

  #compressNext(): void {
    const document = this.#compressing ? undefined : this.#waiting.shift();
    if (document === undefined) return;
    this.#compressing = true;
    gzip(document, (error, gzipped) => {
      this.#compressing = false;
      if (error === null) this.#onDocument(gzipped);
      else this.#dropped += 1;
      this.#compressNext();
    });
  }
}
