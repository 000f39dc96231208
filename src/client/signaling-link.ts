import { type IceCandidate, type IceServer, readIceCandidate, readIceServers } from '../base/ice.ts';
import { type ErrorNotification, JsonRpcEndpoint, type Params } from '../base/json-rpc.ts';
import { Gate, readExpirySeconds, readString, readStrings, SIGNALING_SUBPROTOCOL, SignalingError } from '../base/signaling.ts';
import type { Socket } from './peer-connection.ts';

export interface SignalingLinkOptions {
  /** A `ws:`, `wss:`, `http:` or `https:` URL, or in a page a path on its own server. */
  server: string;
  /** Asked at register and before each extension. */
  token: () => Promise<string | undefined>;
  createWebSocket: (url: string, subprotocol: string) => Socket;
  /** Answers the device's offer; what it throws the device gets as 400. */
  onInvite: (offer: string, subprotocols: string[]) => Promise<{ answer: string; subprotocols: string[] }>;
  /** Also before the offer. */
  onCandidate: (candidate: IceCandidate) => void;
  onErrorNotification: (code: number, message: string) => void;
  /** The socket is gone, for whatever cause; not after {@link SignalingLink.close}. */
  onLost: () => void;
}

export interface OpenedSession {
  session: string;
  iceServers: IceServer[];
  /** Seconds until the session ends; undefined: no end. */
  expirySeconds: number | undefined;
}

const CONNECT_TIMEOUT_MS = 15_000;
const OPEN = 1;

/** The client's WebSocket to the signaling server, for one session (ONVIF WebRTC chapter 5). */
export class SignalingLink {
  readonly #options: SignalingLinkOptions;
  readonly #rpc: JsonRpcEndpoint;
  /** The device must not get candidates before the answer that they belong to. */
  readonly #candidates = new Gate();
  #socket: Socket | undefined;
  #session: string | undefined;
  #closed = false;

  constructor(options: SignalingLinkOptions) {
    this.#options = options;
    this.#rpc = new JsonRpcEndpoint({
      send: (text) => {
        if (this.#socket?.readyState === OPEN) this.#socket.send(text);
      },
      onErrorNotification: (error) => this.#onError(error),
    });
    this.#rpc.handle('invite', async (params, call) => {
      call.afterAnswer(() => this.#candidates.open());
      return this.#onInvite(params);
    });
    this.#rpc.handle('trickle', (params) => this.#onTrickle(params));
  }

  /** Opens the socket, registers and asks for a session. Rejects with a SignalingError. */
  async open(peer: string, profile: string | undefined): Promise<OpenedSession> {
    try {
      const token = await this.#options.token();
      await this.#openSocket(token);
      const authorization = token === undefined ? {} : { authorization: token };
      await this.#rpc.request('register', authorization);
      const request = { peer, ...authorization, ...(profile === undefined ? {} : { profile }) };
      const answer = ((await this.#rpc.request('connect', request, CONNECT_TIMEOUT_MS)) ?? {}) as Params;
      const session = readString(answer, 'session');
      this.#session = session;
      return {
        session,
        iceServers: readIceServers(answer['iceServers']),
        expirySeconds: readExpirySeconds(answer['expiryTimeSeconds']),
      };
    } catch (error) {
      throw SignalingError.from(error);
    }
  }

  /** Tells the device a candidate of ours; an empty one says that all were sent. */
  trickle(candidate: IceCandidate): void {
    this.#candidates.run(() => this.#rpc.notify('trickle', { session: this.#session, candidate }));
  }

  /** Asks for more time; seconds until the new end. */
  async extend(): Promise<number> {
    const token = await this.#options.token();
    const authorization = token === undefined ? {} : { authorization: token };
    const answer = await this.#rpc.request('extend', { session: this.#session, ...authorization });
    const seconds = readExpirySeconds((answer as Params | null)?.['expiryTimeSeconds']);
    if (seconds === undefined) throw new SignalingError(400, 'The server did not say how long the session lasts');
    return seconds;
  }

  notifyError(code: number, message: string): void {
    if (this.#session !== undefined) this.#rpc.notifyError({ code, message, session: this.#session });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rpc.close();
    this.#socket?.close(1000);
  }

  async #openSocket(token: string | undefined): Promise<void> {
    const url = socketUrl(this.#options.server);
    // A browser cannot set headers on a WebSocket, so the token goes into the query (RFC 6750 section 2.3).
    if (token !== undefined) url.searchParams.set('access_token', token);
    if (this.#closed) throw new SignalingError(410);
    const socket = this.#options.createWebSocket(url.href, SIGNALING_SUBPROTOCOL);
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#rpc.receive(data));
    // An error event is always followed by close, and says nothing in a browser.
    socket.addEventListener('error', () => {});
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('close', () => reject(new SignalingError(503)));
    });
    socket.addEventListener('close', () => {
      this.#rpc.close();
      if (!this.#closed) this.#options.onLost();
    });
  }

  async #onInvite(params: Params): Promise<{ answer: string; subprotocols: string[] }> {
    this.#checkSession(readString(params, 'session'));
    return this.#options.onInvite(readString(params, 'offer'), readStrings(params['subprotocols']));
  }

  #onTrickle(params: Params): void {
    this.#checkSession(readString(params, 'session'));
    const candidate = readIceCandidate(params['candidate']);
    if (candidate === undefined) this.notifyError(1003, 'The ICE candidate is malformed');
    else this.#options.onCandidate(candidate);
  }

  #onError({ code, message, session }: ErrorNotification): void {
    if (session === undefined || this.#session === undefined || session === this.#session)
      this.#options.onErrorNotification(code, message);
  }

  /** A device can be faster than the answer to connect is on its way; there is only one session on this socket. */
  #checkSession(session: string): void {
    if (this.#session !== undefined && session !== this.#session) throw new SignalingError(400, 'There is no such session');
    this.#session ??= session;
  }
}

function socketUrl(server: string): URL {
  const page = (globalThis as { location?: { href: string } }).location?.href;
  const url = URL.parse(server, page);
  if (url !== null) url.protocol = url.protocol.replace(/^http/, 'ws');
  if (url === null || !/^wss?:$/.test(url.protocol))
    throw new SignalingError(503, `"${server}" is not the address of a signaling server.`);
  return url;
}
