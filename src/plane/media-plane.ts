import type { MessagePort } from 'node:worker_threads';
import type { Clock } from '../base/clock.ts';
import { describeReason, reasonOf, type Reason } from '../base/errors.ts';
import type { IceServer } from '../base/ice.ts';
import type { Logger } from '../base/log.ts';
import { printable } from '../base/printable.ts';
import type { TranscodeMode } from '../base/transcode-mode.ts';
import { iceServersFor } from '../base/turn-credentials.ts';
import { isSpoken } from '../media/talk/talk-receiver.ts';
import { accessOf } from './camera-access.ts';
import { AskedTurns } from './dial-turns.ts';
import { EndedSessions } from './ended-sessions.ts';
import { KeyframeSnapshots } from './keyframe-snapshots.ts';
import { newMediaCamera, type MediaCamera } from './media-camera.ts';
import type {
  CameraSource,
  ControlMessage,
  MediaMessage,
  MediaSettings,
  ProfileSource,
  SessionState,
  StreamState,
} from './messages.ts';
import { PulledProfile } from './pulled-profile.ts';
import { CameraTalk } from './talk/camera-talk.ts';
import { Transcoders } from './transcoders.ts';
import { eventListener } from './viewer-documents.ts';
import { ViewerSession } from './viewer-session.ts';

export interface MediaPlaneOptions {
  port: MessagePort;
  settings: MediaSettings;
  clock: Clock;
  logger: Logger;
}

/** A camera that restarts, or has moved its streams, mostly gives its picture by then. */
const UNSEEN_MS = 10_000;

/** How often it is looked what viewers' paths carry. */
const LOOK_MS = 100;

/** The media side: cameras, their pulls and their viewers' sessions, driven by messages from the control plane only. */
export class MediaPlane {
  readonly #options: MediaPlaneOptions;
  readonly #cameras = new Map<string, MediaCamera>();
  readonly #sessions = new Map<string, ViewerSession>();
  readonly #ended = new EndedSessions();
  readonly #transcoders = new Transcoders((message) => this.#post(message));
  readonly #pulls = new AskedTurns((message) => this.#post(message));
  /** Cameras that are being let go, and viewers to whom goodbye is being said. */
  readonly #closing = new Set<Promise<void>>();
  readonly #snapshots: KeyframeSnapshots;
  #lookTimer: NodeJS.Timeout | undefined;

  constructor(options: MediaPlaneOptions) {
    this.#options = options;
    this.#snapshots = new KeyframeSnapshots(options.clock);
  }

