import type { DeviceStats } from '../../base/api.ts';
import { Backoff, type BackoffOptions } from '../../base/backoff.ts';
import { delay } from '../../base/delay.ts';
import type { DialTurn } from '../../base/dial-stagger.ts';
import { describeReason, type Reason, reasonOf } from '../../base/errors.ts';
import { GONE, type ErrorNotification, type JsonRpcEndpoint, JsonRpcError, type Params } from '../../base/json-rpc.ts';
import { redactUrl, type Logger } from '../../base/log.ts';
import { readString } from '../../base/signaling.ts';
import { type Connection, openConnection } from './connection.ts';
import { isRefusedToken, registrationFailure } from './failure.ts';
import type { TlsContext } from './tls-context.ts';
import { fixedToken, type TokenSource } from './token/token-source.ts';
import type { SignalingSocket } from '../signaling-socket.ts';

/** Where a device registers, and how it shows who it is. */
export interface ServerAccess {
  /** WebSocket URL of the signaling server. */
  server: string;
  /** Absent: the server wants no token. */
  tokens?: TokenSource | undefined;
  /** How the token is shown when the socket is opened (RFC 6750). Default `header`; `register` carries it too. */
  authorization?: 'header' | 'query' | undefined;
  /** Absent: the authorities that the system trusts, no client certificate. */
  tls?: TlsContext | undefined;
}

export interface RegistrationOptions extends ServerAccess {
  /** The human-readable name of the device. */
  name: string;
  capabilities: readonly string[];
  /** Waited for before each attempt to connect. */
  turn?: DialTurn | undefined;
  log: Logger;
  /** Waits between attempts; what is left out is {@link RETRY}. */
  retry?: Partial<BackoffOptions> | undefined;
  /** Milliseconds between pings. Default 10 s: a server that is gone without a word is noticed within 30 s. */
  pingIntervalMs?: number | undefined;
  /** How long the server may take for the handshake, and for register, milliseconds. Default 10 s each. */
  timeoutMs?: number | undefined;
  /** Answers the server's requests on a new connection. */
  serve: (rpc: JsonRpcEndpoint) => void;
  onErrorNotification: (error: ErrorNotification) => void;
  onMalformed: (why: string) => void;
  onState: (state: DeviceSignalingState) => void;
  /** After each connection. */
  onLost: () => void;
}

export interface DeviceSignalingState {
  /** `connecting` until the first attempt ended and after a loss; `failed` from a failed attempt until the next success. */
  state: 'connecting' | 'registered' | 'failed';
  /** The id that the server assigned; null while not registered. */
  peer: string | null;
  reason: Reason | null;
}

/**
 * Each device's own ascending intervals (section 5.1). Half of a wait is chance, so that the devices of many sites do not come back in one
 * moment; it grows slowly enough to be 0.6 of the outage and 1.5 s at most, so that after a short outage all are back within seconds.
 */
const RETRY: BackoffOptions = { firstMs: 1500, maxMs: 60_000, factor: 1.3, jitter: 0.5 };
const PING_INTERVAL_MS = 10_000;
const TIMEOUT_MS = 10_000;
const UNREGISTER_TIMEOUT_MS = 1000;
/** A registration that held this long counts as a success: the next loss is answered by the shortest wait. */
const STABLE_MS = 10_000;

