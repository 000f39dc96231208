import { Emitter } from '../base/emitter.ts';
import type { IceCandidate, IceServer } from '../base/ice.ts';
import { endsSession, METADATA_SUBPROTOCOL, SignalingCode, SignalingError } from '../base/signaling.ts';
import { defaultPeerConnection, defaultWebSocket } from './browser-defaults.ts';
import { Expiry } from './expiry.ts';
import { type Expand, MetadataAssembler } from './metadata-assembler.ts';
import type { LocalCandidate, PeerConnection, PeerConnectionConfiguration, Socket, Track } from './peer-connection.ts';
import { type OpenedSession, SignalingLink } from './signaling-link.ts';
import { type ByteMark, type PlayoutReport, readPlayout, readStatistics, type SessionStatistics } from './statistics.ts';
import { TalkSender } from './talk-sender.ts';
import { videoSsrc } from './video-ssrc.ts';

export interface ConnectOptions {
  /** Id of the camera, as the signaling server assigned it. */
  peer: string;
  /** Token of the media profile; absent: the camera's first. */
  profile?: string;
  /** The access token, or where to get a fresh one: it is asked again before a session is extended. */
  token?: string | (() => string | undefined | Promise<string | undefined>);
  /** Closes the session. */
  signal?: AbortSignal;
  /** Used beside those that the signaling server gives. */
  iceServers?: IceServer[];
  /** Default: the browser's RTCPeerConnection. */
  createPeerConnection?: (configuration: PeerConnectionConfiguration) => PeerConnection;
  /** Default: the WebSocket of browser or Node. */
  createWebSocket?: (url: string, subprotocol: string) => Socket;
  /** What expands metadata documents. Default: the browser's DecompressionStream, which in Node is slow. */
  expand?: Expand;
}

export type SessionState = 'connecting' | 'live' | 'closed';

export type SessionEvents = {
  state: [state: SessionState];
  track: [track: Track];
  /** A metadata document (ONVIF `tt:MetadataStream`), its compressed length in bytes, and its bytes as the camera wrote them. */
  metadata: [xml: string, bytes: number, content: Uint8Array];
  /** An error of the other side that leaves the session as it is, for example 486: somebody else is talking to the camera. */
  notice: [error: SignalingError];
  /** Why the session ended by itself; followed by the state `closed`. */
  error: [error: SignalingError];
};

/** From connect to the first contact with the camera. */
const CONNECT_TIMEOUT_MS = 30_000;
/** How often the first decoded frame is looked for; Chromium makes a new report every 50 ms at most. */
const FIRST_FRAME_POLL_MS = 50;
const MAX_EARLY_CANDIDATES = 256;

