import { randomBytes } from 'node:crypto';
import type { IceServer } from '../../base/ice.ts';
import { type ConfiguredIceServer, iceServersFor } from '../../base/turn-credentials.ts';
import type { Call, ErrorNotification, JsonRpcEndpoint, Params } from '../../base/json-rpc.ts';
import { GONE, JsonRpcError, METHOD_NOT_FOUND, REQUEST_TIMEOUT } from '../../base/json-rpc.ts';
import {
  endsSession,
  Gate,
  readExpirySeconds,
  readString,
  readStrings,
  SignalingCode,
  SignalingError,
} from '../../base/signaling.ts';
import type { ServerLimits } from './limits.ts';

export interface ServerSessionsOptions {
  limits: ServerLimits;
  /** Of those with a secret each session gets credentials of its own. */
  iceServers: readonly ConfiguredIceServer[];
  expiryTimeSeconds: number | undefined;
  /** A message had no session to go to, or its receiver does not take it. */
  onDropped: () => void;
}

/** A connection as sessions see it. */
export interface Participant {
  readonly rpc: JsonRpcEndpoint;
  /** As a device registered them. */
  readonly capabilities: readonly string[];
}

/** What the client is told of its new session (section 5.2.4.1). */
export interface ConnectAnswer {
  session: string;
  iceServers: IceServer[];
  expiryTimeSeconds?: number;
  capabilities: string[];
}

interface Session {
  readonly id: string;
  readonly peer: string;
  readonly client: Participant;
  /** Undefined while the device has lost its connection; it gets the session back when it registers again. */
  device: Participant | undefined;
  /** Opens when the client has its answer to connect, which nothing of the device may overtake. */
  readonly toClient: Gate;
  /** Closed while an invite waits for its answer, which the client's candidates may not overtake. */
  toDevice: Gate;
  answered: boolean;
  /** By `performance.now()`. */
  expiresAt: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Longest a timer of Node can wait, milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;
const EXTEND_TIMEOUT_MS = 5000;
/** How much longer relays may be asked for than the session lasts: their clock may be ahead. */
const TURN_GRACE_SECONDS = 60;

/** The sessions of the embedded server: who talks to whom, until one of them leaves the server. */
export class ServerSessions {
  readonly #options: ServerSessionsOptions;
  readonly #sessions = new Map<string, Session>();

