import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';
import type { Reason } from '../base/errors.ts';
import type { IceCandidate, IceServer } from '../base/ice.ts';
import type { Logger } from '../base/log.ts';
import { MediaPlane } from './media-plane.ts';
import type {
  CameraSource,
  ControlMessage,
  MediaMessage,
  MediaSettings,
  MediaStats,
  SessionState,
  StreamMedia,
  StreamState,
} from './messages.ts';

/** What a session's opener hears of it. */
export interface MediaSessionEvents {
  offer(offer: string, subprotocols: string[]): void;
  candidate(candidate: IceCandidate): void;
  candidateRefused(reason: Reason): void;
  state(state: SessionState, reason: Reason | undefined): void;
}

/** A session as the control plane holds it. */
export interface MediaSession {
  answer(answer: string, subprotocols: string[]): void;
  addCandidate(candidate: IceCandidate): void;
  close(reason: Reason): void;
}

export interface MediaControlOptions {
  settings: MediaSettings;
  clock: Clock;
  logger: Logger;
  onStreamState: (
    cameraId: string,
    profile: string,
    state: StreamState,
    reason: Reason | undefined,
    media: StreamMedia | undefined,
  ) => void;
  onKeyframeWanted: (cameraId: string, profile: string) => void;
}

/** TEARDOWN takes a second at most. */
const CLOSE_TIMEOUT_MS = 1500;
const NO_STATS: MediaStats = { streams: [], sessions: [], ended: [] };

/** The control side's way to the media plane, which runs in this thread behind a message channel of its own. */
export class MediaControl {
  readonly #options: MediaControlOptions;
  readonly #port: MessagePort;
  readonly #plane: MediaPlane;
  readonly #sessions = new Map<string, MediaSessionEvents>();
  readonly #statsRequests = new Map<number, (stats: MediaStats) => void>();
  readonly #closed = Promise.withResolvers<void>();
  #nextRequest = 0;
  #closing: Promise<void> | undefined;

  constructor(options: MediaControlOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#plane = new MediaPlane({ port: port2, settings: options.settings, clock: options.clock, logger: options.logger });
  }

  start(): void {
    this.#port.on('message', (message: MediaMessage) => this.#handle(message));
    this.#plane.start();
  }

  setCamera(camera: CameraSource): void {
    this.#post({ type: 'camera.set', camera });
  }

  removeCamera(cameraId: string): void {
    this.#post({ type: 'camera.remove', cameraId });
  }

  openSession(
    session: { id: string; cameraId: string; profile?: string; iceServers: IceServer[] },
    events: MediaSessionEvents,
  ): MediaSession {
    const { id: sessionId, cameraId, profile, iceServers } = session;
    this.#sessions.set(sessionId, events);
    this.#post({ type: 'session.open', sessionId, cameraId, ...(profile === undefined ? {} : { profile }), iceServers });
    return {
      answer: (answer, subprotocols) => this.#post({ type: 'session.answer', sessionId, answer, subprotocols }),
      addCandidate: (candidate) => this.#post({ type: 'session.candidate', sessionId, candidate }),
      close: (reason) => this.#post({ type: 'session.close', sessionId, reason }),
    };
  }

  /** Counters of all streams and sessions; empty once the plane is closed. */
  stats(): Promise<MediaStats> {
    if (this.#closing !== undefined) return Promise.resolve(NO_STATS);
    const requestId = this.#nextRequest++;
    const answered = new Promise<MediaStats>((resolve) => this.#statsRequests.set(requestId, resolve));
    this.#post({ type: 'stats.request', requestId });
    return answered;
  }

  /** Ends all sessions and pulls; takes a second and a half at most. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#post({ type: 'close' });
    const timeout = setTimeout(() => this.#closed.resolve(), CLOSE_TIMEOUT_MS);
    await this.#closed.promise;
    clearTimeout(timeout);
    for (const resolve of this.#statsRequests.values()) resolve(NO_STATS);
    this.#port.close();
  }

  #post(message: ControlMessage): void {
    this.#port.postMessage(message);
  }

  #handle(message: MediaMessage): void {
    switch (message.type) {
      case 'session.offer':
        this.#sessions.get(message.sessionId)?.offer(message.offer, message.subprotocols);
        return;
      case 'session.candidate':
        this.#sessions.get(message.sessionId)?.candidate(message.candidate);
        return;
      case 'session.candidate_refused':
        this.#sessions.get(message.sessionId)?.candidateRefused(message.reason);
        return;
      case 'session.state': {
        const events = this.#sessions.get(message.sessionId);
        if (message.state === 'closed') this.#sessions.delete(message.sessionId);
        events?.state(message.state, message.reason);
        return;
      }
      case 'stream.state':
        this.#options.onStreamState(message.cameraId, message.profile, message.state, message.reason, message.media);
        return;
      case 'keyframe.wanted':
        this.#options.onKeyframeWanted(message.cameraId, message.profile);
        return;
      case 'stats':
        this.#statsRequests.get(message.requestId)?.(message.stats);
        this.#statsRequests.delete(message.requestId);
        return;
      case 'closed':
        this.#closed.resolve();
        return;
    }
  }
}
