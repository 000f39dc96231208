import { WebSocket } from 'ws';
import { Backoff } from '../base/backoff.ts';
import { delay } from '../base/delay.ts';
import { atOnce, type DialTurn } from '../base/dial-stagger.ts';
import { describeReason, GatewayError, type Reason, reasonOf } from '../base/errors.ts';
import { readIceServers } from '../base/ice.ts';
import type { Call, ErrorNotification, Params } from '../base/json-rpc.ts';
import type { Logger } from '../base/log.ts';
import { redactUrl } from '../base/log.ts';
import {
  readExpirySeconds,
  readOptionalString,
  readString,
  SIGNALING_SUBPROTOCOL,
  SignalingCode,
  SignalingError,
} from '../base/signaling.ts';
import { connectionFailure, lossOf, registrationFailure } from './device-failure.ts';
import { SignaledSession } from './device-session.ts';
import type { DeviceSessionHost, SessionRequest } from './session-seam.ts';
import { MAX_FRAME_BYTES, SignalingSocket } from './signaling-socket.ts';

export interface SignalingDeviceOptions {
  /** WebSocket URL of the signaling server. */
  server: string;
  /** Asked before each attempt, so that a renewed token takes effect; undefined: none. */
  token?: () => string | undefined | Promise<string | undefined>;
  /** The human-readable name of the camera. */
  name: string;
  /** What register and connect announce. Default `subProtocols` and `extend`. */
  capabilities?: string[];
  host: DeviceSessionHost;
  /** Waited for before each attempt to connect. */
  turn?: DialTurn;
  log: Logger;
  onState?: (state: DeviceSignalingState) => void;
  /** Waits between attempts, milliseconds. Default 1 s, growing to 60 s. */
  retry?: { firstMs: number; maxMs: number };
  /** Default 30 s. */
  pingIntervalMs?: number;
}

export interface DeviceSignalingState {
  /** `connecting` until the first attempt ended and after a loss; `failed` from a failed attempt until the next success. */
  state: 'connecting' | 'registered' | 'failed';
  /** The id that the server assigned; null while not registered. */
  peer: string | null;
  reason: Reason | null;
}

const RETRY = { firstMs: 1000, maxMs: 60_000 };
const PING_INTERVAL_MS = 30_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const UNREGISTER_TIMEOUT_MS = 1000;
/** A registration that held this long counts as a success: the next loss is answered by the shortest wait. */
const STABLE_MS = 10_000;
const MAX_SESSIONS = 256;

/** The device role of ONVIF WebRTC (chapter 5) for one camera: registered at one server as long as it is started. */
export class SignalingDevice {
  readonly #options: SignalingDeviceOptions;
  readonly #capabilities: string[];
  readonly #backoff: Backoff;
  readonly #sessions = new Map<string, SignaledSession>();
  readonly #ended = new AbortController();
  #socket: SignalingSocket | undefined;
  #state: DeviceSignalingState = { state: 'connecting', peer: null, reason: null };
  #running: Promise<void> | undefined;

  constructor(options: SignalingDeviceOptions) {
    this.#options = options;
    this.#capabilities = options.capabilities ?? ['subProtocols', 'extend'];
    this.#backoff = new Backoff(options.retry ?? RETRY);
  }

  get state(): DeviceSignalingState {
    return this.#state;
  }

