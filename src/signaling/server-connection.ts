import type { WebSocket } from 'ws';
import type { ErrorNotification, JsonRpcEndpoint, Params } from '../base/json-rpc.ts';
import type { Logger } from '../base/log.ts';
import { readOptionalString, readString, readStrings, SignalingCode, SignalingError } from '../base/signaling.ts';
import type { ServerLimits } from './server-limits.ts';
import type { Participant, ServerSessions } from './server-sessions.ts';
import { SignalingSocket } from './signaling-socket.ts';
import type { Grant } from './tokens.ts';

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
const BURST_SECONDS = 4;

interface Registration {
  id: string;
  grant: Grant;
  capabilities: string[];
}

/** One WebSocket of a client or a device at the embedded server: who it is, what it may, and its requests. */
export class ServerConnection implements Participant {
  readonly #options: ServerConnectionOptions;
  readonly #socket: SignalingSocket;
  readonly #registerTimer: NodeJS.Timeout;
  readonly #closed = Promise.withResolvers<void>();
  #registration: Registration | undefined;
  #registering = false;
  /** Frames that may come at once; refilled over time. */
  #allowance: number;
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
    this.#registerTimer = setTimeout(() => this.#refuse(1008, 'Not registered in time'), options.limits.registerTimeoutMs);
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

  async isResponsive(): Promise<boolean> {
    return this.#socket.isResponsive(RESPONSIVE_WITHIN_MS);
  }

  /** Closes the socket; resolves when it is closed. */
  async end(code: number, why: string): Promise<void> {
    this.#socket.close(code, why);
    await this.#closed.promise;
  }

  #handleMethods(): void {
    const { rpc } = this.#socket;
    const { sessions } = this.#options;
    rpc.handle('register', (params) => this.#register(params));
    rpc.handle('unregister', () => this.#unregister());
    rpc.handle('connect', async (params, call) => {
      const { grant } = this.#registered('client');
      const peer = readString(params, 'peer');
      const allowed = await this.#authorize(params, grant);
      if (allowed.peers !== undefined && !allowed.peers.has(peer)) throw new SignalingError(SignalingCode.forbidden);
      const device = this.#options.peer(peer);
      if (device?.role !== 'device') throw new SignalingError(SignalingCode.unavailable);
      return sessions.connect(this, device, { peer, profile: readOptionalString(params, 'profile'), call });
    });
    rpc.handle('invite', async (params, call) => {
      this.#registered('device');
      return sessions.invite(this, params, call);
    });
    rpc.handle('trickle', (params) => {
      if (this.#registration !== undefined) sessions.trickle(this, params);
    });
    rpc.handle('extend', async (params) => {
      const { grant } = this.#registered();
      // Edition 25.12 lets the device ask for the end of its session.
      if (grant.role === 'device') return { expiryTimeSeconds: sessions.remainingSeconds(this, params) };
      const { peers } = await this.#authorize(params, grant);
      return sessions.extend(this, params, peers);
    });
  }

  async #register(params: Params): Promise<{ id: string }> {
    if (this.#registration !== undefined || this.#registering) throw new SignalingError(400, 'Registered already');
    this.#registering = true;
    try {
      const grant = await this.#options.verify(readOptionalString(params, 'authorization') ?? this.#options.token);
      if (grant === undefined) {
        // The answer goes out first; whoever guesses tokens needs a new connection for each.
        setTimeout(() => this.#refuse(1008, 'The token was not accepted'), 100).unref();
        throw new SignalingError(SignalingCode.unauthorized);
      }
      const name = readOptionalString(params, 'name')?.slice(0, 256);
      const id = await this.#options.assignId(grant, name);
      if (!this.#socket.isOpen) {
        this.#options.releaseId(id);
        throw new SignalingError(SignalingCode.gone);
      }
      clearTimeout(this.#registerTimer);
      this.#registration = { id, grant, capabilities: grant.role === 'device' ? readStrings(params['capabilities']) : [] };
      this.#options.log.debug({ peer: id, role: grant.role, name }, 'Registered at the embedded signaling server');
      return { id };
    } finally {
      this.#registering = false;
    }
  }

  #unregister(): void {
    if (this.#registration === undefined) throw new SignalingError(SignalingCode.notFound, 'Not registered');
    this.#leave();
  }

  /** The registration, where it is of the role that may do this. */
  #registered(role?: Grant['role']): Registration {
    if (this.#registration === undefined) throw new SignalingError(SignalingCode.unauthorized, 'Register first');
    if (role !== undefined && this.#registration.grant.role !== role) {
      throw new SignalingError(SignalingCode.forbidden, `Only a ${role} may do this`);
    }
    return this.#registration;
  }

  /** The grant of a token given with the request (section 5.2.4.1), else of the one given before. */
  async #authorize(params: Params, grant: Grant): Promise<Extract<Grant, { role: 'client' }>> {
    const token = readOptionalString(params, 'authorization');
    const allowed = token === undefined ? grant : await this.#options.verify(token);
    if (allowed?.role !== 'client') throw new SignalingError(SignalingCode.unauthorized);
    return allowed;
  }

  #onError(error: ErrorNotification): void {
    if (this.#registration !== undefined) this.#options.sessions.error(this, error);
  }

  #admit(): boolean {
    const { framesPerSecond } = this.#options.limits;
    const now = performance.now();
    const refill = ((now - this.#refilledAt) / 1000) * framesPerSecond;
    this.#refilledAt = now;
    this.#allowance = Math.min(framesPerSecond * BURST_SECONDS, this.#allowance + refill) - 1;
    if (this.#allowance >= 0) return true;
    this.#refuse(1008, 'Too many frames');
    return false;
  }

  #refuse(code: number, why: string): void {
    if (!this.#socket.isOpen) return;
    this.#options.onRefused();
    this.#socket.close(code, why);
  }

  #leave(): void {
    if (this.#registration === undefined) return;
    this.#options.releaseId(this.#registration.id);
    this.#registration = undefined;
    this.#options.sessions.leave(this);
  }

  #onClose(): void {
    clearTimeout(this.#registerTimer);
    this.#leave();
    this.#closed.resolve();
    this.#options.onClosed();
  }
}
