import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';
import { DialStagger } from '../base/dial-stagger.ts';
import { reasonOf, type Reason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { printable } from '../base/printable.ts';
import { Session } from '../peer/session.ts';
import { EndedSessions } from './ended-sessions.ts';
import type { CameraSource, ControlMessage, MediaMessage, MediaSettings, ProfileSource, SessionState } from './messages.ts';
import { PulledProfile } from './pulled-profile.ts';

export interface MediaPlaneOptions {
  port: MessagePort;
  settings: MediaSettings;
  clock: Clock;
  logger: Logger;
}

/** Between pulls from one address, milliseconds: an NVR with many inputs stands there, and sets up one stream at a time. */
const SAME_CAMERA_MS = 100;

interface MediaCamera {
  source: CameraSource;
  /** By token; only those that were watched once. */
  profiles: Map<string, PulledProfile>;
  /** Token of the profile that is pulled without viewers too. */
  kept?: string;
}

/** The media side: cameras, their pulls and their viewers' sessions, driven by messages from the control plane only. */
export class MediaPlane {
  readonly #options: MediaPlaneOptions;
  readonly #cameras = new Map<string, MediaCamera>();
  readonly #sessions = new Map<string, { session: Session; cameraId: string }>();
  readonly #ended = new EndedSessions();
  readonly #pulls = new DialStagger({ sameAddressMs: SAME_CAMERA_MS });
  /** Pulls that are being let go. */
  readonly #closing = new Set<Promise<void>>();

  constructor(options: MediaPlaneOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.port.on('message', (message: ControlMessage) => this.#handle(message));
  }

  #handle(message: ControlMessage): void {
    switch (message.type) {
      case 'camera.set':
        this.#setCamera(message.camera);
        return;
      case 'camera.remove':
        this.#removeCamera(message.cameraId);
        return;
      case 'session.open':
        this.#openSession(message);
        return;
      case 'session.answer':
        this.#run(this.#sessions.get(message.sessionId)?.session.answer(message.answer, message.subprotocols));
        return;
      case 'session.candidate':
        this.#addCandidate(message);
        return;
      case 'session.close':
        this.#sessions.get(message.sessionId)?.session.close(message.reason);
        return;
      case 'stats.request':
        this.#post({ type: 'stats', requestId: message.requestId, stats: this.#stats() });
        return;
      case 'close':
        this.#run(this.#close());
        return;
    }
  }

  #setCamera(source: CameraSource): void {
    const camera: MediaCamera = this.#cameras.get(source.id) ?? { source, profiles: new Map() };
    this.#cameras.set(source.id, camera);
    camera.source = source;
    for (const [token, pulled] of camera.profiles) {
      const profile = source.profiles.find((each) => each.token === token);
      if (profile === undefined) this.#dropProfile(camera, token);
      else this.#run(pulled.update(source, profile));
    }
    if (this.#options.settings.pull === 'always') this.#keepPulled(camera);
  }

  #keepPulled(camera: MediaCamera): void {
    const [first] = camera.source.profiles;
    if (first === undefined || first.token === camera.kept) return;
    if (camera.kept !== undefined) camera.profiles.get(camera.kept)?.release();
    camera.kept = first.token;
    this.#pulledProfile(camera, first).retain();
  }

  #removeCamera(cameraId: string): void {
    const camera = this.#cameras.get(cameraId);
    this.#cameras.delete(cameraId);
    for (const { session, cameraId: of } of this.#sessions.values()) {
      if (of === cameraId) session.close({ code: 'camera.removed', message: 'The camera was taken out of the configuration.' });
    }
    for (const token of [...(camera?.profiles.keys() ?? [])]) if (camera !== undefined) this.#dropProfile(camera, token);
  }

  #dropProfile(camera: MediaCamera, token: string): void {
    const pulled = camera.profiles.get(token);
    camera.profiles.delete(token);
    if (camera.kept === token) delete camera.kept;
    for (const { session, cameraId } of this.#sessions.values()) {
      if (cameraId === camera.source.id && session.profile === token) {
        session.close({ code: 'camera.profile_gone', message: `The camera has no profile ${printable(token)} any more.` });
      }
    }
    if (pulled === undefined) return;
    const closing = pulled.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    this.#run(closing);
  }

  #openSession({ sessionId, cameraId, profile: token, iceServers }: ControlMessage & { type: 'session.open' }): void {
    const refuse = (reason: Reason): void => this.#post({ type: 'session.state', sessionId, state: 'closed', reason });
    const camera = this.#cameras.get(cameraId);
    const profile = camera?.source.profiles.find((each) => token === undefined || each.token === token);
    if (camera === undefined || profile === undefined)
      return refuse({ code: 'camera.profile_gone', message: `The camera has no profile ${printable(token ?? 'to show')}.` });
    if (this.#sessions.size >= this.#options.settings.maxSessions)
      return refuse({ code: 'session.limit', message: 'The gateway serves as many viewers as it may.' });
    const pulled = this.#pulledProfile(camera, profile);
    if (pulled.unplayable !== undefined) return refuse(pulled.unplayable);
    const session = new Session({
      id: sessionId,
      cameraId,
      profile: profile.token,
      watched: pulled,
      ice: this.#options.settings.ice,
      iceServers,
      clock: this.#options.clock,
      events: {
        offer: (offer, subprotocols) => this.#post({ type: 'session.offer', sessionId, offer, subprotocols }),
        candidate: (candidate) => this.#post({ type: 'session.candidate', sessionId, candidate }),
        state: (state, reason) => this.#onSessionState(sessionId, pulled, state, reason),
      },
    });
    this.#sessions.set(sessionId, { session, cameraId });
    pulled.retain();
    this.#run(session.start());
  }

  #onSessionState(sessionId: string, pulled: PulledProfile, state: SessionState, reason: Reason | undefined): void {
    const ended = this.#sessions.get(sessionId);
    if (state === 'closed' && ended !== undefined) {
      this.#sessions.delete(sessionId);
      this.#ended.add(ended.session.stats());
      pulled.release();
    }
    this.#post({ type: 'session.state', sessionId, state, ...(reason === undefined ? {} : { reason }) });
  }

  #pulledProfile(camera: MediaCamera, profile: ProfileSource): PulledProfile {
    const { token } = profile;
    const existing = camera.profiles.get(token);
    if (existing !== undefined) return existing;
    const { settings, clock, logger } = this.#options;
    const cameraId = camera.source.id;
    const pulled = new PulledProfile({
      camera: camera.source,
      profile,
      lingerMs: settings.lingerMs,
      keyframeCacheBytes: settings.keyframeCacheBytes,
      turn: this.#pulls.turn,
      clock,
      logger: logger.child({ camera: cameraId, profile: token }),
      onState: (state, reason, media) => {
        const extra = { ...(reason === undefined ? {} : { reason }), ...(media === undefined ? {} : { media }) };
        this.#post({ type: 'stream.state', cameraId, profile: token, state, ...extra });
        if (pulled.unplayable !== undefined) this.#closeSessionsOf(cameraId, token, pulled.unplayable);
      },
      onKeyframeWanted: () => this.#post({ type: 'keyframe.wanted', cameraId, profile: token }),
    });
    camera.profiles.set(token, pulled);
    return pulled;
  }

  /** Viewers of what can never be shown are told so, instead of being left to wait. */
  #closeSessionsOf(cameraId: string, token: string, reason: Reason): void {
    for (const { session, cameraId: of } of this.#sessions.values())
      if (of === cameraId && session.profile === token) session.close(reason);
  }

  #addCandidate({ sessionId, candidate }: ControlMessage & { type: 'session.candidate' }): void {
    const adding = this.#sessions.get(sessionId)?.session.addCandidate(candidate);
    adding?.catch((error: unknown) => {
      const reason = reasonOf(error);
      this.#options.logger.debug({ session: sessionId, reason }, 'candidate refused');
      this.#post({ type: 'session.candidate_refused', sessionId, reason });
    });
  }

  #stats(): Extract<MediaMessage, { type: 'stats' }>['stats'] {
    return {
      streams: [...this.#cameras.values()].flatMap(({ profiles }) => [...profiles.values()].map((pulled) => pulled.stats())),
      sessions: [...this.#sessions.values()].map(({ session }) => session.stats()),
      ended: this.#ended.sums,
    };
  }

  async #close(): Promise<void> {
    for (const { session } of this.#sessions.values())
      session.close({ code: 'gateway.closing', message: 'The gateway is shutting down.' });
    for (const cameraId of [...this.#cameras.keys()]) this.#removeCamera(cameraId);
    // Cameras that were removed before may still be saying goodbye.
    await Promise.allSettled([...this.#closing]);
    this.#post({ type: 'closed' });
    this.#options.port.close();
  }

  #post(message: MediaMessage): void {
    this.#options.port.postMessage(message);
  }

  #run(work: Promise<void> | undefined): void {
    work?.catch((error: unknown) => this.#options.logger.error({ err: error }, 'the media plane failed at a message'));
  }
}