  /** Connects, and again after each loss, until {@link close}. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends all sessions, unregisters and disconnects; at most about two seconds. */
  async close(): Promise<void> {
    if (this.#ended.signal.aborted) return this.#running;
    this.#ended.abort();
    const reason: Reason = { code: 'signaling.closed', message: 'The camera was taken out of service.' };
    for (const session of [...this.#sessions.values()]) session.closeWithError(SignalingCode.gone, reason);
    const socket = this.#socket;
    if (socket?.isOpen === true) {
      // A server that cannot answer will see the socket close.
      if (this.#state.peer !== null) await socket.rpc.request('unregister', {}, UNREGISTER_TIMEOUT_MS).catch(() => {});
      socket.close(1000, 'unregistered');
    }
    await this.#running;
    this.#setState({ state: 'failed', peer: null, reason });
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        await this.#serve();
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(reasonOf(error));
      }
      await delay(this.#backoff.next(), signal);
    }
  }

  /** One connection from the handshake to its end; throws where it never came to a registration. */
  async #serve(): Promise<void> {
    const { log, server, turn = atOnce } = this.#options;
    await turn(server, this.#ended.signal);
    const token = await this.#options.token?.();
    if (this.#ended.signal.aborted) return;
    const { socket, ended } = await this.#connect(token);
    this.#socket = socket;
    let stable: NodeJS.Timeout | undefined;
    try {
      const peer = await this.#register(socket, token);
      log.info({ peer, server: redactUrl(server) }, `Registered "${this.#options.name}" at the signaling server as ${peer}`);
      this.#setState({ state: 'registered', peer, reason: null });
      stable = setTimeout(() => this.#backoff.reset(), STABLE_MS);
      const loss = await ended;
      if (this.#ended.signal.aborted) return;
      log.warn({ server: redactUrl(server) }, loss.message);
      this.#setState({ state: 'connecting', peer: null, reason: loss });
    } finally {
      clearTimeout(stable);
      this.#socket = undefined;
      socket.close(1000, '');
      this.#dropUnconnected();
    }
  }

  async #connect(token: string | undefined): Promise<{ socket: SignalingSocket; ended: Promise<Reason> }> {
    const url = this.#options.server;
    if (!/^wss?:$/.test(URL.parse(url)?.protocol ?? '')) {
      throw new GatewayError('signaling.url', `The signaling server ${redactUrl(url)} is not a WebSocket URL.`, {
        advice: 'Write it as wss://host/path.',
      });
    }
    const { promise: ended, resolve: onEnded } = Promise.withResolvers<Reason>();
    const { promise: opened, resolve: onOpen, reject: onFailure } = Promise.withResolvers<void>();
    const socket = new WebSocket(url, [SIGNALING_SUBPROTOCOL], {
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    const abort = (): void => socket.terminate();
    this.#ended.signal.addEventListener('abort', abort, { once: true });
    socket.once('open', onOpen);
    socket.once('error', (error) => onFailure(connectionFailure(url, error)));
    const signaling = new SignalingSocket(socket, {
      pingIntervalMs: this.#options.pingIntervalMs ?? PING_INTERVAL_MS,
      onErrorNotification: (error) => this.#onError(error),
      onMalformed: (why) => this.#options.log.debug({ why }, 'The signaling server sent something malformed'),
      onDefect: (method, error) =>
        this.#options.log.error({ err: error, method }, 'A signaling request failed inside the gateway'),
      onClose: (code, why) => onEnded(lossOf(url, code, why)),
    });
    signaling.rpc.handle('connect', (params, call) => this.#onConnect(params, call));
    signaling.rpc.handle('trickle', (params) =>
      this.#sessions.get(readString(params, 'session'))?.addCandidate(params['candidate']),
    );
    signaling.rpc.handle('extend', (params) => this.#onExtend(params));
    try {
      await opened;
    } finally {
      this.#ended.signal.removeEventListener('abort', abort);
    }
    return { socket: signaling, ended };
  }

  async #register(socket: SignalingSocket, token: string | undefined): Promise<string> {
    const authorization = token === undefined ? {} : { authorization: token };
    try {
      const result = await socket.rpc.request('register', {
        ...authorization,
        name: this.#options.name,
        capabilities: this.#capabilities,
      });
      return readString((result ?? {}) as Params, 'id');
    } catch (error) {
      throw registrationFailure(this.#options.server, error);
    }
  }

  #onConnect(params: Params, call: Call): { capabilities: string[] } {
    const id = readString(params, 'session');
    if (this.#sessions.has(id)) throw new SignalingError(SignalingCode.badRequest, 'The session exists already');
    if (this.#ended.signal.aborted) throw new SignalingError(SignalingCode.unavailable);
    if (this.#sessions.size >= MAX_SESSIONS) throw new SignalingError(SignalingCode.insufficientResources);
    const request: SessionRequest = { session: id, iceServers: readIceServers(params['iceServers']) };
    const profile = readOptionalString(params, 'profile');
    if (profile !== undefined) request.profile = profile;
    let closed = false;
    const session = new SignaledSession({
      host: this.#options.host,
      request,
      rpc: () => this.#socket?.rpc,
      onClosed: () => {
        closed = true;
        this.#sessions.delete(id);
      },
    });
    if (!closed) this.#sessions.set(id, session);
    const expirySeconds = readExpirySeconds(params['expiryTimeSeconds']);
    if (expirySeconds !== undefined) session.expireIn(expirySeconds);
    call.afterAnswer(() => session.answered());
    return { capabilities: this.#capabilities };
  }

  #onExtend(params: Params): { expiryTimeSeconds: number } {
    const session = this.#sessions.get(readString(params, 'session'));
    if (session === undefined) throw new SignalingError(SignalingCode.badRequest, 'There is no such session');
    const seconds = readExpirySeconds(params['expiryTimeSeconds']);
    if (seconds !== undefined) session.expireIn(seconds);
    // The field is mandatory in the answer; a session without an end gets the largest 32-bit integer.
    return { expiryTimeSeconds: session.remainingSeconds ?? 2 ** 31 - 1 };
  }

  /** An error about a session: 1002 ends what is not connected yet, a malformed candidate harms nothing, the rest ends it. */
  #onError({ code, message, session: id }: ErrorNotification): void {
    const { log } = this.#options;
    const session = id === undefined ? undefined : this.#sessions.get(id);
    log.debug({ code, session: id }, `The signaling server sent an error: ${message}`);
    if (session === undefined || code === SignalingCode.malformedCandidate) return;
    if (code === SignalingCode.peerDisconnected && session.live) return;
    session.close({ code: 'signaling.peer_error', message: `The viewer ended the session (${code}: ${message})` });
  }

  /** Sessions that are connected live on without signaling; the others can never be completed. */
  #dropUnconnected(): void {
    for (const session of [...this.#sessions.values()]) {
      if (!session.live)
        session.close({ code: 'signaling.lost', message: 'The signaling server was lost before the session was connected.' });
    }
  }

  /** Says a failure once, not at every attempt. */
  #fail(reason: Reason): void {
    const { log, server } = this.#options;
    const news = this.#state.reason?.message !== reason.message || this.#state.state !== 'failed';
    log[news ? 'warn' : 'debug']({ server: redactUrl(server), code: reason.code }, describeReason(reason));
    this.#setState({ state: 'failed', peer: null, reason });
  }

  #setState(state: DeviceSignalingState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}
