import type { DeviceStats } from '../../base/api.ts';
import type { Reason } from '../../base/errors.ts';
import { readIceServers } from '../../base/ice.ts';
import type { Call, ErrorNotification, JsonRpcEndpoint, Params } from '../../base/json-rpc.ts';
import type { Logger } from '../../base/log.ts';
import { endsSession, readExpiry, readProfile, readString, SignalingCode, SignalingError } from '../../base/signaling.ts';
import { SignaledSession } from './session.ts';
import type { DeviceSessionHost, SessionRequest } from './session-seam.ts';

export interface DeviceSessionsOptions {
  host: DeviceSessionHost;
  /** As registered: the answer to connect says the same (section 5.2.4.2). */
  capabilities: readonly string[];
  /** The endpoint that is connected now. */
  rpc: () => JsonRpcEndpoint | undefined;
  log: Logger;
}

/** `expiryTimeSeconds` is mandatory in the answer to extend; a session without an end, or with one far away, gets the largest 32-bit integer. */
const FAR_AWAY_SECONDS = 2 ** 31 - 1;

/** The sessions of one device at its signaling server: what the server asks about them, and what becomes of them without it. */
export class DeviceSessions {
  readonly #options: DeviceSessionsOptions;
  readonly #sessions = new Map<string, SignaledSession>();
  /** Live sessions that signaling was lost for: a server that came back without memory may give their ids again. */
  readonly #outlived = new Set<SignaledSession>();
  #dropped = 0;
  #refused = 0;
  #closed = false;

  constructor(options: DeviceSessionsOptions) {
    this.#options = options;
  }

  get counts(): Pick<DeviceStats, 'droppedMessages' | 'refusedSessions'> {
    return { droppedMessages: this.#dropped, refusedSessions: this.#refused };
  }

  /** Answers the server's requests on this connection. */
  serve(rpc: JsonRpcEndpoint): void {
    rpc.handle('connect', (params, call) => {
      try {
        return this.#onConnect(params, call);
      } catch (error) {
        this.#refused += 1;
        throw error;
      }
    });
    rpc.handle('trickle', (params) => this.#onTrickle(params));
    rpc.handle('extend', (params) => this.#onExtend(params));
  }

  /** Takes an error notification (section 5.2.8) of the server. */
  onError({ code, message, session: id }: ErrorNotification): void {
    const session = id === undefined ? this.#onlyUnconnected() : this.#sessions.get(id);
    this.#options.log.debug({ code, session: id }, `The signaling server sent an error: ${message}`);
    if (session === undefined) this.#dropped += 1;
    else if (endsSession(code, session.live))
      session.close({ code: 'signaling.peer_error', message: `The viewer ended the session (${code}: ${message})` });
  }

  /** Signaling was lost: sessions that are connected live on without it; the others can never be completed. */
  lost(): void {
    const reason = { code: 'signaling.lost', message: 'The signaling server was lost before the session was connected.' };
    for (const session of [...this.#sessions.values()]) {
      if (session.live) this.#outlived.add(session);
      else session.close(reason);
    }
  }

  /** Ends all sessions and tells their peers; whoever connects afterwards is refused. */
  close(reason: Reason): void {
    this.#closed = true;
    for (const session of [...this.#sessions.values(), ...this.#outlived]) session.closeWithError(SignalingCode.gone, reason);
  }

  #onConnect(params: Params, call: Call): { capabilities: readonly string[] } {
    const { host, capabilities, rpc } = this.#options;
    const id = readString(params, 'session');
    const request: SessionRequest = { session: id, iceServers: readIceServers(params['iceServers']) };
    const profile = readProfile(params);
    if (profile !== undefined) request.profile = profile;
    const expirySeconds = readExpiry(params);
    if (expirySeconds === 0) throw new SignalingError(400, '"expiryTimeSeconds" is 0; without it a session has no end');
    if (this.#closed) throw new SignalingError(SignalingCode.unavailable);
    this.#vacate(id);
    const session = new SignaledSession({ host, request, rpc, onClosed: (ended) => this.#forget(ended) });
    this.#sessions.set(id, session);
    if (expirySeconds !== undefined) session.expireIn(expirySeconds);
    call.afterAnswer(() => session.answered());
    return { capabilities };
  }

  #onTrickle(params: Params): void {
    const id = params['session'];
    const session = typeof id === 'string' ? this.#sessions.get(id) : undefined;
    if (session === undefined) this.#dropped += 1;
    else session.addCandidate(params['candidate']);
  }

  #onExtend(params: Params): { expiryTimeSeconds: number } {
    const session = this.#sessions.get(readString(params, 'session'));
    if (session === undefined) throw new SignalingError(400, 'There is no such session');
    const seconds = readExpiry(params);
    if (seconds !== undefined) session.expireIn(seconds);
    return { expiryTimeSeconds: Math.min(session.remainingSeconds ?? FAR_AWAY_SECONDS, FAR_AWAY_SECONDS) };
  }

  /** Makes the id free for a new session, where the one that has it is of an earlier connection to the server. */
  #vacate(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    if (!this.#outlived.has(session)) throw new SignalingError(400, 'The session exists already');
    session.detach();
    this.#sessions.delete(id);
  }

  /** What an error without a session is about, as in the example of section 5.2.9: the only one that is being set up. */
  #onlyUnconnected(): SignaledSession | undefined {
    const [first, ...others] = [...this.#sessions.values()].filter(({ live }) => !live);
    return others.length === 0 ? first : undefined;
  }

  #forget(session: SignaledSession): void {
    this.#outlived.delete(session);
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
  }
}