/** Keeps one device registered at one server (sections 5.1 and 5.2.2) from {@link start} to {@link close}. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #tokens: TokenSource;
  readonly #timeoutMs: number;
  readonly #backoff: Backoff;
  readonly #ended = new AbortController();
  #socket: SignalingSocket | undefined;
  #state: DeviceSignalingState = { state: 'connecting', peer: null, reason: null };
  #running: Promise<void> | undefined;
  readonly #counts = { failedAttempts: 0, lostConnections: 0 };

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#tokens = options.tokens ?? fixedToken(undefined);
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#backoff = new Backoff({ ...RETRY, ...options.retry });
  }

  get state(): DeviceSignalingState {
    return this.#state;
  }

  /** Since the start. */
  get counts(): Pick<DeviceStats, 'failedAttempts' | 'lostConnections'> {
    return { ...this.#counts };
  }

  /** The endpoint that is connected now. */
  get rpc(): JsonRpcEndpoint | undefined {
    return this.#socket?.rpc;
  }

  /** Connects, and again after each loss. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Unregisters and disconnects; at most about two seconds. */
  async close(reason: Reason): Promise<void> {
    if (this.#ended.signal.aborted) return this.#running;
    this.#ended.abort();
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
        await this.#attempt();
      } catch (error) {
        if (signal.aborted) return;
        this.#fail(reasonOf(error));
      }
      await delay(this.#backoff.next(), signal);
    }
  }

  /** One connection, or a second one at once where the token was refused and there is another. */
  async #attempt(): Promise<void> {
    const { signal } = this.#ended;
    for (let mayRepeat = true; ; mayRepeat = false) {
      const token = await this.#token();
      await this.#options.turn?.(this.#options.server, signal);
      if (signal.aborted) return;
      try {
        await this.#serve(token);
        return;
      } catch (error) {
        const hasAnother = isRefusedToken(error) && token !== undefined && this.#tokens.refused(token);
        if (!hasAnother || !mayRepeat || signal.aborted) throw error;
      }
    }
  }

  /** Undefined also where the device is closed while it waits. */
  async #token(): Promise<string | undefined> {
    const { signal } = this.#ended;
    const { promise: closed, resolve } = Promise.withResolvers<undefined>();
    const abort = (): void => resolve(undefined);
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([this.#tokens.current(), closed]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** One connection from the handshake to its end; throws where it never came to a registration. */
  async #serve(token: string | undefined): Promise<void> {
    const { log, server, name } = this.#options;
    const connection = await this.#connect(token);
    this.#socket = connection.socket;
    let stable: NodeJS.Timeout | undefined;
    try {
      const peer = await this.#register(connection, token);
      log.info({ peer, server: redactUrl(server) }, `Registered "${name}" at the signaling server as ${peer}`);
      this.#setState({ state: 'registered', peer, reason: null });
      stable = setTimeout(() => this.#backoff.reset(), STABLE_MS);
      const loss = await connection.ended;
      if (this.#ended.signal.aborted) return;
      this.#counts.lostConnections += 1;
      log.warn({ server: redactUrl(server) }, loss.message);
      this.#setState({ state: 'connecting', peer: null, reason: loss });
    } finally {
      clearTimeout(stable);
      this.#socket = undefined;
      connection.socket.close(1000, '');
      this.#options.onLost();
    }
  }

  async #connect(token: string | undefined): Promise<Connection> {
    const { server, authorization = 'header', tls, log, pingIntervalMs = PING_INTERVAL_MS } = this.#options;
    const connection = await openConnection({
      ...{ server, token, authorization, tls, pingIntervalMs, timeoutMs: this.#timeoutMs, signal: this.#ended.signal },
      onErrorNotification: this.#options.onErrorNotification,
      onMalformed: this.#options.onMalformed,
      onDefect: (method, error) => log.error({ err: error, method }, 'A signaling request failed inside the gateway'),
    });
    this.#options.serve(connection.socket.rpc);
    return connection;
  }

  async #register({ socket, ended }: Connection, token: string | undefined): Promise<string> {
    const { server, name, capabilities } = this.#options;
    const authorization = token === undefined ? {} : { authorization: token };
    try {
      const result = await socket.rpc.request('register', { ...authorization, name, capabilities }, this.#timeoutMs);
      return readString((result ?? {}) as Params, 'id');
    } catch (error) {
      const isGone = error instanceof JsonRpcError && error.code === GONE && !socket.isOpen;
      throw registrationFailure(server, error, this.#timeoutMs, isGone ? await ended : undefined);
    }
  }

  /** Says a failure once, not at every attempt. */
  #fail(reason: Reason): void {
    const { log, server } = this.#options;
    this.#counts.failedAttempts += 1;
    const news = this.#state.reason?.message !== reason.message || this.#state.state !== 'failed';
    log[news ? 'warn' : 'debug']({ server: redactUrl(server), code: reason.code }, describeReason(reason));
    this.#setState({ state: 'failed', peer: null, reason });
  }

  #setState(state: DeviceSignalingState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
