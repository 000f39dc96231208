import type { WebSocket } from 'ws';
import { type ClientGrant, type Grant, isExpired } from '../../access/grant.ts';
import type { Call, ErrorNotification, Handler, JsonRpcEndpoint, Params } from '../../base/json-rpc.ts';
import type { Logger } from '../../base/log.ts';
import { readOptionalString, readProfile, readString, readStrings, SignalingCode, SignalingError } from '../../base/signaling.ts';
import type { ServerLimits } from './limits.ts';
import type { Participant, ServerSessions } from './sessions.ts';
import { SignalingSocket } from '../signaling-socket.ts';

export interface ServerConnectionOptions {
  /** As the handshake gave it. */
  token: string | undefined;
  limits: ServerLimits;
  pingIntervalMs: number;
  sessions: ServerSessions;
  log: Logger;
  verify: (token: string | undefined) => Promise<Grant | undefined>;
  assignId: (grant: Grant, name: string | undefined) => Promise<string>;
  releaseId: (id: string) => void;
  peer: (id: string) => ServerConnection | undefined;
  onMalformed: () => void;
  onRefused: () => void;
  onClosed: () => void;
}

const RESPONSIVE_WITHIN_MS = 2000;
const ANSWERED_WITHIN_MS = 100;
const BURST_SECONDS = 4;
const MAX_CAPABILITY_LENGTH = 64;

interface Registration {
  id: string;
  grant: Grant;
  capabilities: string[];
}

/** One WebSocket of a client or a device at the embedded server: who it is, what it may, and its requests. */
export class ServerConnection implements Participant {
  readonly #options: ServerConnectionOptions;
  readonly #socket: SignalingSocket;
  #registerTimer: NodeJS.Timeout | undefined;
  readonly #closed = Promise.withResolvers<void>();
  #registration: Registration | undefined;
  /** Ends when register was judged; absent while none is. */
  #registering: Promise<void> | undefined;
  #refusedTokens = 0;
  /** Frames that may come at once; refilled over time. */
  #allowance: number;
  /** How many times the frames of one viewer it may send: as many as the sessions that it had at once. */
  #shares = 1;
  #refilledAt = performance.now();

