import type { Reason } from '../../base/errors.ts';
import { GatewayError, reasonOf } from '../../base/errors.ts';
import { type IceCandidate, isCandidateLine, readIceCandidate } from '../../base/ice.ts';
import { GONE, type JsonRpcEndpoint, JsonRpcError, type Params } from '../../base/json-rpc.ts';
import { Gate, readExpirySeconds, readString, readStrings, SignalingCode, SignalingError } from '../../base/signaling.ts';
import type { DeviceSession, DeviceSessionHost, SessionRequest } from './session-seam.ts';

/** The server waits up to 30 s for the client's answer; its own 408 should come first. */
const INVITE_TIMEOUT_MS = 35_000;
/** Longest delay of a timer in Node, milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;
/** The server is asked whether the session was extended when this share of its time is left, at most 5 s. */
const ASK_AT_SHARE = 0.2;
const MAX_ASK_MS = 5000;

export interface SignaledSessionOptions {
  host: DeviceSessionHost;
  request: SessionRequest;
  /** The endpoint that is connected now; a session may outlive the one over which it was opened. */
  rpc: () => JsonRpcEndpoint | undefined;
  /** Once, and not before the answer to connect went out unless signaling itself ends it. */
  onClosed: (session: SignaledSession) => void;
}

/** One session as signaling sees it: what goes to the peer, what comes from it, and when its time is over. */
export class SignaledSession {
  readonly id: string;
  readonly #options: SignaledSessionOptions;
  readonly #gate = new Gate();
  readonly #session: DeviceSession;
  #expiresAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #detached = false;

  /** Throws what the host throws when it refuses. */
  constructor(options: SignaledSessionOptions) {
    this.#options = options;
    this.id = options.request.session;
    this.#session = options.host.open(options.request, {
      invite: (offer, subprotocols) => this.#invite(offer, subprotocols),
      trickle: (candidate) => void this.#gate.run(() => this.#trickle(candidate)),
      error: (code, message) => void this.#gate.run(() => this.#error(code, message)),
      // Its last words may be held back still.
      closed: () => {
        if (!this.#gate.run(() => this.#forget())) this.#forget();
      },
    });
  }

  get live(): boolean {
    return this.#session.live;
  }

  /** Whole seconds until the end; undefined where there is none. */
  get remainingSeconds(): number | undefined {
    return this.#expiresAt === undefined ? undefined : Math.max(0, Math.ceil((this.#expiresAt - performance.now()) / 1000));
  }

  /** The answer to connect went out: what was held back follows. */
  answered(): void {
    this.#gate.open();
  }

  /** Takes a trickle's candidate; a malformed one is told to the peer (1003) and does no harm. */
  addCandidate(value: unknown): void {
    const candidate = readIceCandidate(value);
    if (candidate === undefined || !isCandidateLine(candidate.candidate))
      this.#error(SignalingCode.malformedCandidate, 'The ICE candidate is malformed');
    else this.#session.addCandidate(candidate);
  }

  /** From now on the server means another session by this id: nothing of this one is said to it. */
  detach(): void {
    this.#detached = true;
  }

  /** The session ends this many seconds from now unless {@link expireIn} is called again. */
  expireIn(seconds: number): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const expiresAt = performance.now() + seconds * 1000;
    const askMs = Math.min(seconds * 1000 * ASK_AT_SHARE, MAX_ASK_MS);
    this.#expiresAt = expiresAt;
    this.#schedule(expiresAt - askMs, () => void this.#askForExtension(expiresAt, askMs));
  }

  close(reason: Reason): void {
    if (this.#closed) return;
    this.#forget();
    this.#session.close(reason);
  }

  /** Tells the peer that the session is over, then ends it. */
  closeWithError(code: number, reason: Reason): void {
    this.#error(code, reason.message);
    this.close(reason);
  }

  /** Undefined also where the session is over: what the host says then was under way from where its media are, and the peer knows no such session. */
  get #rpc(): JsonRpcEndpoint | undefined {
    return this.#detached || this.#closed ? undefined : this.#options.rpc();
  }

  async #invite(offer: string, subprotocols: string[]): Promise<{ answer: string; subprotocols: string[] }> {
    const result = await this.#gate.request(async () => {
      const rpc = this.#rpc;
      if (rpc === undefined) throw new JsonRpcError(GONE, 'The signaling server is not connected');
      return rpc.request('invite', { session: this.id, offer, subprotocols }, INVITE_TIMEOUT_MS);
    });
    if (typeof result !== 'object' || result === null) throw new SignalingError(400, 'The answer to invite is not an object');
    const fields = result as Params;
    return { answer: readString(fields, 'answer'), subprotocols: readStrings(fields['subprotocols']) };
  }

  #trickle(candidate: IceCandidate): void {
    this.#rpc?.notify('trickle', { session: this.id, candidate });
  }

  #error(code: number, message: string): void {
    this.#rpc?.notifyError({ code, message, session: this.id });
  }

  /**
   * Edition 25.12 has the device ask the server for the new end; from 26.06 on the server tells. A server that says nothing of an
   * extension in either way gets what it announced: the session ends.
   */
  async #askForExtension(expiresAt: number, timeoutMs: number): Promise<void> {
    try {
      const result = await this.#rpc?.request('extend', { session: this.id }, timeoutMs);
      const seconds = readExpirySeconds((result as Params | null | undefined)?.['expiryTimeSeconds']);
      if (seconds !== undefined && performance.now() + seconds * 1000 > expiresAt + 1000) {
        this.expireIn(seconds);
        return;
      }
    } catch (error) {
      if (!(error instanceof JsonRpcError)) throw error;
    }
    // Meanwhile an extend of the server may have moved the end.
    if (this.#expiresAt === expiresAt) this.#schedule(expiresAt, () => this.#expire());
  }

  #expire(): void {
    const expired = new GatewayError('signaling.expired', 'The time that the signaling server gave the session is over.');
    this.closeWithError(GONE, reasonOf(expired));
  }

  /** Acts at a time of `performance.now()`, also beyond what one timer can wait. */
  #schedule(at: number, action: () => void): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    const delay = Math.min(Math.max(0, at - performance.now()), MAX_TIMER_MS);
    this.#timer = setTimeout(() => (delay === MAX_TIMER_MS ? this.#schedule(at, action) : action()), delay);
  }

  #forget(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#options.onClosed(this);
  }
}
