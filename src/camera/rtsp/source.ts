import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '../../base/backoff.ts';
import type { Clock } from '../../base/clock.ts';
import { atOnce, type DialTurn } from '../../base/dial-stagger.ts';
import { reasonOf, type GatewayError, type Reason } from '../../base/errors.ts';
import { redactUrl, silentLogger, type Logger } from '../../base/log.ts';
import type { RtspTransport, TlsPolicy } from '../../base/rtsp-transport.ts';
import { SaidLately } from '../../base/said-lately.ts';
import type { Credentials } from './auth.ts';
import { RtspClient } from './client.ts';
import { parseRtspUrl } from '../../base/rtsp-url.ts';
import { silent, stalled } from './failure.ts';
import type { RtspTrack } from './sdp.ts';

export type RtspSourceState = 'connecting' | 'playing' | 'failed';

export interface RtspSourceOptions {
  /** RTSP URL, as for {@link RtspClient}. */
  url: string;
  credentials?: Credentials;
  /** Default `auto`. */
  transport?: RtspTransport;
  /** Absent: the certificate must be one that the system trusts. */
  tls?: TlsPolicy;
  /** Which of the tracks that the camera sends are received; throws where none is of use. Default all. Asked once a connection. */
  choose?: (tracks: readonly RtspTrack[]) => readonly RtspTrack[];
  /**
   * Without video (or, where there is none, any media) for this long, milliseconds, the camera has stalled, and is connected anew; or it is
   * silent, if it still answers. Default 8000.
   */
  stallMs?: number;
  /** A silent camera keeps its connection for this long: it may send on motion only, or its encoder hang until it is asked anew. Default 60000. */
  silenceMs?: number;
  /** Waits between attempts, milliseconds; default 500 growing to 3000, short because a source exists only while somebody watches. */
  backoff?: { firstMs: number; maxMs: number };
  /** The same after a refused password; default 30000 growing to 300000, since many cameras lock the account. */
  unauthorizedBackoff?: { firstMs: number; maxMs: number };
  /** Waited for before each attempt to connect. */
  turn?: DialTurn;
  clock?: Clock;
  logger?: Logger;
  /**
   * `connecting` at first, `playing` from the first RTP packet on, `failed` (with the reason) from a failure on until it plays
   * again; attempts in between do not show.
   */
  onState: (state: RtspSourceState, reason?: Reason) => void;
  /** At each connection, before its first packet. */
  onTracks: (tracks: RtspTrack[]) => void;
  /** At each connection, once the camera has agreed to play; again when it sends after a silence. */
  onPlay?: () => void;
  onRtp: (track: RtspTrack, packet: Buffer, arrivalMs: number) => void;
  onRtcp?: (track: RtspTrack, packet: Buffer, arrivalMs: number) => void;
}

/** Counted since the source was made. */
export interface RtspSourceCounters {
  /** Attempts after the first. */
  reconnects: number;
  /** Times the media stopped on a connection that stood, and the camera did not answer or sent sound only. */
  stalls: number;
  /** RTP and RTCP packets, without framing. */
  bytesReceived: number;
  /** Bytes on the connections that belonged to no packet and no message. */
  garbageBytes: number;
  /** Datagrams that were not the camera's, or not of the stream. */
  datagramsRefused: number;
}

/** The watchdog looks this often within `stallMs`; a process that was held up itself has then at most one look to blame. */
const LOOKS_PER_STALL = 4;

/** Keeps one stream of a camera coming: connects, watches over the media, connects again. Owns its clients, one at a time. */
export class RtspSource {
  readonly #options: RtspSourceOptions;
  readonly #place: string;
  readonly #logger: Logger;
  readonly #abort = new AbortController();
  readonly #counters: RtspSourceCounters = { reconnects: 0, stalls: 0, bytesReceived: 0, garbageBytes: 0, datagramsRefused: 0 };
  readonly #backoff: Backoff;
  readonly #unauthorizedBackoff: Backoff;
  readonly #said = new SaidLately();
  #client: RtspClient | undefined;
  /** Where the camera sent us for the next attempt. */
  #redirectedTo: string | undefined;
  #run: Promise<void> | undefined;
  #state: RtspSourceState | undefined;
  #hasVideo = false;
  #sawMedia = false;
  #sawSound = false;
  #isSilent = false;

  constructor(options: RtspSourceOptions) {
    this.#options = options;
    this.#place = redactUrl(options.url);
    this.#logger = options.logger ?? silentLogger;
    this.#backoff = new Backoff(options.backoff ?? { firstMs: 500, maxMs: 3000 });
    this.#unauthorizedBackoff = new Backoff(options.unauthorizedBackoff ?? { firstMs: 30_000, maxMs: 300_000 });
  }

  get counters(): Readonly<RtspSourceCounters> {
    const { garbageBytes, datagramsRefused } = this.#client?.counters ?? { garbageBytes: 0, datagramsRefused: 0 };
    return {
      ...this.#counters,
      garbageBytes: this.#counters.garbageBytes + garbageBytes,
      datagramsRefused: this.#counters.datagramsRefused + datagramsRefused,
    };
  }

  /** Begins to pull; returns at once, {@link RtspSourceOptions.onState} tells the rest. */
  start(): void {
    this.#run ??= this.#keepPulling();
  }

  /** Ends the pull, with TEARDOWN (a second at most); no callback comes afterwards. May be called again. */
  async close(): Promise<void> {
    this.#abort.abort();
    await this.#run;
  }

  /** Sends a compound RTCP packet on the track's channel; false when it was dropped. */
  sendRtcp(track: RtspTrack, packet: Uint8Array): boolean {
    return this.#client?.sendRtcp(track, packet) ?? false;
  }

