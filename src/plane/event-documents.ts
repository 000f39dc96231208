import { DocumentCompressor } from '../media/metadata/document-compressor.ts';
import type { MediaMessage } from './messages.ts';

/** A viewer with a data channel for metadata. */
export interface EventListener {
  /** True where its camera gives events, its profile has no metadata stream, and the channel is open. */
  readonly listens: boolean;
  /** @param gzipped one XML document */
  send(gzipped: Buffer): void;
}

/**
 * Documents made of one camera's events, on their way to those viewers whose profile has no metadata stream of its own. The control plane, which
 * asks the camera for its events, is told who listens.
 */
export class EventDocuments {
  readonly #cameraId: string;
  readonly #post: (message: MediaMessage) => void;
  readonly #compressor = new DocumentCompressor();
  /** By session. */
  readonly #viewers = new Map<string, EventListener>();
  /** Of them those of whom the control plane knows that they listen. */
  readonly #listening = new Set<string>();

  constructor(cameraId: string, post: (message: MediaMessage) => void) {
    this.#cameraId = cameraId;
    this.#post = post;
  }

  /** To be called again when the viewer closes its channel, or opens another one, which is told all states anew. */
  join(sessionId: string, viewer: EventListener): void {
    this.#viewers.set(sessionId, viewer);
    const isKnown = this.#listening.has(sessionId);
    this.review();
    if (isKnown && viewer.listens) this.#tell(sessionId, true);
  }

  leave(sessionId: string): void {
    this.#viewers.delete(sessionId);
    this.review();
  }

  /** To be called when what a stream carries may be another than before. */
  review(): void {
    for (const sessionId of new Set([...this.#viewers.keys(), ...this.#listening])) {
      const listens = this.#viewers.get(sessionId)?.listens === true;
      if (listens === this.#listening.has(sessionId)) continue;
      if (listens) this.#listening.add(sessionId);
      else this.#listening.delete(sessionId);
      this.#tell(sessionId, listens);
    }
  }

  /** @param sessionId whom it is for; absent: all who listen */
  take(document: string, sessionId?: string): void {
    const isFor = (id: string): boolean => sessionId === undefined || id === sessionId;
    if (![...this.#listening].some(isFor)) return;
    this.#compressor.push(Buffer.from(document), (gzipped) => {
      for (const id of this.#listening) if (isFor(id)) this.#viewers.get(id)?.send(gzipped);
    });
  }

  #tell(sessionId: string, listens: boolean): void {
    this.#post({ type: 'metadata.listener', cameraId: this.#cameraId, sessionId, listens });
  }
}
