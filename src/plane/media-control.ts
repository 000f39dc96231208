import type { Clock } from '../base/clock.ts';
import { GatewayError, type Reason } from '../base/errors.ts';
import type { IceCandidate, IceServer } from '../base/ice.ts';
import type { Logger } from '../base/log.ts';
import type { TranscoderCosts } from '../base/transcoders.ts';
import { GivenTurns } from './dial-turns.ts';
import { IceServerWarnings } from './ice-server-warnings.ts';
import type {
  CameraCost,
  CameraSource,
  ControlMessage,
  Keyframe,
  MediaMessage,
  MediaSettings,
  MediaStats,
  StreamMedia,
  StreamState,
  WorkerStats,
} from './messages.ts';
import { MetadataListeners, type OnMetadataListener } from './metadata-listeners.ts';
import { OpenSessions, type MediaSessionEvents } from './open-sessions.ts';
import { PendingRequests } from './pending-requests.ts';
import { planeHere, type StartPlane } from './plane-thread.ts';
import { RunningPulls } from './running-pulls.ts';
import { WorkerPool } from './worker-pool.ts';
import { WorkerProcesses } from './worker-processes.ts';
import { tooFewPorts, workerShares } from './worker-shares.ts';
import { planeInWorker } from './worker-thread.ts';

export type { MediaSessionEvents };

/** A session as the control plane holds it. */
export interface MediaSession {
  answer(answer: string, subprotocols: string[]): void;
  addCandidate(candidate: IceCandidate): void;
  /** The viewer did not take the offer. */
  refused(reason: Reason): void;
  close(reason: Reason): void;
}

export interface KeyframeAnswer {
  keyframe?: Keyframe;
  reason?: Reason;
}

export interface MediaControlOptions {
  settings: MediaSettings;
  /** Threads for the media plane, each with cameras of its own, started as cameras come; 0: it runs in this thread, with `clock`. */
  workers: number;
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
  /** A session begins or ceases to listen to documents made of its camera's events. */
  onMetadataListener?: OnMetadataListener;
  /** Another way to start a media plane, for tests. */
  startPlane?: StartPlane;
}

/** TEARDOWN takes a second at most. */
const CLOSE_TIMEOUT_MS = 1500;
/** A worker that is busier than this is shown as it was before. */
const STATS_TIMEOUT_MS = 1000;
/** A camera that has to be connected first takes some seconds. */
const KEYFRAME_TIMEOUT_MS = 15_000;
const NO_STATS: MediaStats = { streams: [], sessions: [], talks: [], ended: [] };

const WORKER_DIED: Reason = { code: 'session.worker_died', message: 'The part of the gateway that served the session failed.' };
const RESTARTING: Reason = {
  code: 'session.worker_died',
  message: 'The part of the gateway that serves the camera failed, and is being started again.',
};

/** The control side's way to the media plane: to each camera's worker, and back. */
export class MediaControl {
  readonly #options: MediaControlOptions;
  readonly #pool: WorkerPool;
  readonly #processes: WorkerProcesses;
  readonly #sessions: OpenSessions;
  readonly #pulls = new RunningPulls();
  readonly #turns = new GivenTurns((worker, message) => this.#pool.post(worker, message));
  readonly #statsRequests = new PendingRequests<MediaStats>();
  readonly #snapshotRequests = new PendingRequests<KeyframeAnswer>();
  /** Of which camera keyframes are asked for. */
  readonly #snapshots = new Set<{ cameraId: string }>();
  readonly #listeners: MetadataListeners;
  /** What each worker said last. */
  readonly #stats = new Map<number, MediaStats>();
  readonly #iceServerWarnings: IceServerWarnings;
  readonly #closed = new Map<number, () => void>();
  #closing: Promise<void> | undefined;

