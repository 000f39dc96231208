import type { Reason } from '../base/errors.ts';
import type { IceCandidate } from '../base/ice.ts';
import type { MediaMessage, MediaSettings, SessionState } from './messages.ts';
import { SessionPlaces } from './session-places.ts';

/** What a session's opener hears of it. */
export interface MediaSessionEvents {
  offer(offer: string, subprotocols: string[]): void;
  candidate(candidate: IceCandidate): void;
  candidateRefused(reason: Reason): void;
  /** Something to tell the viewer that leaves the session as it is. */
  notice(reason: Reason): void;
  state(state: SessionState, reason: Reason | undefined): void;
}

/** What the media plane says to the opener of a session. */
export type SessionMessage = Extract<MediaMessage, { type: `session.${string}` }>;

/** The sessions that the control plane has opened: whose they are, where they run, and the places that they take. */
export class OpenSessions {
  readonly #sessions = new Map<string, { cameraId: string; worker: number; events: MediaSessionEvents }>();
  readonly #places: SessionPlaces;

  constructor(settings: MediaSettings) {
    this.#places = new SessionPlaces(settings);
  }

  /** @throws GatewayError `session.limit` when there is no place left */
  add(sessionId: string, cameraId: string, worker: number, events: MediaSessionEvents): void {
    this.#places.take(sessionId, cameraId);
    this.#sessions.set(sessionId, { cameraId, worker, events });
  }

  has(sessionId: string): boolean {
    return this.#sessions.has(sessionId);
  }

  /** Whether there is one of this camera, also one that is being closed. */
  hasOf(cameraId: string): boolean {
    return [...this.#sessions.values()].some((session) => session.cameraId === cameraId);
  }

  /** Frees the place of a session that is being closed, for a viewer whose request comes right behind. */
  free(sessionId: string): void {
    this.#places.free(sessionId);
  }

  /** Those of one worker. */
  of(worker: number): string[] {
    return [...this.#sessions].filter(([, session]) => session.worker === worker).map(([sessionId]) => sessionId);
  }

  /** Hands on what the media plane says of a session; nothing where it is over. */
  hear(message: SessionMessage): void {
    const events = this.#sessions.get(message.sessionId)?.events;
    switch (message.type) {
      case 'session.offer':
        events?.offer(message.offer, message.subprotocols);
        return;
      case 'session.candidate':
        events?.candidate(message.candidate);
        return;
      case 'session.candidate_refused':
        events?.candidateRefused(message.reason);
        return;
      case 'session.notice':
        events?.notice(message.reason);
        return;
      case 'session.state':
        if (message.state === 'closed') {
          this.#sessions.delete(message.sessionId);
          this.#places.free(message.sessionId);
        }
        events?.state(message.state, message.reason);
        return;
    }
  }
}
