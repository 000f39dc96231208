import { systemClock, type Clock } from '../../base/clock.ts';
import type { GatewayError } from '../../base/errors.ts';
import { redactUrl, silentLogger, type Logger } from '../../base/log.ts';
import type { RtspTransport, TlsPolicy } from '../../base/rtsp-transport.ts';
import type { Credentials } from './auth.ts';
import { Authenticator } from './authenticator.ts';
import { RtspConnection } from './connection.ts';
import { baseUrl, controlUrl, parseRtspUrl, redirectTarget, type RtspTarget } from './control-url.ts';
import { closed, protocol, redirected, refused } from './failure.ts';
import type { InterleavedCounters } from './interleaved.ts';
import { MediaPaths } from './media-paths.ts';
import { isSuccess, type RtspResponse } from './message.ts';
import { routeTo, type Route } from './route.ts';
import { isReceived, parseSessionDescription, type RtspTrack, type SessionDescription } from './sdp.ts';

export interface RtspClientOptions {
  /** `rtsp://host[:port]/path?query`, or `rtsps:`. A user name and password in it are used when `credentials` is absent. */
  url: string;
  credentials?: Credentials;
  /** Default `auto`. */
  transport?: RtspTransport;
  /** Absent: the certificate must be one that the system trusts. */
  tls?: TlsPolicy;
  /** Which of the tracks that the camera sends are received; throws where none is of use. Default all. Asked once a session. */
  choose?: (tracks: readonly RtspTrack[]) => readonly RtspTrack[];
  userAgent?: string;
  /** Default 5000. */
  connectTimeoutMs?: number;
  /** Default 5000, for each request. */
  requestTimeoutMs?: number;
  clock?: Clock;
  logger?: Logger;
  /** The tracks that were set up; before the first packet. */
  onTracks?: (tracks: RtspTrack[]) => void;
  /** One RTP packet, a view of the bytes received; `arrivalMs` is the clock's time at which they were read. */
  onRtp: (track: RtspTrack, packet: Buffer, arrivalMs: number) => void;
  /** One compound RTCP packet of the camera. */
  onRtcp?: (track: RtspTrack, packet: Buffer, arrivalMs: number) => void;
  /** The session ended after {@link RtspClient.start} had succeeded, and not by {@link RtspClient.close}. */
  onClose: (error: GatewayError) => void;
}

/** What a session had to step over. */
export interface RtspClientCounters extends InterleavedCounters {
  /** Datagrams that were not the camera's, or not of the stream. */
  datagramsRefused: number;
}

const DEFAULT_SESSION_TIMEOUT_S = 60;
const MAX_KEEP_ALIVE_MS = 30_000;
const MAX_REDIRECTS = 3;
const TEARDOWN_TIMEOUT_MS = 1000;

/** One RTSP session with a camera (RFC 2326). For one use only. */
export class RtspClient {
  readonly #options: RtspClientOptions;
  readonly #logger: Logger;
  readonly #place: string;
  readonly #credentials: Credentials | undefined;
  /** Where the camera is; after a redirect, where that leads. */
  #target: RtspTarget | undefined;
  #route: Route | undefined;
  #signal: AbortSignal | undefined;
  readonly #authenticator: Authenticator;
  readonly #media: MediaPaths;
  #connection: RtspConnection | undefined;
  #publicMethods = '';
  #session: string | undefined;
  #sessionUrl = '';
  #keepAliveTimer: NodeJS.Timeout | undefined;
  #started = false;
  #closing: Promise<void> | undefined;

