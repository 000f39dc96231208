import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { Failure } from '../case.ts';
import { type Message, RawPeer } from '../raw-peer.ts';
import type { Transcript } from '../transcript.ts';

const SUBPROTOCOL = 'webrtc.onvif.org';
const METHOD_NOT_FOUND = -32_601;
/** Of a device that connects again and again without a pause; and of other devices that are kept waiting. */
const MAX_VISITS = 1000;
/** An offer of many candidates has some 30 KiB. */
const MAX_FRAME_BYTES = 4 * 1024 * 1024;

/** How the station meets who connects: `refuse` answers the handshake with HTTP 503, `unauthorized` register with 401. */
export type Welcome = 'serve' | 'refuse' | 'without-subprotocol' | 'unauthorized';

export interface StationOptions {
  host: string;
  port: number;
  tls?: { cert: Buffer; key: Buffer };
  transcript: Transcript;
}

/** One attempt of a device to connect. */
export interface Visit {
  atMs: number;
  welcome: Welcome;
  subprotocols: string[];
  /** Of the handshake: by header, by query, or none. */
  token: { by: 'header' | 'query'; value: string } | undefined;
  from: string;
  /** The address of this machine by which the device reached it. */
  to: string | undefined;
  /** Absent where the handshake was refused. */
  connection?: DeviceConnection;
}

/** One WebSocket of the device. */
export interface DeviceConnection {
  peer: RawPeer;
  visit: Visit;
  openedAtMs: number;
  /** The register that was answered with an id; absent until it came. */
  register?: Message;
}

/** What the station answers when the device asks for an extension (25.12's reading of 5.2.7.2). */
export type AnswerExtend = (params: Message) => number | undefined;

/** The kit as signaling server: takes connections, keeps what was said at their beginning, and registers one device. */
export class DeviceStation {
  welcome: Welcome = 'serve';
  /** Every attempt of the device, in order, and those of others as long as they have not said who they are. */
  readonly visits: Visit[] = [];
  answerExtend: AnswerExtend = () => undefined;
  readonly #options: StationOptions;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #listeners = new Set<() => void>();
  /** Of the device that registered first: only that one is tested, though a gateway registers all its cameras. */
  #name: { value: unknown } | undefined;
  /**
   * The other devices. They are registered and left alone: sent away they would come back again and again, and a connection that is refused does
   * not tell whose it was.
   */
  readonly #others = new Set<RawPeer>();