  constructor(webSocket: WebSocket, options: ServerConnectionOptions) {
    this.#options = options;
    this.#allowance = options.limits.framesPerSecond * BURST_SECONDS;
    this.#socket = new SignalingSocket(webSocket, {
      pingIntervalMs: options.pingIntervalMs,
      admit: () => this.#admit(),
      onErrorNotification: (error) => this.#onError(error),
      onMalformed: options.onMalformed,
      onDefect: (method, error) => options.log.error({ err: error, method }, 'A signaling request failed inside the server'),
      onClose: () => this.#onClose(),
    });
    this.#awaitRegistration();
    this.#handleMethods();
  }

  get rpc(): JsonRpcEndpoint {
    return this.#socket.rpc;
  }

  get role(): Grant['role'] | undefined {
    return this.#registration?.grant.role;
  }

  get capabilities(): readonly string[] {
    return this.#registration?.capabilities ?? [];
  }

  get isRegistered(): boolean {
    return this.#registration !== undefined;
  }

  async isResponsive(): Promise<boolean> {
    return this.#socket.isResponsive(RESPONSIVE_WITHIN_MS);
  }

  /** The device has come back by another connection, which takes its place from now on. */
  supersede(): void {
    this.#leave({ intended: false });
    void this.end(4000, 'The device registered on another connection');
  }

  /** Closes the socket; resolves when it is closed. */
  async end(code: number, why: string): Promise<void> {
    this.#socket.close(code, why);
    await this.#closed.promise;
  }

  /** Ends it at once, for the sake of others. */
  cutOff(): void {
    this.#options.onRefused();
    this.#socket.terminate();
  }

  #handleMethods(): void {
    const { rpc } = this.#socket;
    const { sessions } = this.#options;
    rpc.handle('register', (params, call) => this.#register(params, call));
    const handle = (method: string, handler: Handler): void =>
      rpc.handle(method, (params, call) => this.#inTurn(() => handler(params, call)));
    handle('unregister', () => this.#unregister());
    handle('connect', async (params, call) => {
      this.#registered('client');
      const peer = readString(params, 'peer');
      const allowed = await this.#authorize(params['authorization']);
      // It may have left while the token was looked at.
      this.#registered('client');
      if (allowed.peers !== undefined && !allowed.peers.has(peer)) throw new SignalingError(SignalingCode.forbidden);
      const device = this.#options.peer(peer);
      if (device?.role !== 'device') throw new SignalingError(SignalingCode.unavailable);
      return sessions.connect(this, device, { peer, profile: readProfile(params), call });
    });
    handle('invite', async (params, call) => {
      this.#registered('device');
      return sessions.invite(this, params, call);
    });
    handle('trickle', (params) => {
      if (this.#registration !== undefined) sessions.trickle(this, params);
    });
    handle('extend', async (params) => {
      const { grant } = this.#registered();
      // Edition 25.12 lets the device ask for the end of its session.
      if (grant.role === 'device') return { expiryTimeSeconds: sessions.remainingSeconds(this, params) };
      const { peers } = await this.#authorize(params['authorization'], grant);
      return sessions.extend(this, params, peers);
    });
  }

  /** What came right behind register waits until that was judged and answered, since a peer need not wait for the answer. */
  #inTurn(action: () => unknown): unknown {
    return this.#registering === undefined ? action() : this.#registering.then(action);
  }

  async #register(params: Params, call: Call): Promise<{ id: string }> {
    if (this.#registration !== undefined || this.#registering !== undefined) {
      throw new SignalingError(400, 'Registered already');
    }
    if (!this.#socket.isOpen) throw new SignalingError(SignalingCode.gone);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#registering = promise;
    try {
      const grant = await this.#verify(params['authorization'] ?? this.#options.token);
      if (grant === undefined) {
        // Whoever guesses tokens needs a new connection for each.
        this.#refuseSoon('The token was not accepted');
        throw new SignalingError(SignalingCode.unauthorized);
      }
      const name = readOptionalString(params, 'name')?.slice(0, 256);
      const id = await this.#options.assignId(grant, name);
      if (!this.#socket.isOpen) {
        this.#options.releaseId(id);
        throw new SignalingError(SignalingCode.gone);
      }
      clearTimeout(this.#registerTimer);
      this.#registration = { id, grant, capabilities: grant.role === 'device' ? capabilitiesIn(params) : [] };
      call.afterAnswer(() => {
        if (this.role === 'device') this.#options.sessions.resume(id, this);
      });
      this.#options.log.debug({ peer: id, role: grant.role, name }, 'Registered at the embedded signaling server');
      return { id };
    } finally {
      setImmediate(() => {
        this.#registering = undefined;
        resolve();
      });
    }
  }

  #unregister(): void {
    if (this.#registration === undefined) throw new SignalingError(SignalingCode.notFound, 'Not registered');
    this.#leave({ intended: true });
    this.#awaitRegistration();
  }

  /** A socket that is not registered takes room and does nothing. */
  #awaitRegistration(): void {
    const { registerTimeoutMs } = this.#options.limits;
    this.#registerTimer = setTimeout(() => this.#refuse(1008, 'Not registered in time'), registerTimeoutMs);
  }

  /** The registration, where it is of the role that may do this. */
  #registered(role?: Grant['role']): Registration {
    if (this.#registration === undefined) throw new SignalingError(SignalingCode.unauthorized, 'Register first');
    if (role !== undefined && this.#registration.grant.role !== role) {
      throw new SignalingError(SignalingCode.forbidden, `Only a ${role} may do this`);
    }
    return this.#registration;
  }

  /** The grant of the token in a request; of the one given before where there may be none (section 5.2.7.1). */
  async #authorize(token: unknown, before?: Grant): Promise<ClientGrant> {
    const grant = isNone(token) && before !== undefined ? before : await this.#verify(token);
    if (grant === undefined && isNone(token))
      throw new SignalingError(SignalingCode.unauthorized, 'The request must carry "authorization"');
    if (grant?.role !== 'client' || isExpired(grant, Date.now())) throw new SignalingError(SignalingCode.unauthorized);
    return grant;
  }

  async #verify(token: unknown): Promise<Grant | undefined> {
    // What is no text is as good as a wrong one.
    const grant = await this.#options.verify(isNone(token) ? undefined : typeof token === 'string' ? token : '');
    if (grant !== undefined) return grant;
    this.#refusedTokens += 1;
    if (this.#refusedTokens > this.#options.limits.refusedTokens) this.#refuseSoon('Too many tokens were not accepted');
    return undefined;
  }

  #onError(error: ErrorNotification): void {
    void this.#inTurn(() => {
      if (this.#registration !== undefined) this.#options.sessions.error(this, error);
    });
  }

  #admit(): boolean {
    const { framesPerSecond } = this.#options.limits;
    const now = performance.now();
    const burst = framesPerSecond * BURST_SECONDS;
    const refill = ((now - this.#refilledAt) / 1000) * framesPerSecond * this.#shares;
    this.#refilledAt = now;
    this.#allowance = Math.min(burst * this.#shares, this.#allowance + refill) - 1;
    if (this.#allowance >= 0) return true;
    const shares = Math.max(this.#shares, this.#options.sessions.countOf(this));
    this.#allowance += (shares - this.#shares) * burst;
    this.#shares = shares;
    if (this.#allowance >= 0) return true;
    this.#refuse(1008, 'Too many frames');
    return false;
  }

  /** The answer to what is going on goes out first. */
  #refuseSoon(why: string): void {
    setTimeout(() => this.#refuse(1008, why), ANSWERED_WITHIN_MS).unref();
  }

  #refuse(code: number, why: string): void {
    if (!this.#socket.isOpen) return;
    this.#options.onRefused();
    this.#socket.close(code, why);
  }

  #leave(how: { intended: boolean }): void {
    if (this.#registration === undefined) return;
    this.#options.releaseId(this.#registration.id);
    this.#registration = undefined;
    this.#options.sessions.leave(this, how);
  }

  #onClose(): void {
    clearTimeout(this.#registerTimer);
    this.#leave({ intended: false });
    this.#closed.resolve();
    this.#options.onClosed();
  }
}

function isNone(token: unknown): boolean {
  return token === undefined || token === null || token === '';
}

/** Bounded, since every client of the device is told them. */
function capabilitiesIn(params: Params): string[] {
  return readStrings(params['capabilities']).filter((capability) => capability.length <= MAX_CAPABILITY_LENGTH);
}
