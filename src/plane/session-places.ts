import { GatewayError } from '../base/errors.ts';
import type { MediaSettings } from './messages.ts';

/** The places that the gateway and each camera have for viewers. */
export class SessionPlaces {
  readonly #settings: MediaSettings;
  /** The camera of each session that has a place. */
  readonly #taken = new Map<string, string>();

  constructor(settings: MediaSettings) {
    this.#settings = settings;
  }

  /** @throws GatewayError `session.limit` when there is none left */
  take(sessionId: string, cameraId: string): void {
    const { maxSessions, maxSessionsPerCamera } = this.#settings;
    if (this.#taken.size >= maxSessions)
      throw new GatewayError('session.limit', 'The gateway serves as many viewers as it may.', {
        advice: 'If it can serve more, raise media.max_sessions.',
      });
    const ofCamera = [...this.#taken.values()].filter((each) => each === cameraId).length;
    if (ofCamera >= maxSessionsPerCamera)
      throw new GatewayError('session.limit', 'The camera has as many viewers as it may.', {
        advice: 'If it is to have more, raise media.max_sessions_per_camera.',
      });
    this.#taken.set(sessionId, cameraId);
  }

  /** May be called again, and for a session that has none. */
  free(sessionId: string): void {
    this.#taken.delete(sessionId);
  }
}