  constructor(options: StationOptions) {
    this.#options = options;
    const { tls } = options;
    this.#server = tls === undefined ? createHttpServer() : createHttpsServer({ cert: tls.cert, key: tls.key });
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      handleProtocols: (offered) => (this.welcome !== 'without-subprotocol' && offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    this.#server.on('request', (_request, response) => response.writeHead(426).end('This is a WebSocket.\n'));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  async listen(): Promise<this> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => resolve());
    });
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What the camera is to be configured with, for a host name by which it reaches this machine. */
  urlFor(host: string): string {
    const scheme = this.#options.tls === undefined ? 'ws' : 'wss';
    return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${this.port}/signaling`;
  }

  /** The connection that is registered now. */
  get registered(): DeviceConnection | undefined {
    return this.visits.findLast(({ connection }) => connection?.register !== undefined && connection.peer.isOpen)?.connection;
  }

  /** The attempts since then, by `performance.now()`. */
  visitsSince(sinceMs: number): Visit[] {
    return this.visits.filter(({ atMs }) => atMs > sinceMs);
  }

  /** How people know the device, once it registered. */
  get deviceName(): string {
    const name = this.#name?.value;
    const from = this.visits.findLast(({ connection }) => connection?.register !== undefined)?.from;
    if (from === undefined) return 'no device registered';
    return typeof name === 'string' ? `${name} (${from})` : from;
  }

  /** What `look` finds, asked again after each thing that happens; a {@link Failure} when it finds nothing in time. */
  async until<Value>(what: string, look: () => Value | undefined, timeoutMs: number, signal?: AbortSignal): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const check = (): void => {
      const found = look();
      if (found !== undefined) resolve(found);
    };
    const abort = (): void => reject(signal?.reason);
    const timer = setTimeout(() => reject(new Failure(`${what} within ${timeoutMs / 1000} s`, 'nothing of the kind')), timeoutMs);
    this.#listeners.add(check);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    else check();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(check);
      signal?.removeEventListener('abort', abort);
    });
  }

  /** Cuts the connections of the device without a word. */
  dropAll(): void {
    for (const { connection } of this.visits) connection?.peer.drop();
  }

  async close(): Promise<void> {
    this.dropAll();
    for (const peer of this.#others) peer.drop();
    this.#sockets.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { transcript } = this.#options;
    if (this.visits.length >= MAX_VISITS) {
      socket.destroy();
      return;
    }
    const visit = visitOf(request, this.welcome);
    this.visits.push(visit);
    transcript.note(
      `the device connects from ${visit.from} with subprotocols ${JSON.stringify(visit.subprotocols)} and ${visit.token === undefined ? 'no token' : `a token by ${visit.token.by}`}`,
    );
    socket.on('error', () => undefined);
    if (visit.welcome === 'refuse') {
      transcript.note('its handshake is answered with HTTP 503');
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      this.#tell();
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const peer = new RawPeer(webSocket, { name: 'device', transcript });
      const connection: DeviceConnection = { peer, visit, openedAtMs: performance.now() };
      visit.connection = connection;
      peer.onMessage((message) => this.#answer(connection, message));
      webSocket.on('close', () => this.#tell());
      this.#tell();
    });
    this.#tell();
  }

  /** What a server answers by itself; all else is the cases' to answer. */
  #answer(connection: DeviceConnection, message: Message): void {
    const { peer, visit } = connection;
    const { method, id } = message;
    const params = typeof message['params'] === 'object' && message['params'] !== null ? (message['params'] as Message) : {};
    if (method === 'register') {
      this.#name ??= { value: params['name'] };
      if (this.#name.value !== params['name'] || this.#isBesideFirst(visit)) this.#park(connection, id);
      else if (visit.welcome === 'unauthorized') peer.respondError(id, 401, 'Authorization failed');
      else {
        connection.register = message;
        peer.respond(id, { id: 'device-under-test' });
      }
    } else if (method === 'unregister') peer.respond(id, null);
    else if (method === 'extend' && id !== undefined) {
      const seconds = this.answerExtend(params);
      if (seconds === undefined) peer.respondError(id, METHOD_NOT_FOUND, 'Method not found');
      else peer.respond(id, { expiryTimeSeconds: seconds });
    }
    queueMicrotask(() => this.#tell());
  }

  /**
   * Names are optional, and several cameras may have the same: who comes from elsewhere while the first is there is another. From the same address
   * it is the first, which may have lost its connection before the kit knows.
   */
  #isBesideFirst({ from }: Visit): boolean {
    const first = this.registered;
    return first !== undefined && first.visit.from !== from;
  }

  #park({ peer, visit }: DeviceConnection, registerId: unknown): void {
    const index = this.visits.indexOf(visit);
    if (index !== -1) this.visits.splice(index, 1);
    if (this.#others.size >= MAX_VISITS) {
      peer.drop();
      return;
    }
    this.#options.transcript.note(`another device is there, from ${visit.from}: it is kept waiting`);
    this.#others.add(peer);
    peer.socket.once('close', () => this.#others.delete(peer));
    peer.respond(registerId, { id: `another-device-${this.#others.size}` });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function visitOf(request: IncomingMessage, welcome: Welcome): Visit {
  const { headers, socket, url = '/' } = request;
  const bearer = /^Bearer +(.+)$/i.exec(headers.authorization ?? '')?.[1];
  const query = new URL(url, 'http://station').searchParams.get('access_token') ?? undefined;
  const byHeader = bearer === undefined ? undefined : { by: 'header' as const, value: bearer };
  const byQuery = query === undefined ? undefined : { by: 'query' as const, value: query };
  return {
    atMs: performance.now(),
    welcome,
    subprotocols: (headers['sec-websocket-protocol'] ?? '').split(',').flatMap((name) => name.trim() || []),
    token: byHeader ?? byQuery,
    from: plainAddress(socket.remoteAddress) ?? 'somewhere',
    to: plainAddress(socket.localAddress),
  };
}

/** A listener on `::` sees IPv4 addresses in the disguise of RFC 4291 section 2.5.5.2. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/i, '');
}