/** One camera being watched. A session that ended does not come back; connect again for a new one. */
export class OnvifSession {
  readonly #options: ConnectOptions;
  readonly #events = new Emitter<SessionEvents>();
  readonly #link: SignalingLink;
  readonly #metadata: MetadataAssembler;
  /** Candidates that came before the offer. */
  #earlyCandidates: IceCandidate[] | undefined = [];
  readonly #startedAt = performance.now();
  readonly #stream: MediaStream | null = typeof MediaStream === 'undefined' ? null : new MediaStream();
  readonly #onAbort = (): void => this.close();
  #opened: Promise<OpenedSession> | undefined;
  #peerConnection: PeerConnection | null = null;
  #videoSsrc: number | null = null;
  #state: SessionState = 'connecting';
  #error: SignalingError | null = null;
  #connectTimer: ReturnType<typeof setTimeout> | undefined;
  #firstFrameTimer: ReturnType<typeof setInterval> | undefined;
  #timeToFirstFrameMs: number | null = null;
  #byteMark: ByteMark | undefined;
  #metadataDocuments = 0;
  readonly #talk = new TalkSender();
  readonly #expiry = new Expiry({
    extend: () => this.#link.extend(),
    onExpired: () => this.#fail(new SignalingError(SignalingCode.gone, 'The time of the session is over.')),
  });
  #trickledAll = false;

  constructor(server: string, options: ConnectOptions) {
    this.#options = options;
    const { token, createWebSocket = defaultWebSocket } = options;
    this.#metadata = new MetadataAssembler(({ xml, bytes, content }) => {
      this.#metadataDocuments += 1;
      this.#events.emit('metadata', xml, bytes, content);
    }, options.expand);
    this.#link = new SignalingLink({
      server,
      token: () => Promise.resolve(typeof token === 'function' ? token() : token),
      createWebSocket,
      onInvite: (offer, subprotocols) => this.#onInvite(offer, subprotocols),
      onCandidate: (candidate) => this.#onCandidate(candidate),
      onErrorNotification: (code, message) => this.#onErrorNotification(code, message),
      onLost: () => this.#onSignalingLost(),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Why the session ended by itself; null while it did not. */
  get error(): SignalingError | null {
    return this.#error;
  }

  /** For `video.srcObject`: holds the tracks as they come. Null where there is no MediaStream (Node). */
  get stream(): MediaStream | null {
    return this.#stream;
  }

  /** Null before the camera's offer came. */
  get peerConnection(): PeerConnection | null {
    return this.#peerConnection;
  }

  /** SSRC of the pictures, by which the gateway's `/api/sessions` and other statistics name this session; null before the camera's offer came. */
  get videoSsrc(): number | null {
    return this.#videoSsrc;
  }

  /** The camera takes what is said; known with its offer. */
  get canTalk(): boolean {
    return this.#talk.isOffered;
  }

  /**
   * Sends a microphone's track to the camera. Another viewer may be talking: then the event `notice` comes with code 486.
   *
   * @throws SignalingError 488 where the camera takes none
   */
  async startTalk(track: Track): Promise<void> {
    await this.#talk.send(track);
  }

  /** Sends nothing any more; the track goes on and is its owner's to stop. */
  async stopTalk(): Promise<void> {
    if (this.canTalk && this.#state !== 'closed') await this.#talk.send(null);
  }

  /** Adds a listener; the returned function removes it. */
  on<Name extends keyof SessionEvents>(name: Name, listener: (...values: SessionEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Begins; `connect` does it. */
  start(): void {
    const { signal } = this.#options;
    if (signal?.aborted === true) {
      this.close();
      return;
    }
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#connectTimer = setTimeout(() => this.#fail(new SignalingError(SignalingCode.timeout)), CONNECT_TIMEOUT_MS);
    this.#opened = this.#link.open(this.#options.peer, this.#options.profile);
    this.#opened.then(
      ({ expirySeconds }) => {
        if (expirySeconds !== undefined) this.#expiry.endsIn(expirySeconds);
      },
      (error: unknown) => this.#fail(SignalingError.from(error)),
    );
  }

  /** Resolves when the camera is connected; rejects with the SignalingError when the session ended before. */
  async whenLive(): Promise<void> {
    if (this.#state === 'live') return;
    await new Promise<void>((resolve, reject) => {
      const settle = (state: SessionState): void => {
        if (state === 'live') resolve();
        else reject(this.#error ?? new SignalingError(SignalingCode.gone, 'The session was closed.'));
      };
      if (this.#state === 'closed') settle('closed');
      else this.#events.on('state', settle);
    });
  }

  /**
   * How the session is doing.
   *
   * @param clockOffsetMs the camera's clock minus this machine's, for how far behind live the picture is
   */
  async stats(clockOffsetMs = 0): Promise<SessionStatistics> {
    const report = (await this.#peerConnection?.getStats()) ?? new Map<string, Record<string, unknown>>();
    const { statistics, mark } = readStatistics(report, clockOffsetMs, this.#byteMark);
    this.#byteMark = mark;
    return {
      timeToFirstFrameMs: this.#timeToFirstFrameMs,
      ...statistics,
      metadataDocuments: this.#metadataDocuments,
      metadataDropped: this.#metadata.dropped,
    };
  }

  /** When the picture on the screen was taken, as the browser estimates it from sender reports; null where it does not. */
  async playout(): Promise<PlayoutReport | null> {
    // A connection that is being closed may refuse.
    const report = await this.#peerConnection?.getStats().catch(() => undefined);
    return report === undefined ? null : readPlayout(report);
  }

  /**
   * The first frame is there: for whoever sees frames (`video.requestVideoFrameCallback`, a decoder) and so knows it sooner than the
   * statistics do.
   */
  noteFirstFrame(): void {
    if (this.#timeToFirstFrameMs !== null || this.#state === 'closed') return;
    this.#timeToFirstFrameMs = performance.now() - this.#startedAt;
    clearInterval(this.#firstFrameTimer);
  }

  /** Ends the session and tells the camera; may be called twice. */
  close(): void {
    this.#link.notifyError(SignalingCode.gone, 'The viewer closed the session');
    this.#end();
  }

  /** Answers the first offer of the session, and later ones (ICE restart, other codecs) alike. */
  async #onInvite(offer: string, offeredSubprotocols: string[]): Promise<{ answer: string; subprotocols: string[] }> {
    const opened = await this.#opened;
    if (this.#state === 'closed' || opened === undefined) throw new SignalingError(SignalingCode.gone);
    const subprotocols = offeredSubprotocols.filter((name) => name === METADATA_SUBPROTOCOL);
    try {
      const connection = (this.#peerConnection ??= this.#createPeerConnection(opened.iceServers, subprotocols.length > 0));
      await connection.setRemoteDescription({ type: 'offer', sdp: offer });
      this.#talk.accept(connection, offer);
      this.#videoSsrc = videoSsrc(offer);
      const early = this.#earlyCandidates ?? [];
      this.#earlyCandidates = undefined;
      for (const candidate of early) this.#addCandidate(connection, candidate);
      await connection.setLocalDescription(await connection.createAnswer());
      return { answer: connection.localDescription?.sdp ?? '', subprotocols };
    } catch (error) {
      const refusal = new SignalingError(SignalingCode.badRequest, 'The offer of the camera cannot be used here.', String(error));
      // The camera gets the fault as the answer to its invite first. A live session goes on as it was.
      if (this.#state !== 'live') setTimeout(() => this.#fail(refusal));
      throw refusal;
    }
  }

  #createPeerConnection(iceServers: IceServer[], wantsMetadata: boolean): PeerConnection {
    const create = this.#options.createPeerConnection ?? defaultPeerConnection;
    const connection = create({ iceServers: [...(this.#options.iceServers ?? []), ...iceServers] });
    connection.addEventListener('icecandidate', ({ candidate }) => this.#onLocalCandidate(candidate));
    connection.addEventListener('track', ({ track }) => {
      if (this.#stream !== null && track instanceof MediaStreamTrack) this.#stream.addTrack(track);
      this.#events.emit('track', track);
    });
    connection.addEventListener('datachannel', ({ channel }) => channel.close());
    connection.addEventListener('connectionstatechange', () => this.#onConnectionState(connection, wantsMetadata));
    return connection;
  }

  #onLocalCandidate(candidate: LocalCandidate | null): void {
    if (candidate !== null && candidate.candidate !== '') {
      this.#trickledAll = false;
      const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
      // By it a candidate from before an ICE restart is told from those after it, where the line itself does not say.
      const generation = typeof usernameFragment === 'string' ? { usernameFragment } : {};
      this.#link.trickle({ candidate: candidate.candidate, sdpMid, sdpMLineIndex, ...generation });
      return;
    }
    // Browsers say it once a generation and once in all; the peer is told once.
    if (this.#trickledAll) return;
    this.#trickledAll = true;
    this.#link.trickle({ candidate: '' });
  }

  #onCandidate(candidate: IceCandidate): void {
    if (this.#earlyCandidates === undefined) {
      if (this.#peerConnection !== null) this.#addCandidate(this.#peerConnection, candidate);
    } else if (this.#earlyCandidates.length < MAX_EARLY_CANDIDATES) this.#earlyCandidates.push(candidate);
  }

  #addCandidate(connection: PeerConnection, candidate: IceCandidate): void {
    connection.addIceCandidate(candidate).catch(() => {
      // Some browsers want a media line even for the empty candidate, which they could do without.
      if (candidate.candidate !== '')
        this.#link.notifyError(SignalingCode.malformedCandidate, 'The ICE candidate was not accepted');
    });
  }

  #onConnectionState(connection: PeerConnection, wantsMetadata: boolean): void {
    const { connectionState } = connection;
    if (connectionState === 'connected' && this.#state === 'connecting') {
      clearTimeout(this.#connectTimer);
      this.#state = 'live';
      if (wantsMetadata) this.#openMetadata(connection);
      this.#firstFrameTimer = setInterval(() => void this.#lookForFirstFrame(connection), FIRST_FRAME_POLL_MS);
      this.#events.emit('state', 'live');
    } else if (connectionState === 'failed') {
      const lost = this.#state === 'live';
      this.#fail(new SignalingError(SignalingCode.noMediaPath, lost ? 'The network path to the camera was lost.' : undefined));
    } else if (connectionState === 'closed') this.#fail(new SignalingError(SignalingCode.gone, 'The camera closed the session.'));
  }

  /** The client opens the channel of a subprotocol that both sides listed, once it is connected; any other is closed (section 6.7.1). */
  #openMetadata(connection: PeerConnection): void {
    const channel = connection.createDataChannel('metadata', { ordered: true, protocol: METADATA_SUBPROTOCOL });
    channel.binaryType = 'arraybuffer';
    channel.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) this.#metadata.push(new Uint8Array(data));
      else if (ArrayBuffer.isView(data)) this.#metadata.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    });
  }

  async #lookForFirstFrame(connection: PeerConnection): Promise<void> {
    // A connection that is being closed may refuse.
    const report = await connection.getStats().catch(() => undefined);
    if (report !== undefined && readStatistics(report, 0, undefined).statistics.framesDecoded > 0) this.noteFirstFrame();
  }

  #onErrorNotification(code: number, message: string): void {
    const error = new SignalingError(code, undefined, message);
    if (endsSession(code, this.#state === 'live')) this.#fail(error);
    else if (this.#state !== 'closed') this.#events.emit('notice', error);
  }

  #onSignalingLost(): void {
    if (this.#state !== 'connecting') return;
    this.#fail(new SignalingError(SignalingCode.gone, 'The connection to the signaling server was lost.'));
  }

  #fail(error: SignalingError): void {
    if (this.#state === 'closed') return;
    this.#error = error;
    this.#events.emit('error', error);
    this.#end();
  }

  #end(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    clearTimeout(this.#connectTimer);
    this.#expiry.close();
    clearInterval(this.#firstFrameTimer);
    this.#peerConnection?.close();
    this.#link.close();
    this.#events.emit('state', 'closed');
    this.#events.removeAllListeners();
  }
}
