import type { MediaMessage } from './messages.ts';

/** Who of whose viewers listens to documents made of events. */
export type OnMetadataListener = (cameraId: string, sessionId: string, listens: boolean) => void;

/** The sessions that listen to documents made of a camera's events: each that began to listen ceases to once, however it ends. */
export class MetadataListeners {
  readonly #onListener: OnMetadataListener;
  /** Camera by session. */
  readonly #listeners = new Map<string, string>();

  constructor(onListener: OnMetadataListener) {
    this.#onListener = onListener;
  }

  note({ cameraId, sessionId, listens }: MediaMessage & { type: 'metadata.listener' }): void {
    if (!listens) return this.ended(sessionId);
    this.#listeners.set(sessionId, cameraId);
    this.#onListener(cameraId, sessionId, true);
  }

  ended(sessionId: string): void {
    const cameraId = this.#listeners.get(sessionId);
    if (cameraId === undefined) return;
    this.#listeners.delete(sessionId);
    this.#onListener(cameraId, sessionId, false);
  }
}
