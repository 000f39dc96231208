import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { GatewayError, reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { isLoopbackHost } from '../base/loopback.ts';
import { ViewerAccess, type ViewerToken, isLoopbackAuthority } from './access.ts';
import type { GatewayView } from './gateway-view.ts';
import { loadPageFiles, type PageFiles } from './page-files.ts';
import { Router } from './router.ts';

/** Takes a WebSocket handshake; the shape of `handleUpgrade` of the embedded signaling server. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface HttpServerOptions {
  /** Port 0: whatever the system gives. */
  listen: { host: string; port: number };
  view: GatewayView;
  log: Logger;
  /** Takes WebSocket handshakes at `/signaling`; absent where the signaling server is elsewhere. */
  signalingUpgrade?: UpgradeHandler;
  /** Who may see the cameras. Empty: whoever reaches the address, which is allowed on loopback only. */
  viewerTokens: readonly ViewerToken[];
  /** Where the viewer page comes from; a test may put its own in place. */
  loadPage?: () => Promise<PageFiles>;
}

export const SIGNALING_PATH = '/signaling';

/** Viewers' and cameras' signaling sockets count too. */
const MAX_SOCKETS = 2048;
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_HEADERS = 64;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_TIMEOUT_MS = 10_000;
/** A client that does not read its answer loses its socket after this. */
const STALLED_ANSWER_TIMEOUT_MS = 30_000;

/** The gateway's one HTTP port: viewer page, API, health, metrics, and the way in to the embedded signaling server. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #server: Server;
  readonly #router: Router;
  readonly #loopback: boolean;
  /** All open sockets, also those that became WebSockets, which node:http no longer knows. */
  readonly #sockets = new Set<Duplex>();
  #closed: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#loopback = isLoopbackHost(options.listen.host);
    this.#router = new Router({
      view: options.view,
      log: options.log,
      access: new ViewerAccess(options.viewerTokens),
      loopback: this.#loopback,
      loadPage: options.loadPage ?? loadPageFiles,
    });
    this.#server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    });
    this.#server.maxConnections = MAX_SOCKETS;
    this.#server.maxHeadersCount = MAX_HEADERS;
  }

  /**
   * Listens, then prepares the viewer page in the background.
   *
   * @returns The address to open, without a path, and the port that the system gave.
   * @throws GatewayError `http.unprotected` for an address beyond loopback without viewer tokens, `http.listen` when the address cannot be had.
   */
  async start(): Promise<{ url: string; port: number }> {
    const { host, port } = this.#options.listen;
    if (!this.#loopback && this.#options.viewerTokens.length === 0) {
      throw new GatewayError('http.unprotected', `Listening on ${host} would show the cameras to the whole network.`, {
        advice: 'Set http.auth in the config, or listen on 127.0.0.1.',
      });
    }
    this.#server.on('connection', (socket) => this.#track(socket));
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on('request', (request, response) => {
      response.setTimeout(STALLED_ANSWER_TIMEOUT_MS, () => request.socket.destroy());
      this.#router.answer(request, response).catch((error: unknown) => {
        this.#options.log.error({ reason: reasonOf(error) }, 'An HTTP request could not be answered.');
        request.socket.destroy();
      });
    });
    await this.#listen(host, port);
    this.#router.preparePage();
    const actual = (this.#server.address() as AddressInfo).port;
    return { url: `http://${host.includes(':') ? `[${host.replace(/^\[(.*)\]$/, '$1')}]` : host}:${actual}`, port: actual };
  }

  /** Stops listening and ends every open socket, WebSockets too. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      // The error says that it was not listening, which is what we want.
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
    return this.#closed;
  }

  #listen(host: string, port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port));
      this.#server.once('error', onError);
      this.#server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port }, () => {
        this.#server.off('error', onError);
        this.#server.on('error', (error) => this.#options.log.error({ reason: reasonOf(error) }, 'HTTP server error.'));
        resolve();
      });
    });
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // node:http takes its own error listener off before this event; without one a reset would end the process.
    socket.on('error', () => socket.destroy());
    const path = URL.parse(request.url ?? '', 'http://gateway')?.pathname;
    if (this.#loopback && !isLoopbackAuthority(request.headers.host)) return refuse(socket, '421 Misdirected Request');
    if (path !== SIGNALING_PATH || this.#options.signalingUpgrade === undefined) return refuse(socket, '404 Not Found');
    this.#options.signalingUpgrade(request, socket, head);
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): GatewayError {
  const place = `${host}:${port}`;
  if (error.code === 'EADDRINUSE') {
    return new GatewayError('http.listen', `Another program already listens on ${place}.`, {
      advice: 'End that program, or set another http.listen.',
      cause: error,
    });
  }
  return new GatewayError('http.listen', `Cannot listen on ${place}: ${error.message}.`, {
    advice: 'Set http.listen to an address of this machine and a port that this user may use.',
    cause: error,
  });
}
