import { randomBytes } from 'node:crypto';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { SignalingStats } from '../../base/api.ts';
import { type Logger, silentLogger } from '../../base/log.ts';
import { isLoopbackHost } from '../../base/loopback.ts';
import { SIGNALING_SUBPROTOCOL } from '../../base/signaling.ts';
import type { ConfiguredIceServer } from '../../base/turn-credentials.ts';
import { ServerConnection } from './connection.ts';
import { DEFAULT_LIMITS, type ServerLimits } from './limits.ts';
import { ServerSessions } from './sessions.ts';
import { MAX_FRAME_BYTES } from '../signaling-socket.ts';
import type { Grant, TokenVerifier } from '../../access/grant.ts';

export interface SignalingServerOptions {
  tokens: TokenVerifier;
  /** Given to both sides of each session, those with a secret with credentials of the session's own. */
  iceServers?: readonly ConfiguredIceServer[];
  /** Sessions end after this many seconds unless the client extends; absent: they have no end. */
  expiryTimeSeconds?: number;
  limits?: Partial<ServerLimits>;
  /** Default 30 s. */
  pingIntervalMs?: number;
  log?: Logger;
}

const PING_INTERVAL_MS = 30_000;

/**
 * The embedded signaling server (ONVIF WebRTC chapter 5), attached to an HTTP server's upgrade. Tokens are judged at register, so that a
 * browser, which sees nothing of a refused upgrade, is told 401.
 */
export class SignalingServer {
  readonly #options: SignalingServerOptions;
  readonly #limits: ServerLimits;
  readonly #log: Logger;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
    handleProtocols: () => SIGNALING_SUBPROTOCOL,
  });
  /** With the address that each comes from. */
  readonly #connections = new Map<ServerConnection, string | undefined>();
  readonly #peers = new Map<string, ServerConnection>();
  readonly #sessions: ServerSessions;
  readonly #counts = { refusedConnections: 0, refusedTokens: 0, malformedFrames: 0, droppedMessages: 0 };
  #closed = false;

  constructor(options: SignalingServerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#log = options.log ?? silentLogger;
    this.#sessions = new ServerSessions({
      limits: this.#limits,
      iceServers: options.iceServers ?? [],
      expiryTimeSeconds: options.expiryTimeSeconds,
      onDropped: () => (this.#counts.droppedMessages += 1),
    });
  }

  get stats(): SignalingStats {
    let devices = 0;
    for (const connection of this.#peers.values()) if (connection.role === 'device') devices += 1;
    return {
      connections: this.#connections.size,
      devices,
      clients: this.#peers.size - devices,
      sessions: this.#sessions.size,
      ...this.#counts,
    };
  }

  /** For the `upgrade` event of a node:http server, once the path is known to be ours. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(SIGNALING_SUBPROTOCOL)) {
      this.#counts.refusedConnections += 1;
      refuseUpgrade(socket, 400, `The WebSocket subprotocol ${SIGNALING_SUBPROTOCOL} is required.`);
      return;
    }
    this.#makeRoomFor(request.socket.remoteAddress);
    if (this.#closed || this.#connections.size >= this.#limits.connections) {
      this.#counts.refusedConnections += 1;
      refuseUpgrade(socket, 503, 'There is no room for another connection.');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket, request));
  }

  /** Closes all connections; sessions that are connected peer to peer live on. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#connections.keys()].map((connection) => connection.end(1001, 'The server is going down')));
  }

  #accept(webSocket: WebSocket, request: IncomingMessage): void {
    const connection: ServerConnection = new ServerConnection(webSocket, {
      token: tokenOf(request),
      limits: this.#limits,
      pingIntervalMs: this.#options.pingIntervalMs ?? PING_INTERVAL_MS,
      sessions: this.#sessions,
      log: this.#log,
      verify: (token) => this.#verify(token, request),
      assignId: (grant, name) => this.#assignId(connection, grant, name),
      releaseId: (id) => {
        if (this.#peers.get(id) === connection) this.#peers.delete(id);
      },
      peer: (id) => this.#peers.get(id),
      onMalformed: () => (this.#counts.malformedFrames += 1),
      onRefused: () => (this.#counts.refusedConnections += 1),
      onClosed: () => this.#connections.delete(connection),
    });
    this.#connections.set(connection, request.socket.remoteAddress);
  }

  /**
   * Strangers who only connect take neither all the room nor that of others of their address, which behind a reverse proxy is everybody's: the
   * one that has waited longest goes.
   */
  #makeRoomFor(address: string | undefined): void {
    const waiting = [...this.#connections].filter(([connection, from]) => from === address && !connection.isRegistered);
    const [[longest] = []] = waiting;
    if (longest === undefined || waiting.length < this.#limits.unregisteredPerAddress) return;
    this.#connections.delete(longest);
    longest.cutOff();
  }

  async #verify(token: string | undefined, request: IncomingMessage): Promise<Grant | undefined> {
    // Without a token the browser's user is all that stands for the visitor, so a page from elsewhere must not use it.
    const grant = token === undefined && !isOwnPage(request) ? undefined : await this.#options.tokens.verify(token);
    if (grant === undefined) this.#counts.refusedTokens += 1;
    return grant;
  }

  /**
   * Clients get a random id. A device gets the one that its token is bound to, where the newest connection wins, or one made from its name.
   */
  async #assignId(connection: ServerConnection, grant: Grant, name: string | undefined): Promise<string> {
    if (grant.role === 'client') return this.#take(`client-${randomBytes(12).toString('base64url')}`, connection);
    if (grant.peer !== undefined) return this.#take(grant.peer, connection);
    const wanted = slugOf(name);
    for (let number = 1; ;) {
      const id = number === 1 ? wanted : `${wanted}-${number}`;
      const before = this.#peers.get(id);
      // A device that came back while its old connection is half open must get its id again; one of the same name must not take it away.
      const isTaken = await before?.isResponsive();
      // Another one may have got it meanwhile.
      if (this.#peers.get(id) !== before) continue;
      if (isTaken !== true) return this.#take(id, connection);
      number += 1;
    }
  }

  #take(id: string, connection: ServerConnection): string {
    const before = this.#peers.get(id);
    if (before !== connection) before?.supersede();
    this.#peers.set(id, connection);
    return id;
  }
}

/** The token of the handshake: `Authorization: Bearer` (RFC 6750 section 2.1) or `?access_token=` (section 2.3). */
function tokenOf(request: IncomingMessage): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const query = URL.parse(request.url ?? '', 'ws://host')?.searchParams.get('access_token');
  return query === null || query === '' ? undefined : query;
}

/** Not sent by a browser, or by a page that this server gave out under a name that cannot be made to point here (DNS rebinding). */
function isOwnPage(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined) return true;
  const page = URL.parse(origin);
  if (page === null || page.host !== host?.toLowerCase()) return false;
  return isLoopbackHost(page.hostname);
}

/** The socket is ours alone by now: one that the other side leaves half open would take room for ever. */
function refuseUpgrade(socket: Duplex, status: number, text: string): void {
  socket.on('error', () => {});
  socket.once('finish', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\nSec-WebSocket-Protocol: ${SIGNALING_SUBPROTOCOL}\r\n\r\n${text}`,
  );
}

/** A name as an id that stays the same over restarts: lower case, words joined by hyphens. */
function slugOf(name: string | undefined): string {
  const slug = (name ?? '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
  return slug === '' ? 'device' : slug;
}