  start(): void {
    this.#options.port.on('message', (message: ControlMessage) => this.#handle(message));
    this.#lookTimer = setInterval(() => {
      for (const viewer of this.#sessions.values()) viewer.adapt();
    }, LOOK_MS);
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
      case 'session.refused':
        this.#sessions.get(message.sessionId)?.session.refused(message.reason);
        return;
      case 'session.close':
        this.#sessions.get(message.sessionId)?.session.close(message.reason);
        return;
      case 'transcoder.failed':
        this.#transcoders.failed(message.transcoderId, message.reason);
        return;
      case 'turn.given':
        this.#pulls.given(message.turnId);
        return;
      case 'metadata.document':
        this.#cameras.get(message.cameraId)?.events.take(message.document, message.sessionId);
        return;
      case 'snapshot.request':
        this.#run(this.#takeSnapshot(message));
        return;
      case 'stats.request':
        this.#post({ type: 'stats', requestId: message.requestId, stats: this.stats() });
        return;
      case 'close':
        this.#run(this.#close());
        return;
    }
  }

  #setCamera(source: CameraSource): void {
    const { settings, logger } = this.#options;
    const camera = this.#cameras.get(source.id) ?? newMediaCamera(source, settings, logger, (message) => this.#post(message));
    this.#cameras.set(source.id, camera);
    camera.source = source;
    for (const [token, pulled] of camera.profiles) {
      const profile = source.profiles.find((each) => each.token === token);
      if (profile === undefined) this.#dropProfile(camera, token);
      else this.#run(pulled.update(source, profile));
    }
    camera.events.review();
    camera.ladder.review();
    this.#reviewSessionsOf(source.id);
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
    this.#letGo(camera?.talk?.close());
    for (const token of [...(camera?.profiles.keys() ?? [])]) if (camera !== undefined) this.#dropProfile(camera, token);
  }

  #dropProfile(camera: MediaCamera, token: string): void {
    const pulled = camera.profiles.get(token);
    camera.profiles.delete(token);
    if (camera.kept === token) delete camera.kept;
    for (const { session, requested, cameraId } of this.#sessions.values()) {
      if (cameraId === camera.source.id && requested === token) {
        session.close({ code: 'camera.profile_gone', message: `The camera has no profile ${printable(token)} any more.` });
      }
    }
    this.#letGo(pulled?.close());
  }

  #letGo(work: Promise<void> | undefined): void {
    if (work === undefined) return;
    const closing = work.finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    this.#run(closing);
  }

  #openSession({ sessionId, cameraId, profile: token, iceServers }: ControlMessage & { type: 'session.open' }): void {
    const refuse = (reason: Reason): void => this.#post({ type: 'session.state', sessionId, state: 'closed', reason });
    const camera = this.#cameras.get(cameraId);
    const profile = camera?.source.profiles.find((each) => token === undefined || each.token === token);
    if (camera === undefined || profile === undefined)
      return refuse({ code: 'camera.profile_gone', message: `The camera has no profile ${printable(token ?? 'to show')}.` });
    const transcode = (): TranscodeMode => camera.source.transcode ?? this.#options.settings.transcode;
    const reason = ViewerSession.refusal({ camera, requested: profile, transcode });
    if (reason !== undefined) return refuse(reason);
    const viewer = new ViewerSession({
      id: sessionId,
      cameraId,
      camera,
      requested: profile,
      pulled: (each) => this.#pulledProfile(camera, each),
      transcode,
      logger: this.#options.logger.child({ camera: cameraId, session: sessionId }),
      ice: this.#options.settings.ice,
      iceServers: this.#iceServers(sessionId, iceServers),
      clock: this.#options.clock,
      pacing: this.#options.settings.pacing,
      holdsBack: camera.ladder.policy.adaptive,
      onTalk: (rtp, codec, level) => {
        if (!isSpoken(codec)) return;
        const refuse = (reason: Reason): void => this.#post({ type: 'session.notice', sessionId, reason });
        const uri = camera.source.profiles.find((each) => each.token === profile.token)?.uri ?? profile.uri;
        this.#talkOf(camera).hear({ sessionId, uri, refuse }, { rtp, codec, level });
      },
      events: {
        offer: (offer, subprotocols) => this.#post({ type: 'session.offer', sessionId, offer, subprotocols }),
        candidate: (candidate) => this.#post({ type: 'session.candidate', sessionId, candidate }),
        state: (state, why) => this.#onSessionState(sessionId, state, why),
        metadata: () => camera.events.join(sessionId, eventListener(viewer)),
        slow: (reason) => this.#options.logger.warn({ camera: cameraId, session: sessionId, reason }, describeReason(reason)),
        watched: () => camera.events.review(),
      },
    });
    this.#sessions.set(sessionId, viewer);
    const { unusableIceServers } = viewer.session;
    if (unusableIceServers.length > 0) this.#post({ type: 'ice_servers.unusable', servers: [...unusableIceServers] });
    this.#run(viewer.start());
  }

  /** Those of the config first, with credentials of this session. */
  #iceServers(sessionId: string, given: readonly IceServer[]): IceServer[] {
    const { settings, clock } = this.#options;
    return [...iceServersFor(settings.ice.iceServers, sessionId, clock.now() / 1000), ...given];
  }

  #onSessionState(sessionId: string, state: SessionState, reason: Reason | undefined): void {
    const ended = this.#sessions.get(sessionId);
    if (state === 'closed' && ended !== undefined) {
      this.#sessions.delete(sessionId);
      const camera = this.#cameras.get(ended.cameraId);
      camera?.talk?.leave(sessionId);
      camera?.events.leave(sessionId);
      this.#ended.add(ended.stats());
      this.#letGo(ended.session.goodbye);
    }
    this.#post({ type: 'session.state', sessionId, state, ...(reason === undefined ? {} : { reason }) });
  }

  #talkOf(camera: MediaCamera): CameraTalk {
    const { clock, logger } = this.#options;
    const { id: cameraId } = camera.source;
    camera.talk ??= new CameraTalk({
      cameraId,
      access: () => accessOf(camera.source),
      startTranscoder: this.#transcoders.start,
      clock,
      logger: logger.child({ camera: cameraId }),
    });
    return camera.talk;
  }

  #pulledProfile(camera: MediaCamera, profile: ProfileSource): PulledProfile {
    const { token } = profile;
    const existing = camera.profiles.get(token);
    if (existing !== undefined) return existing;
    const { settings, clock, logger } = this.#options;
    const cameraId = camera.source.id;
    let before: StreamState = 'idle';
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
        camera.events.review();
        this.#snapshots.onState(pulled, state, reason);
        if (state === 'playing') camera.ladder.plays(pulled, performance.now());
        if (state === 'failed' && reason !== undefined) {
          // One that breaks off was served; whether it still is, the next attempt shows.
          if (before !== 'playing') camera.ladder.failed(pulled, reason, performance.now());
          this.#closeUnseenOf(pulled, reason);
        }
        for (const viewer of this.#sessions.values()) if (viewer.watched === pulled) viewer.lookAtPictures();
        before = state;
      },
      onKnown: () => this.#reviewSessionsOf(cameraId),
      transcode: settings.transcode,
      keyframePace: camera.keyframePace,
      onKeyframeWanted: () => this.#post({ type: 'keyframe.wanted', cameraId, profile: token }),
      startTranscoder: this.#transcoders.start,
    });
    camera.profiles.set(token, pulled);
    return pulled;
  }

  /** A viewer that has waited for its first picture is told why there is none; one that has seen the camera waits for it to come back. */
  #closeUnseenOf(pulled: PulledProfile, reason: Reason): void {
    const now = this.#options.clock.now();
    for (const viewer of this.#sessions.values()) {
      viewer.failed(pulled);
      if (viewer.watched !== pulled) continue;
      const { firstPacketMs, openedAt } = viewer.session.stats();
      if (firstPacketMs === null && now - openedAt >= UNSEEN_MS) viewer.session.close(reason);
    }
  }

  /** Which of its profiles a viewer of the camera is shown, and whether any can be, may be another than before. */
  #reviewSessionsOf(cameraId: string): void {
    for (const viewer of this.#sessions.values()) if (viewer.cameraId === cameraId) viewer.review();
  }

  #addCandidate({ sessionId, candidate }: ControlMessage & { type: 'session.candidate' }): void {
    const adding = this.#sessions.get(sessionId)?.session.addCandidate(candidate);
    adding?.catch((error: unknown) => {
      const reason = reasonOf(error);
      this.#options.logger.debug({ session: sessionId, reason }, 'candidate refused');
      this.#post({ type: 'session.candidate_refused', sessionId, reason });
    });
  }

  async #takeSnapshot(message: ControlMessage & { type: 'snapshot.request' }): Promise<void> {
    const { requestId, cameraId, profile: token, pull } = message;
    const camera = this.#cameras.get(cameraId);
    const asked = camera?.source.profiles.filter((profile) => token === undefined || profile.token === token) ?? [];
    const pulled = asked.flatMap((profile) => camera?.profiles.get(profile.token) ?? []);
    const [first] = asked;
    // Of what is at hand the one that has a picture; else the one that a viewer would get.
    const at = pulled.find(({ stream }) => stream.hasKeyframe) ?? (pull && camera && first && this.#pulledProfile(camera, first));
    this.#post({ type: 'snapshot', requestId, ...(at && (await this.#snapshots.take(at))) });
  }

  stats(): Extract<MediaMessage, { type: 'stats' }>['stats'] {
    return {
      streams: [...this.#cameras.values()].flatMap(({ profiles }) => [...profiles.values()].map((pulled) => pulled.stats())),
      sessions: [...this.#sessions].map(([id, viewer]) => {
        return { ...viewer.stats(), talking: this.#cameras.get(viewer.cameraId)?.talk?.talking === id };
      }),
      talks: [...this.#cameras.values()].flatMap(({ talk }) => (talk === undefined ? [] : [talk.stats()])),
      ended: this.#ended.sums,
    };
  }

  async #close(): Promise<void> {
    clearInterval(this.#lookTimer);
    for (const { session } of this.#sessions.values())
      session.close({ code: 'gateway.closing', message: 'The gateway is shutting down.' });
    for (const cameraId of [...this.#cameras.keys()]) this.#removeCamera(cameraId);
    // A worker's thread ends behind this, also where a goodbye of before is still on its way.
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