  async #keepPulling(): Promise<void> {
    const { signal } = this.#abort;
    const { url, turn = atOnce } = this.#options;
    if (!signal.aborted) this.#setState('connecting');
    while (!signal.aborted) {
      await turn(URL.parse(url)?.host ?? url, signal);
      if (signal.aborted) return;
      const reason = reasonOf(await this.#pull(signal));
      if (signal.aborted) return;
      this.#report(reason);
      const backoff = reason.code === 'rtsp.unauthorized' ? this.#unauthorizedBackoff : this.#backoff;
      try {
        await delay(backoff.next(), undefined, { signal });
      } catch {
        return;
      }
      this.#counters.reconnects += 1;
    }
  }

  /** One connection, from first to last; returns why it ended. */
  async #pull(signal: AbortSignal): Promise<unknown> {
    const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
    const aborted = (): void => end(signal.reason);
    signal.addEventListener('abort', aborted, { once: true });
    const client = this.#newClient(end);
    this.#client = client;
    let watchdog: NodeJS.Timeout | undefined;
    try {
      await client.start(signal);
      if (!signal.aborted) this.#options.onPlay?.();
      watchdog = this.#watch(client, end);
      return await ended;
    } catch (error) {
      return error;
    } finally {
      signal.removeEventListener('abort', aborted);
      clearInterval(watchdog);
      await client.close();
      this.#counters.garbageBytes += client.counters.garbageBytes;
      this.#counters.datagramsRefused += client.counters.datagramsRefused;
      this.#redirectedTo = client.redirectedTo;
      this.#client = undefined;
    }
  }

  #newClient(onClose: (error: GatewayError) => void): RtspClient {
    const { url, transport, tls, choose, clock, onTracks, onRtp, onRtcp } = this.#options;
    const { signal } = this.#abort;
    const credentials = this.#options.credentials ?? parseRtspUrl(url)?.credentials;
    return new RtspClient({
      url: this.#redirectedTo ?? url,
      ...(credentials === undefined ? {} : { credentials }),
      ...(transport === undefined ? {} : { transport }),
      ...(tls === undefined ? {} : { tls }),
      ...(choose === undefined ? {} : { choose }),
      ...(clock === undefined ? {} : { clock }),
      logger: this.#logger,
      onClose,
      onTracks: (tracks) => {
        this.#hasVideo = tracks.some((track) => track.kind === 'video');
        if (!signal.aborted) onTracks(tracks);
      },
      onRtp: (track, packet, arrivalMs) => {
        if (signal.aborted) return;
        this.#counters.bytesReceived += packet.length;
        if (track.kind === 'video' || !this.#hasVideo) this.#onMedia();
        else if (track.kind === 'audio') this.#sawSound = true;
        onRtp(track, packet, arrivalMs);
      },
      onRtcp: (track, packet, arrivalMs) => {
        if (signal.aborted) return;
        this.#counters.bytesReceived += packet.length;
        onRtcp?.(track, packet, arrivalMs);
      },
    });
  }

  #onMedia(): void {
    this.#sawMedia = true;
    if (this.#state === 'playing') return;
    this.#backoff.reset();
    this.#unauthorizedBackoff.reset();
    if (this.#said.hasSpoken) this.#logger.info(`${this.#place} plays again`);
    this.#said.forget();
    this.#setState('playing');
    if (this.#isSilent) this.#options.onPlay?.();
    this.#isSilent = false;
  }

  /**
   * A connection can stall and never close (go2rtc#1256, janus-gateway#693). Half of `stallMs` after the last media the camera is asked
   * whether it is there; at the end of it, what it said counts.
   */
  #watch(client: RtspClient, end: (error: GatewayError) => void): NodeJS.Timeout {
    const { stallMs = 8000, silenceMs = 60_000 } = this.#options;
    const what = this.#hasVideo ? 'video' : 'media';
    const lookMs = stallMs / LOOKS_PER_STALL;
    let looksWithout = 0;
    let answered = false;
    this.#isSilent = false;
    const look = (): void => {
      looksWithout = this.#sawMedia ? 0 : looksWithout + 1;
      if (looksWithout === 0) this.#sawSound = false;
      this.#sawMedia = false;
      const phase = looksWithout % LOOKS_PER_STALL;
      if (phase === LOOKS_PER_STALL / 2) {
        answered = false;
        void client.keepAlive().then((isThere) => (answered ||= isThere));
      }
      if (looksWithout === 0 || phase !== 0) return;
      // Whoever sends sound and no video has an encoder that hangs, not a scene in which nothing moves.
      if (!answered || (this.#hasVideo && this.#sawSound)) {
        this.#counters.stalls += 1;
        end(stalled(this.#place, what, stallMs));
      } else if (looksWithout * lookMs >= silenceMs) {
        end(silent(this.#place, what));
      } else if (!this.#isSilent) {
        this.#isSilent = true;
        this.#report(reasonOf(silent(this.#place, what)), 'waiting for it');
      }
    };
    return setInterval(look, lookMs);
  }

  /** A camera that is away for a night must not fill the log, whichever of its failures it alternates between. */
  #report(reason: Reason, whatNow = 'trying again'): void {
    const level = this.#said.due(reason.message) === undefined ? 'debug' : 'warn';
    this.#logger[level]({ reason }, `${this.#place} is not coming in; ${whatNow}`);
    this.#setState('failed', reason);
  }

  #setState(state: RtspSourceState, reason?: Reason): void {
    this.#state = state;
    this.#options.onState(state, reason);
  }
}
