import type { Reason } from '../base/errors.ts';
import { connect, type OnvifSession, type PeerConnection, type SessionStatistics } from '../client/index.ts';
import { LossWindow, type RecentLoss } from './loss-window.ts';
import { IDLE, nextPlayback, type Playback, type PlaybackEvent } from './playback.ts';
import { signalingReason } from './signaling-reason.ts';

/** Where one session goes. */
export interface Target {
  /** WebSocket URL. */
  server: string;
  peer: string;
  /** Null: the camera's first. */
  profile: string | null;
  /** The newest: one that ends is replaced while the session goes on. */
  token: () => string | undefined;
}

export interface Statistics extends SessionStatistics {
  /** Of video packets; null while none came. */
  recentLoss: RecentLoss | null;
}

const SAMPLE_MS = 1000;
/** Longer than a camera's slowest usual frame rate (1 fps) with one frame lost. */
const STALL_MS = 2500;
/**
 * A browser calls a connection `disconnected` after about 5 s of silence and `failed` only 10 to 25 s later. After 5 to 8 s the gateway looks for another
 * path by itself (ICE restart), and is given a moment for it.
 */
const LOST_MS = 12_000;

const PATH_LOST: Reason = { code: 'page.path_lost', message: 'The connection to the gateway was lost.' };

export interface PlayerOptions {
  video: HTMLVideoElement;
  /** Where to connect now, asked at each attempt since a camera's peer id changes when it registers anew; or why that is not known. */
  target: () => Target | Reason;
  /** The camera's clock minus this device's, milliseconds; null when not known. */
  cameraClockAheadMs: () => number | null;
  /** Playback or statistics changed. */
  onChange: () => void;
  /** A session begins; null: it is over. */
  onSession: (session: OnvifSession | null) => void;
}

/** Plays one camera into one video element, and connects again when the session is lost. */
export class Player {
  readonly #options: PlayerOptions;
  #playback: Playback = IDLE;
  #statistics: Statistics | null = null;
  #attempt: Attempt | undefined;
  #retryTimer: number | undefined;

  constructor(options: PlayerOptions) {
    this.#options = options;
  }

  get playback(): Playback {
    return this.#playback;
  }

  /** Null before the first report of a session. */
  get statistics(): Statistics | null {
    return this.#statistics;
  }

  get peerConnection(): PeerConnection | null {
    return this.#attempt?.session.peerConnection ?? null;
  }

  /** The session that plays, or is about to; null where there is none. */
  get session(): OnvifSession | null {
    return this.#attempt?.session ?? null;
  }

  /** Plays from the start, in place of what plays now. */
  play(): void {
    this.#dispatch({ type: 'play' });
  }

  stop(): void {
    this.#dispatch({ type: 'stop' });
  }

  /** Ends a wait now: somebody asked, or the camera is back. */
  retry(): void {
    this.#dispatch({ type: 'retry' });
  }

  /** Ends a wait for good: another attempt would be in vain. */
  giveUp(reason: Reason): void {
    this.#dispatch({ type: 'give-up', reason });
  }

  #dispatch(event: PlaybackEvent): void {
    const before = this.#playback;
    this.#playback = nextPlayback(before, event);
    if (this.#playback === before) return;
    clearTimeout(this.#retryTimer);
    const { state } = this.#playback;
    if (state !== 'playing') this.#endAttempt();
    if (state === 'waiting') this.#retryTimer = window.setTimeout(() => this.retry(), this.#playback.retryAt - Date.now());
    if (state === 'connecting') this.#beginAttempt();
    this.#options.onChange();
  }

  #beginAttempt(): void {
    const target = this.#options.target();
    if ('code' in target) {
      queueMicrotask(() => this.#dispatch({ type: 'lost', reason: target, now: Date.now() }));
      return;
    }
    const attempt: Attempt = new Attempt(this.#options, openSession(target), {
      onEvent: (event) => this.#dispatch(event),
      onStatistics: (statistics) => {
        this.#statistics = statistics;
        this.#options.onChange();
      },
    });
    this.#attempt = attempt;
    this.#options.onSession(attempt.session);
    attempt.start();
  }

  #endAttempt(): void {
    if (this.#attempt === undefined) return;
    this.#attempt.close();
    this.#attempt = undefined;
    this.#options.onSession(null);
    this.#statistics = null;
  }
}

interface AttemptListener {
  onEvent: (event: PlaybackEvent) => void;
  onStatistics: (statistics: Statistics) => void;
}

function openSession({ server, peer, profile, token }: Target): OnvifSession {
  return connect(server, { peer, token, ...(profile === null ? {} : { profile }) });
}

/** One session from its first message to its end; after `close()` nothing is told any more. */
class Attempt {
  readonly session: OnvifSession;
  readonly #options: PlayerOptions;
  readonly #listener: AttemptListener;
  readonly #loss = new LossWindow();
  readonly #ended = new AbortController();
  #hasFrame = false;
  #framesDecoded = 0;
  #newestFrameAt = 0;

  constructor(options: PlayerOptions, session: OnvifSession, listener: AttemptListener) {
    this.#options = options;
    this.session = session;
    this.#listener = listener;
  }

  start(): void {
    const { video } = this.#options;
    const { signal } = this.#ended;
    video.srcObject = this.session.stream;
    // Refused for sound without a gesture, and ended by the next attempt; in both cases there is nothing to do.
    video.play().catch(() => undefined);
    this.session.on('error', (error) => this.#tell({ type: 'lost', reason: signalingReason(error), now: Date.now() }));
    // The frame that the compositor shows, where the browser tells of it, else the first one that was decoded.
    if ('requestVideoFrameCallback' in video) {
      const handle = video.requestVideoFrameCallback(() => this.#onFirstFrame());
      signal.addEventListener('abort', () => video.cancelVideoFrameCallback(handle));
    }
    video.addEventListener('loadeddata', () => this.#onFirstFrame(), { signal });
    const timer = setInterval(() => void this.#sample(), SAMPLE_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  close(): void {
    this.#ended.abort();
    this.#options.video.srcObject = null;
    this.session.close();
  }

  #onFirstFrame(): void {
    if (this.#hasFrame) return;
    this.#hasFrame = true;
    this.#newestFrameAt = Date.now();
    this.session.noteFirstFrame();
    this.#tell({ type: 'first-frame' });
    void this.#sample();
  }

  async #sample(): Promise<void> {
    const cameraClockAheadMs = this.#options.cameraClockAheadMs();
    const statistics = await this.session.stats(cameraClockAheadMs ?? 0);
    if (this.#ended.signal.aborted) return;
    const now = Date.now();
    if (statistics.framesDecoded !== this.#framesDecoded) this.#newestFrameAt = now;
    this.#framesDecoded = statistics.framesDecoded;
    const silentMs = now - this.#newestFrameAt;
    this.#tell(silentMs > STALL_MS ? { type: 'stalled', since: this.#newestFrameAt } : { type: 'flowing' });
    if (silentMs > LOST_MS && this.session.peerConnection?.connectionState === 'disconnected') {
      this.#tell({ type: 'lost', reason: PATH_LOST, now });
      return;
    }
    this.#listener.onStatistics({
      ...statistics,
      behindLiveMs: cameraClockAheadMs === null ? null : statistics.behindLiveMs,
      recentLoss: this.#loss.add(now, statistics.packets, statistics.lost),
    });
  }

  #tell(event: PlaybackEvent): void {
    if (!this.#ended.signal.aborted) this.#listener.onEvent(event);
  }
}