  constructor(options: MediaControlOptions) {
    this.#options = options;
    const { settings, workers, clock, logger } = options;
    this.#sessions = new OpenSessions(settings);
    this.#iceServerWarnings = new IceServerWarnings(logger);
    this.#listeners = new MetadataListeners((...listener) => options.onMetadataListener?.(...listener));
    const shares = workerShares(settings, Math.max(1, workers));
    if (shares.length < workers) logger.warn(tooFewPorts(settings, workers, shares.length));
    this.#processes = new WorkerProcesses({
      logger,
      onFailed: (worker, transcoderId, reason) => this.#pool.post(worker, { type: 'transcoder.failed', transcoderId, reason }),
    });
    this.#pool = new WorkerPool({
      shares,
      start: options.startPlane ?? (workers === 0 ? planeHere(clock, logger) : planeInWorker(logger)),
      onMessage: (worker, message) => this.#handle(worker, message),
      onDied: (worker) => this.#bury(worker),
      isIdle: (cameraId) => this.#isIdle(cameraId),
      logger,
    });
  }

  /** Of the workers that there may be. */
  get workers(): WorkerStats[] {
    return this.#pool.stats;
  }

  /** What each camera costs that was watched, as a share of a core. */
  get cameraCosts(): CameraCost[] {
    return this.#pool.costs;
  }

  setCamera(camera: CameraSource): void {
    this.#pool.setCamera(camera);
  }

  removeCamera(cameraId: string): void {
    this.#pool.removeCamera(cameraId);
  }

  /**
   * Opens a session at once; its offer follows.
   *
   * @throws GatewayError `session.limit` when the gateway or the camera has as many as it may; `session.worker_died` while the worker of the
   * camera is being started again
   */
  openSession(
    session: { id: string; cameraId: string; profile?: string; iceServers: IceServer[] },
    events: MediaSessionEvents,
  ): MediaSession {
    const { id: sessionId, cameraId, profile, iceServers } = session;
    const worker = this.#pool.workerOf(cameraId);
    if (worker === undefined) return noSession(events);
    if (!this.#pool.isRunning(worker)) throw new GatewayError(RESTARTING.code, RESTARTING.message);
    this.#sessions.add(sessionId, cameraId, worker, events);
    const post = (message: ControlMessage): void => {
      // Where the session is over, another one may run in its worker's place.
      if (this.#sessions.has(sessionId)) this.#pool.post(worker, message);
    };
    post({ type: 'session.open', sessionId, cameraId, ...(profile === undefined ? {} : { profile }), iceServers });
    return {
      answer: (answer, subprotocols) => post({ type: 'session.answer', sessionId, answer, subprotocols }),
      addCandidate: (candidate) => post({ type: 'session.candidate', sessionId, candidate }),
      refused: (reason) => post({ type: 'session.refused', sessionId, reason }),
      close: (reason) => {
        this.#sessions.free(sessionId);
        post({ type: 'session.close', sessionId, reason });
      },
    };
  }

  /** Hands a document made of its events to the viewers of a camera who listen, or to the one session that is named. */
  sendDocument(cameraId: string, document: string, sessionId?: string): void {
    const worker = this.#pool.workerOf(cameraId);
    const to = sessionId === undefined ? {} : { sessionId };
    if (worker !== undefined) this.#pool.post(worker, { type: 'metadata.document', cameraId, document, ...to });
  }

  /**
   * A keyframe of a camera, or why there is none.
   *
   * @param wanted `profile`: absent: any. `pull`: it is pulled for that, which takes some seconds; else only one that a stream keeps will do
   */
  async keyframe(cameraId: string, wanted: { profile?: string; pull: boolean }): Promise<KeyframeAnswer> {
    const worker = this.#pool.workerOf(cameraId);
    if (worker === undefined || this.#closing !== undefined) return {};
    if (!this.#pool.isRunning(worker)) return { reason: RESTARTING };
    const pending = { cameraId };
    this.#snapshots.add(pending);
    const answer = await this.#snapshotRequests.ask(worker, KEYFRAME_TIMEOUT_MS, (requestId) =>
      this.#pool.post(worker, { type: 'snapshot.request', requestId, cameraId, ...wanted }),
    );
    this.#snapshots.delete(pending);
    if (answer !== undefined) return answer;
    return this.#pool.isRunning(worker) ? {} : { reason: RESTARTING };
  }

  /** What the processes that convert sound and pictures have cost, by kind. */
  get transcoderCosts(): TranscoderCosts[] {
    return this.#processes.costs;
  }

  /** Counters of all streams and sessions; empty once the plane is closed. */
  async stats(): Promise<MediaStats> {
    if (this.#closing !== undefined) return NO_STATS;
    const all = await Promise.all(this.#pool.running.map((worker) => this.#statsOf(worker)));
    return {
      streams: all.flatMap(({ streams }) => streams),
      sessions: all.flatMap(({ sessions }) => sessions),
      talks: all.flatMap(({ talks }) => talks),
      ended: all.flatMap(({ ended }) => ended),
    };
  }

  /** Ends all sessions and pulls; takes a second and a half at most, and one more where an ffmpeg does not end. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#pool.retire();
    const closed = this.#pool.running.map((worker) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#closed.set(worker, resolve);
      this.#pool.post(worker, { type: 'close' });
      return promise;
    });
    const timeout = setTimeout(() => this.#closed.forEach((resolve) => resolve()), CLOSE_TIMEOUT_MS);
    await Promise.all(closed);
    clearTimeout(timeout);
    await this.#processes.close();
    this.#statsRequests.giveUp();
    this.#snapshotRequests.giveUp();
    await this.#pool.close();
  }

  /** Its worker has nothing under way for it; who talks has a session. */
  #isIdle(cameraId: string): boolean {
    const isAsked = [...this.#snapshots].some((pending) => pending.cameraId === cameraId);
    return !isAsked && !this.#sessions.hasOf(cameraId) && !this.#pulls.hasOf(cameraId);
  }

  async #statsOf(worker: number): Promise<MediaStats> {
    const said = await this.#statsRequests.ask(worker, STATS_TIMEOUT_MS, (requestId) =>
      this.#pool.post(worker, { type: 'stats.request', requestId }),
    );
    for (const conversion of said?.streams.flatMap(({ conversions }) => conversions) ?? []) {
      const { transcoderId } = conversion;
      conversion.cpu = transcoderId === null ? null : (this.#processes.shareOf(worker, transcoderId) ?? null);
    }
    if (said !== undefined) this.#stats.set(worker, said);
    return this.#stats.get(worker) ?? NO_STATS;
  }

  /** Says in the place of a worker that died what it can say no more, and clears away what it left behind. */
  #bury(worker: number): void {
    this.#closed.get(worker)?.();
    this.#turns.forget(worker);
    this.#processes.end(worker);
    this.#stats.delete(worker);
    this.#statsRequests.giveUp(worker);
    this.#snapshotRequests.giveUp(worker);
    for (const sessionId of this.#sessions.of(worker))
      this.#handle(worker, { type: 'session.state', sessionId, state: 'closed', reason: WORKER_DIED });
    for (const pull of this.#pulls.of(worker)) this.#handle(worker, { type: 'stream.state', ...pull, state: 'idle' });
  }

  #handle(worker: number, message: MediaMessage): void {
    switch (message.type) {
      case 'session.offer':
      case 'session.candidate':
      case 'session.candidate_refused':
      case 'session.notice':
      case 'session.state':
        if (message.type === 'session.state' && message.state === 'closed') this.#listeners.ended(message.sessionId);
        this.#sessions.hear(message);
        return;
      case 'transcoder.start':
      case 'transcoder.stop':
        this.#processes.hear(worker, message);
        return;
      case 'stream.state':
        this.#pulls.note(worker, message, message.state !== 'idle');
        this.#options.onStreamState(message.cameraId, message.profile, message.state, message.reason, message.media);
        return;
      case 'keyframe.wanted':
        this.#options.onKeyframeWanted(message.cameraId, message.profile);
        return;
      case 'metadata.listener':
        this.#listeners.note(message);
        return;
      case 'snapshot':
        this.#snapshotRequests.answer(message.requestId, message);
        return;
      case 'turn.wanted':
      case 'turn.done':
        this.#turns.hear(worker, message);
        return;
      case 'ice_servers.unusable':
        this.#iceServerWarnings.say(message.servers);
        return;
      case 'stats':
        this.#statsRequests.answer(message.requestId, message.stats);
        return;
      case 'closed':
        this.#closed.get(worker)?.();
        return;
    }
  }
}

/** As one of a camera that went just now. */
function noSession(events: MediaSessionEvents): MediaSession {
  queueMicrotask(() => events.state('closed', { code: 'camera.profile_gone', message: 'The camera has no profile to show.' }));
  const ignore = (): void => undefined;
  return { answer: ignore, addCandidate: ignore, refused: ignore, close: ignore };
}