  constructor(options: ServerSessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Of how many sessions this connection is the device now. */
  countOf(device: Participant): number {
    let count = 0;
    for (const session of this.#sessions.values()) if (session.device === device) count += 1;
    return count;
  }

  /** Opens a session between two connections; rejects with the device's fault, 480 where it does not answer. */
  async connect(
    client: Participant,
    device: Participant,
    { peer, profile, call }: { peer: string; profile: string | undefined; call: Call },
  ): Promise<ConnectAnswer> {
    this.#makeRoom(client);
    const { expiryTimeSeconds, limits } = this.#options;
    const id = randomBytes(18).toString('base64url');
    const iceServers = this.#iceServers(id);
    const expiry = expiryTimeSeconds === undefined ? {} : { expiryTimeSeconds };
    const session: Session = {
      id,
      peer,
      client,
      device,
      toClient: new Gate(),
      toDevice: Gate.opened(),
      answered: false,
      expiresAt: undefined,
      timer: undefined,
    };
    this.#sessions.set(id, session);
    const asked = { session: id, ...(profile === undefined ? {} : { profile }), iceServers, ...expiry };
    let answer: unknown;
    try {
      answer = await device.rpc.request('connect', asked, limits.connectTimeoutMs);
    } catch (error) {
      this.#end(session);
      throw isUnreachable(error) ? new SignalingError(SignalingCode.unavailable) : error;
    }
    if (!this.#sessions.has(id)) throw new SignalingError(SignalingCode.gone);
    if (expiryTimeSeconds !== undefined) this.#expireIn(session, expiryTimeSeconds);
    call.afterAnswer(() => session.toClient.open());
    return { session: id, iceServers, ...expiry, capabilities: capabilitiesIn(answer) ?? [...device.capabilities] };
  }

  /** Forwards the device's offer and brings the client's answer back. */
  async invite(device: Participant, params: Params, call: Call): Promise<unknown> {
    const session = this.#sessions.get(readString(params, 'session'));
    if (session?.device !== device) throw new SignalingError(SignalingCode.badRequest, 'There is no such session');
    readString(params, 'offer');
    const { inviteTimeoutMs } = this.#options.limits;
    const toDevice = new Gate();
    session.toDevice = toDevice;
    call.afterAnswer(() => toDevice.open());
    try {
      const answer = await session.toClient.request(() => session.client.rpc.request('invite', params, inviteTimeoutMs));
      session.answered = true;
      return answer;
    } catch (error) {
      // The session may go on by an answer before; the refusal of this one goes out first.
      setImmediate(() => toDevice.open());
      throw error;
    }
  }

  /** Relays a candidate as it is, and in its order. */
  trickle(from: Participant, params: Params): void {
    const id = params['session'];
    const session = typeof id === 'string' ? this.#sessions.get(id) : undefined;
    let relayed: boolean | undefined;
    if (session?.device === from) relayed = session.toClient.run(() => session.client.rpc.notify('trickle', params));
    else if (session?.client === from && session.device !== undefined)
      relayed = session.toDevice.run(() => session.device?.rpc.notify('trickle', params));
    if (relayed !== true) this.#options.onDropped();
  }

  /** Gives a session of the client the full time again and tells the device, whose word on it counts if it is less. */
  async extend(
    client: Participant,
    params: Params,
    peers: ReadonlySet<string> | undefined,
  ): Promise<{ expiryTimeSeconds: number }> {
    const { expiryTimeSeconds } = this.#options;
    if (expiryTimeSeconds === undefined) throw new JsonRpcError(METHOD_NOT_FOUND, 'Sessions of this server have no end');
    const session = this.#sessions.get(readString(params, 'session'));
    if (session?.client !== client || session.expiresAt === undefined || session.expiresAt < performance.now())
      throw new SignalingError(SignalingCode.badRequest, 'There is no such session');
    if (peers !== undefined && !peers.has(session.peer)) throw new SignalingError(SignalingCode.forbidden);
    const granted = await this.#extendAtDevice(session, expiryTimeSeconds);
    this.#expireIn(session, granted);
    return { expiryTimeSeconds: granted };
  }

  /** How long a session of the device still lasts, whole seconds. */
  remainingSeconds(device: Participant, params: Params): number {
    const session = this.#sessions.get(readString(params, 'session'));
    if (session?.device !== device) throw new SignalingError(SignalingCode.badRequest, 'There is no such session');
    if (session.expiresAt === undefined) throw new JsonRpcError(METHOD_NOT_FOUND, 'Sessions of this server have no end');
    return Math.max(0, Math.floor((session.expiresAt - performance.now()) / 1000));
  }

  /** Relays an error to the other side; one that ends the session ends it here too. */
  error(from: Participant, error: ErrorNotification): void {
    const session = this.#sessionOf(from, error.session);
    if (session === undefined) {
      this.#options.onDropped();
      return;
    }
    const told = { ...error, session: session.id };
    if (session.client === from) session.device?.rpc.notifyError(told);
    else session.toClient.run(() => session.client.rpc.notifyError(told));
    if (endsSession(error.code, false)) this.#end(session);
  }

  /**
   * One side left the server: the others are told (1002), and its sessions are forgotten, except those of a device that lost its connection
   * without wanting to: what is set up goes on between the peers, and the device comes back.
   */
  leave(connection: Participant, { intended }: { intended: boolean }): void {
    for (const session of this.#sessions.values()) {
      const error = {
        code: SignalingCode.peerDisconnected,
        message: 'The peer closed its connection with the signaling server',
        session: session.id,
      };
      if (session.client === connection) session.device?.rpc.notifyError(error);
      else if (session.device === connection) session.toClient.run(() => session.client.rpc.notifyError(error));
      else continue;
      if (session.device === connection && session.answered && !intended) session.device = undefined;
      else this.#end(session);
    }
  }

  /** A device registered: the sessions that it had when it lost its connection are its again. */
  resume(peer: string, device: Participant): void {
    for (const session of this.#sessions.values()) {
      if (session.device === undefined && session.peer === peer) session.device = device;
    }
  }

  /** The session named, or the only one there is: the specification's own example leaves the name out. */
  #sessionOf(connection: Participant, id: string | undefined): Session | undefined {
    const own = [...this.#sessions.values()].filter(({ client, device }) => client === connection || device === connection);
    return id === undefined && own.length === 1 ? own[0] : own.find((session) => session.id === id);
  }

  #makeRoom(client: Participant): void {
    const own = [...this.#sessions.values()].filter((session) => session.client === client);
    if (own.length >= this.#options.limits.sessionsPerClient) {
      const oldest = own.find(({ answered }) => answered);
      if (oldest === undefined)
        throw new SignalingError(SignalingCode.insufficientResources, 'Too many sessions are being set up');
      this.#end(oldest);
    }
    if (this.#sessions.size >= this.#options.limits.sessions) {
      throw new SignalingError(SignalingCode.insufficientResources, 'The signaling server has no room for another session');
    }
  }

  async #extendAtDevice({ id, device }: Session, seconds: number): Promise<number> {
    if (device === undefined) throw new SignalingError(SignalingCode.unavailable);
    try {
      const answer = await device.rpc.request('extend', { session: id, expiryTimeSeconds: seconds }, EXTEND_TIMEOUT_MS);
      return Math.min(seconds, readExpirySeconds((answer as Params | null)?.['expiryTimeSeconds']) ?? seconds);
    } catch (error) {
      // A device of edition 25.12 knows no extend from the server; it asks by itself.
      if (error instanceof JsonRpcError && error.code === METHOD_NOT_FOUND) return seconds;
      throw isUnreachable(error) ? new SignalingError(SignalingCode.unavailable) : error;
    }
  }

  #iceServers(id: string): IceServer[] {
    const { iceServers, expiryTimeSeconds } = this.#options;
    const lifetime = expiryTimeSeconds === undefined ? undefined : expiryTimeSeconds + TURN_GRACE_SECONDS;
    return iceServersFor(iceServers, id, Date.now() / 1000, lifetime);
  }

  #expireIn(session: Session, seconds: number): void {
    clearTimeout(session.timer);
    if (!this.#sessions.has(session.id)) return;
    session.expiresAt = performance.now() + seconds * 1000;
    const delay = Math.min(seconds * 1000 + this.#options.limits.expiryGraceMs, MAX_TIMER_MS);
    session.timer = setTimeout(() => this.#expire(session), delay).unref();
  }

  /** Both sides were told when the time is over; one that did not end the session hears it now. */
  #expire(session: Session): void {
    const error = { code: SignalingCode.gone, message: 'The time of the session is over', session: session.id };
    session.device?.rpc.notifyError(error);
    session.toClient.run(() => session.client.rpc.notifyError(error));
    this.#end(session);
  }

  #end(session: Session): void {
    clearTimeout(session.timer);
    this.#sessions.delete(session.id);
  }
}

function isUnreachable(error: unknown): boolean {
  return !(error instanceof JsonRpcError) || error.code === REQUEST_TIMEOUT || error.code === GONE;
}

/** What the device says of the session; it shall be what it registered (section 5.2.4.2), and it knows best where it is not. */
function capabilitiesIn(answer: unknown): string[] | undefined {
  const list = (answer as Params | null)?.['capabilities'];
  return Array.isArray(list) ? readStrings(list) : undefined;
}