  constructor(options: RtspClientOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#place = redactUrl(options.url);
    this.#target = parseRtspUrl(options.url);
    this.#credentials = options.credentials ?? this.#target?.credentials;
    this.#authenticator = new Authenticator(this.#place, this.#credentials);
    this.#media = new MediaPaths({
      transport: () => this.#route?.media ?? 'auto',
      place: this.#place,
      clock: options.clock ?? systemClock,
      logger: this.#logger,
      connection: () => this.#standing(),
      setUp: (uri, transport) => this.#setUp(uri, transport),
      onRtp: options.onRtp,
      onRtcp: (track, packet, arrivalMs) => options.onRtcp?.(track, packet, arrivalMs),
    });
  }

  get counters(): Readonly<RtspClientCounters> {
    const { garbageBytes, resyncs } = this.#connection?.counters ?? { garbageBytes: 0, resyncs: 0 };
    return { garbageBytes, resyncs, datagramsRefused: this.#media.datagramsRefused };
  }

  /** True where the media come by UDP beside the RTSP connection; known once the tracks are set up. */
  get overUdp(): boolean {
    return this.#media.overUdp;
  }

  /**
   * Connects, sets up the wanted tracks and plays. After an error everything is closed.
   * @throws GatewayError `rtsp.unreachable`, `rtsp.certificate`, `rtsp.timeout`, `rtsp.unauthorized`, `rtsp.not_found`, `rtsp.status`,
   * `rtsp.protocol`, `rtsp.redirected`, `rtsp.udp`, `rtsp.closed` (the last also on abort and on {@link close}).
   */
  async start(signal?: AbortSignal): Promise<{ tracks: RtspTrack[] }> {
    this.#signal = signal;
    const abort = (): void => this.#connection?.end(closed(this.#place, 'given up'));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#throwIfGivenUp();
      const tracks = await this.#open();
      this.#throwIfOver();
      this.#started = true;
      return { tracks };
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Where a REDIRECT of the camera that ended the session leads, if that is within the same host; without credentials. */
  get redirectedTo(): string | undefined {
    const location = this.#connection?.redirectedTo;
    return location === undefined ? undefined : this.#redirectTarget(location)?.uri;
  }

  /** Sends a compound RTCP packet for the track; false when it was dropped. */
  sendRtcp(track: RtspTrack, packet: Uint8Array): boolean {
    return this.#media.sendRtcp(track, packet);
  }

  /** Ends the session, with TEARDOWN where there is one; takes a second at most. May be called at any time and again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#started = false;
    clearInterval(this.#keepAliveTimer);
    this.#media.close();
    const connection = this.#connection;
    if (connection === undefined) return;
    const timer = setTimeout(() => connection.end(closed(this.#place, 'no answer to TEARDOWN')), TEARDOWN_TIMEOUT_MS);
    try {
      if (this.#session !== undefined) await this.#request('TEARDOWN', this.#sessionUrl);
    } catch (error) {
      this.#logger.debug({ err: error }, 'RTSP TEARDOWN failed');
    } finally {
      clearTimeout(timer);
      connection.end(closed(this.#place, 'closed by us'));
    }
  }

  /** What came last may have come in the same moment as the end, or as {@link close}. */
  #throwIfOver(): void {
    if (this.#connection?.ended !== undefined) throw this.#connection.ended;
    this.#throwIfGivenUp();
  }

  #throwIfGivenUp(): void {
    if (this.#closing !== undefined || this.#signal?.aborted === true) throw closed(this.#place, 'given up');
  }

  async #open(): Promise<RtspTrack[]> {
    if (this.#target === undefined) throw protocol(this.#place, 'is not a URL of the form rtsp://host/path');
    let session = await this.#describe(this.#target);
    for (let redirects = 0; 'location' in session; redirects += 1) {
      const target = redirects < MAX_REDIRECTS ? this.#redirectTarget(session.location) : undefined;
      if (target === undefined) throw redirected(this.#place, session.location);
      this.#target = target;
      this.#connection?.end(closed(this.#place, 'the camera sends us on'));
      session = await this.#describe(target);
    }
    const { description, base } = session;
    this.#sessionUrl = controlUrl(base, description.control);
    const tracks = await this.#media.setUp(this.#chosen(description), base);
    this.#throwIfOver();
    this.#options.onTracks?.(tracks);
    this.#media.receive();
    await this.#command('PLAY', this.#sessionUrl, [['Range', 'npt=0-']]);
    // Some cameras begin to listen only now.
    this.#media.punch();
    return tracks;
  }

  async #connect(target: RtspTarget): Promise<void> {
    this.#throwIfGivenUp();
    const userAgent = this.#options.userAgent ?? 'onvif-webrtc-gateway';
    const route = routeTo({
      target,
      transport: this.#options.transport ?? 'auto',
      tls: this.#options.tls,
      place: this.#place,
      userAgent,
      credentials: this.#credentials,
    });
    this.#route = route;
    this.#connection = new RtspConnection({
      dial: route.dial,
      place: this.#place,
      userAgent,
      connectTimeoutMs: this.#options.connectTimeoutMs ?? 5000,
      requestTimeoutMs: this.#options.requestTimeoutMs ?? 5000,
      clock: this.#options.clock ?? systemClock,
      logger: this.#logger,
      onFrame: (channel, payload, arrivalMs) => this.#media.onFrame(channel, payload, arrivalMs),
      onEnd: (error) => this.#onEnd(error),
    });
    await this.#connection.connect();
  }

  /** Connects and asks what there is; or where to ask instead. */
  async #describe(target: RtspTarget): Promise<{ description: SessionDescription; base: string } | { location: string }> {
    const { uri } = target;
    await this.#connect(target);
    // Only to learn how to keep the session alive; a camera that refuses it may still play.
    this.#publicMethods = (await this.#request('OPTIONS', uri)).headers.getAll('Public').join(',').toUpperCase();
    // No `Require` of the backchannel: a doorbell takes it for a call and disables its button (Amcrest AD410: go2rtc#247, #95, #830).
    const response = await this.#request('DESCRIBE', uri, [['Accept', 'application/sdp']]);
    const location = response.headers.get('Location');
    if (response.status >= 300 && response.status < 400 && location !== undefined) return { location };
    if (!isSuccess(response)) throw refused(this.#place, 'DESCRIBE', response);
    const description = parseSessionDescription(response.body.toString('utf8'));
    if (description.tracks.length === 0) throw protocol(this.#place, 'describes no media');
    return { description, base: baseUrl(uri, response.headers.get('Content-Base'), response.headers.get('Content-Location')) };
  }

  #redirectTarget(location: string): RtspTarget | undefined {
    return this.#target && redirectTarget(location, this.#target, this.#connection?.cameraAddress ?? '');
  }

  #chosen(description: SessionDescription): readonly RtspTrack[] {
    const sent = description.tracks.filter(isReceived);
    const chosen = this.#options.choose?.(sent) ?? sent;
    if (chosen.length > 0) return chosen;
    const names = description.tracks.map((track) => track.encodingName || track.kind).join(', ');
    throw protocol(this.#place, `has no track that can be used (it has ${names})`);
  }

  async #setUp(uri: string, transport: string): Promise<RtspResponse> {
    const response = await this.#request('SETUP', uri, [['Transport', transport]]);
    if (isSuccess(response)) this.#startSession(response);
    return response;
  }

  #startSession(response: RtspResponse): void {
    const [session = '', ...parameters] = (response.headers.get('Session') ?? '').split(';').map((part) => part.trim());
    if (session === '' || this.#session !== undefined) return;
    this.#session = session;
    const timeout = parameters.map((part) => /^timeout\s*=\s*(\d+)/i.exec(part)?.[1]).find((value) => value !== undefined);
    const timeoutMs = (Number(timeout ?? 0) || DEFAULT_SESSION_TIMEOUT_S) * 1000;
    this.#keepAliveTimer = setInterval(() => void this.keepAlive(), Math.min(timeoutMs / 2, MAX_KEEP_ALIVE_MS));
  }

  /**
   * Keeps the session alive, and returns whether the camera answered. Where it does not that is no reason to end the session: some go on
   * sending for hours. For some cameras only GET_PARAMETER counts, and some do not know it (mediamtx#1066, #4210, go2rtc#2409).
   */
  async keepAlive(): Promise<boolean> {
    const method = /\bGET_PARAMETER\b/.test(this.#publicMethods) ? 'GET_PARAMETER' : 'OPTIONS';
    this.#media.punch();
    try {
      const response = await this.#request(method, this.#sessionUrl);
      if (response.status === 454) this.#connection?.end(closed(this.#place, 'the camera has forgotten the session'));
      // Listed, and not there after all.
      else if (!isSuccess(response)) this.#publicMethods = '';
      return true;
    } catch (error) {
      this.#logger.debug({ err: error }, 'RTSP keep-alive failed');
      return false;
    }
  }

  async #command(method: string, uri: string, fields: readonly (readonly [string, string])[]): Promise<RtspResponse> {
    const response = await this.#request(method, uri, fields);
    if (!isSuccess(response)) throw refused(this.#place, method, response);
    return response;
  }

  #request(method: string, uri: string, fields: readonly (readonly [string, string])[] = []): Promise<RtspResponse> {
    const session: [string, string][] = this.#session === undefined ? [] : [['Session', this.#session]];
    let isChallenged = false;
    return this.#authenticator.request(method, uri, async (authorization) => {
      const send = (): Promise<RtspResponse> => this.#standing().request(method, uri, [...session, ...authorization, ...fields]);
      try {
        const response = await send();
        isChallenged = response.status === 401;
        return response;
      } catch (error) {
        // Some cameras close the connection with their 401 and expect the answer on another.
        const hungUp = isChallenged && this.#session === undefined && this.#connection?.ended !== undefined;
        if (!hungUp || this.#target === undefined) throw error;
        await this.#connect(this.#target);
        return send();
      }
    });
  }

  #standing(): RtspConnection {
    if (this.#connection === undefined) throw closed(this.#place, 'not connected');
    return this.#connection;
  }

  #onEnd(error: GatewayError): void {
    clearInterval(this.#keepAliveTimer);
    if (this.#started) this.#options.onClose(error);
  }
}
