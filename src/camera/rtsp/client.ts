import { systemClock } from '../../base/clock.ts';
import type { GatewayError } from '../../base/errors.ts';
import { redactUrl, silentLogger, type Logger } from '../../base/log.ts';
import type { Credentials } from './auth.ts';
import { Authenticator } from './authenticator.ts';
import { RtspConnection } from './connection.ts';
import { baseUrl, controlUrl } from './control-url.ts';
import type { RtspClientCounters, RtspClientOptions } from './client-options.ts';
import { FeatureTags } from './feature-tags.ts';
import { closed, protocol, redirected, refused } from './failure.ts';
import { KeepAlive } from './keep-alive.ts';
import { MediaPaths } from './media-paths.ts';
import { isSuccess, type RtspResponse } from './message.ts';
import { routeTo, type Route } from './route.ts';
import { rtpStarts, type RtpStart } from './rtp-info.ts';
import { isReceived, parseSessionDescription, type RtspTrack, type SessionDescription } from './sdp.ts';
import { parseSession } from './session-header.ts';
import { redirectTarget, rtspTarget, type RtspTarget } from './target.ts';

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
  #allowsBasic = true;
  #signal: AbortSignal | undefined;
  #authenticator: Authenticator;
  readonly #features: FeatureTags;
  readonly #media: MediaPaths;
  readonly #keepAlive: KeepAlive;
  #connection: RtspConnection | undefined;
  #session: string | undefined;
  #sessionUrl = '';
  /** For the control attributes of the tracks. */
  #base = '';
  #tracks: RtspTrack[] = [];
  #started = false;
  #closing: Promise<void> | undefined;

  constructor(options: RtspClientOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#place = redactUrl(options.url);
    this.#target = rtspTarget(options.url);
    this.#credentials = options.credentials ?? this.#target?.credentials;
    this.#authenticator = new Authenticator(this.#place, this.#credentials);
    this.#features = new FeatureTags(options.require ?? []);
    this.#keepAlive = new KeepAlive({
      request: (method) => {
        this.#media.punch();
        return this.#request(method, this.#sessionUrl);
      },
      onFailure: (error) => this.#logger.debug({ err: error }, 'RTSP keep-alive failed'),
      onForgotten: () => this.#connection?.end(closed(this.#place, 'the camera has forgotten the session')),
    });
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
   * Connects, sets up the wanted tracks and plays; returns them, and where they begin as far as the camera says it. After an error
   * everything is closed.
   * @throws GatewayError `rtsp.unreachable`, `rtsp.certificate`, `rtsp.timeout`, `rtsp.unauthorized`, `rtsp.not_found`,
   * `rtsp.bad_request`, `rtsp.status`, `rtsp.protocol`, `rtsp.redirected`, `rtsp.udp`, `rtsp.closed` (the last also on abort and on {@link close}).
   */
  async start(signal?: AbortSignal): Promise<{ tracks: RtspTrack[]; starts: Map<RtspTrack, RtpStart> }> {
    this.#signal = signal;
    const abort = (): void => this.#connection?.end(closed(this.#place, 'given up'));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#throwIfGivenUp();
      const starts = await this.#open();
      this.#throwIfOver();
      this.#started = true;
      return { tracks: this.#tracks, starts };
    } catch (error) {
      await this.close();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /**
   * Where a REDIRECT of the camera that ended the session leads, if that is within the same host; without credentials. Who is sent to
   * another host asks the camera again, and is sent there by its answer.
   */
  get redirectedTo(): string | undefined {
    const location = this.#connection?.redirectedTo;
    const target = location === undefined ? undefined : this.#redirectTarget(location);
    return target?.host === this.#target?.host ? target?.uri : undefined;
  }

  /** The required feature tags that the camera has not refused. */
  get agreed(): readonly string[] {
    return this.#features.agreed;
  }

  /**
   * Halts all tracks (RFC 2326 section 10.6), which {@link resume} takes up again; the session stays alive meanwhile.
   * @throws GatewayError `rtsp.status` where the camera cannot, `rtsp.timeout`, or what ended the session.
   */
  async pause(): Promise<void> {
    await this.#command('PAUSE', this.#sessionUrl);
  }

  /** @throws GatewayError as {@link pause}. */
  resume(): Promise<Map<RtspTrack, RtpStart>> {
    return this.#play([]);
  }

  /** Sends an RTP packet on the backchannel; false when it was dropped. */
  sendRtp(track: RtspTrack, packet: Uint8Array): boolean {
    return this.#media.sendRtp(track, packet);
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
    this.#keepAlive.stop();
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

  async #open(): Promise<Map<RtspTrack, RtpStart>> {
    if (this.#target === undefined) throw protocol(this.#place, 'is not a URL of the form rtsp://host/path');
    let session = await this.#describe(this.#target);
    for (let redirects = 0; 'location' in session; redirects += 1) {
      const target = redirects < MAX_REDIRECTS ? this.#redirectTarget(session.location) : undefined;
      if (target === undefined) throw redirected(this.#place, session.location);
      // Another host is none that the password was given for: it may prove that it knows it, and is not told.
      this.#allowsBasic &&= target.host === this.#target.host;
      this.#target = target;
      this.#connection?.end(closed(this.#place, 'the camera sends us on'));
      this.#authenticator = new Authenticator(this.#place, this.#credentials, { allowsBasic: this.#allowsBasic });
      session = await this.#describe(target);
    }
    const { description, base } = session;
    this.#base = base;
    this.#sessionUrl = controlUrl(base, description.control);
    this.#tracks = await this.#media.setUp(this.#chosen(description), base);
    this.#throwIfOver();
    this.#options.onTracks?.(this.#tracks);
    this.#media.receive();
    return this.#play([['Range', 'npt=0-']]);
  }

  async #play(fields: readonly (readonly [string, string])[]): Promise<Map<RtspTrack, RtpStart>> {
    const response = await this.#command('PLAY', this.#sessionUrl, fields);
    // Some cameras begin to listen only now.
    this.#media.punch();
    return rtpStarts(response.headers.getAll('RTP-Info').join(','), this.#tracks, this.#base);
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
      authenticator: () => new Authenticator(this.#place, this.#credentials, { allowsBasic: this.#allowsBasic }),
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
    this.#keepAlive.learn((await this.#request('OPTIONS', uri)).headers.getAll('Public').join(','));
    // `Require` of the backchannel only where somebody talks: a doorbell takes it for a call and disables its button (Amcrest: go2rtc#247,
    // #95, #830).
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
    const sent = description.tracks.filter((track) => isReceived(track) !== (this.#options.backchannel === true));
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
    const session = parseSession(response.headers.get('Session'));
    if (session === undefined || this.#session !== undefined) return;
    this.#session = session.id;
    this.#keepAlive.start(session.timeoutMs);
  }

  /** Asks the camera whether the session is alive; false where there is no answer. */
  keepAlive(): Promise<boolean> {
    return this.#keepAlive.ask();
  }

  async #command(method: string, uri: string, fields: readonly (readonly [string, string])[] = []): Promise<RtspResponse> {
    const response = await this.#request(method, uri, fields);
    if (!isSuccess(response)) throw refused(this.#place, method, response);
    return response;
  }

  /** Sends a request with all that it takes to be heard: session, credentials, required features. */
  async #request(method: string, uri: string, fields: readonly (readonly [string, string])[] = []): Promise<RtspResponse> {
    for (;;) {
      const response = await this.#authorized(method, uri, [...this.#features.headers(method), ...fields]);
      if (!this.#features.takeBack(response)) return response;
    }
  }

  #authorized(method: string, uri: string, fields: readonly (readonly [string, string])[]): Promise<RtspResponse> {
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
    this.#keepAlive.stop();
    if (this.#started) this.#options.onClose(error);
  }
}
