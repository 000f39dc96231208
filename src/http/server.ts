import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TokenVerifier } from '../access/grant.ts';
import { GatewayError, reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { isLoopbackHost } from '../base/loopback.ts';
import type { HttpTlsConfig } from '../config/gateway-config.ts';
import { isLoopbackAuthority } from './access.ts';
import type { GatewayView } from './gateway-view.ts';
import { Listener } from './listener.ts';
import { loadPageFiles, type PageFiles } from './page-files.ts';
import { Router } from './router.ts';
import { TlsIdentity } from './tls-identity.ts';

/** Takes a WebSocket handshake; the shape of `handleUpgrade` of the embedded signaling server. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface HttpServerOptions {
  /** Port 0: whatever the system gives. */
  listen: { host: string; port: number };
  /** Files of certificate and key; absent: in clear, which is allowed on loopback only. */
  tls?: HttpTlsConfig | undefined;
  view: GatewayView;
  log: Logger;
  /** Takes WebSocket handshakes at `/signaling`; absent where the signaling server is elsewhere. */
  signalingUpgrade?: UpgradeHandler;
  /** Who may see the cameras; open to whoever reaches the address is allowed on loopback only. */
  access: TokenVerifier & { readonly isOpen: boolean };
  /** Where the viewer page comes from; a test may put its own in place. */
  loadPage?: () => Promise<PageFiles>;
  /** Between two looks at the files of `tls`, milliseconds; default 10 s. */
  tlsIntervalMs?: number;
}

export interface HttpAddress {
  /** To open, without a path. */
  url: string;
  port: number;
  /** WebSocket URL by which the cameras of this process reach the embedded signaling server. */
  signaling: string;
}

export const SIGNALING_PATH = '/signaling';

const LOOPBACK = '127.0.0.1';
/** A client that does not read its answer loses its socket after this. */
const STALLED_ANSWER_TIMEOUT_MS = 30_000;

/** The gateway's one HTTP port: viewer page, API, health, metrics, and the way in to the embedded signaling server. */
export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #router: Router;
  readonly #loopback: boolean;
  readonly #identity: TlsIdentity | undefined;
  readonly #listeners: Listener[] = [];
  #closed: Promise<void> | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const { tls, view, log, access, loadPage = loadPageFiles, tlsIntervalMs } = options;
    this.#loopback = isLoopbackHost(options.listen.host);
    this.#router = new Router({ view, log, access, loopback: this.#loopback, loadPage });
    this.#identity =
      tls && new TlsIdentity({ files: tls, log, ...(tlsIntervalMs === undefined ? {} : { intervalMs: tlsIntervalMs }) });
  }

  /**
   * Listens, then prepares the viewer page in the background.
   *
   * @throws GatewayError `http.unprotected` for an address beyond loopback without tokens or TLS, `http.tls` when the certificate cannot be
   *   used, `http.listen` when the address cannot be had.
   */
  async start(): Promise<HttpAddress> {
    this.#checkProtection();
    const { listen, signalingUpgrade } = this.#options;
    const { host } = listen;
    const tls = this.#identity?.load();
    const main = this.#addListener({
      tls,
      onRequest: (request, response) => this.#answer(request, response),
      onUpgrade: (request, socket, head) => this.#upgrade(request, socket, head, this.#loopback),
    });
    const port = await main.listen(host, listen.port);
    this.#identity?.watch((renewed) => main.setIdentity(renewed));
    this.#router.preparePage();
    const authority = `${host.includes(':') ? `[${host.replace(/^\[(.*)\]$/, '$1')}]` : host}:${port}`;
    const url = `${tls === undefined ? 'http' : 'https'}://${authority}`;
    const hasDoor = tls !== undefined && signalingUpgrade !== undefined;
    const signaling = hasDoor ? `${LOOPBACK}:${await this.#openInnerDoor()}` : authority;
    return { url, port, signaling: `ws://${signaling}${SIGNALING_PATH}` };
  }

  /** Stops listening and ends every open socket, WebSockets too. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#identity?.close();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
  }

  #checkProtection(): void {
    const { access, tls, listen } = this.#options;
    if (this.#loopback) return;
    if (access.isOpen) {
      throw new GatewayError('http.unprotected', `Listening on ${listen.host} would show the cameras to the whole network.`, {
        advice: 'Set http.auth and http.tls in the config, or listen on 127.0.0.1.',
      });
    }
    if (tls === undefined) {
      throw new GatewayError('http.unprotected', `Listening on ${listen.host} without TLS would send the tokens in clear.`, {
        advice: 'Set http.tls in the config, or listen on 127.0.0.1 behind a reverse proxy that does TLS.',
      });
    }
  }

  /**
   * The certificate names the host as viewers know it. The cameras of this process come in clear, over loopback and by a door of their own,
   * since checking it there would need another name and not checking it would be no TLS.
   */
  #openInnerDoor(): Promise<number> {
    const door = this.#addListener({
      onRequest: (_request, response) => response.writeHead(404, { connection: 'close' }).end(),
      onUpgrade: (request, socket, head) => this.#upgrade(request, socket, head, true),
    });
    return door.listen(LOOPBACK, 0);
  }

  #addListener(options: Omit<ConstructorParameters<typeof Listener>[0], 'log'>): Listener {
    const listener = new Listener({ ...options, log: this.#options.log });
    this.#listeners.push(listener);
    return listener;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    response.setTimeout(STALLED_ANSWER_TIMEOUT_MS, () => request.socket.destroy());
    this.#router.answer(request, response).catch((error: unknown) => {
      this.#options.log.error({ reason: reasonOf(error) }, 'An HTTP request could not be answered.');
      request.socket.destroy();
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, onLoopback: boolean): void {
    const path = URL.parse(request.url ?? '', 'http://gateway')?.pathname;
    if (onLoopback && !isLoopbackAuthority(request.headers.host)) return refuse(socket, '421 Misdirected Request');
    if (path !== SIGNALING_PATH || this.#options.signalingUpgrade === undefined) return refuse(socket, '404 Not Found');
    this.#options.signalingUpgrade(request, socket, head);
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () => socket.destroy());
}
