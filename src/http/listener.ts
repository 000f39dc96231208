import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { GatewayError, reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { TlsPems } from '../config/tls-files.ts';

export interface ListenerOptions {
  /** Absent: http in clear. */
  tls?: TlsPems | undefined;
  onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** The socket ends with an error of its own at any time, which needs no listener. */
  onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  log: Logger;
}

/** Viewers' and cameras' signaling sockets count too. */
const MAX_SOCKETS = 2048;
const MAX_HEADERS = 64;
const BOUNDS: ServerOptions = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 10_000,
};
const TLS_BOUNDS = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const;

/** One TCP port of http or https, bounded, whose end is the end of every socket, WebSockets too. */
export class Listener {
  readonly #server: Server;
  readonly #log: Logger;
  /** All open sockets, also those that became WebSockets, which node:http no longer knows. */
  readonly #sockets = new Set<Duplex>();

  constructor({ tls, onRequest, onUpgrade, log }: ListenerOptions) {
    this.#log = log;
    this.#server = tls === undefined ? createServer(BOUNDS) : createSecureServer({ ...BOUNDS, ...TLS_BOUNDS, ...tls });
    this.#server.maxConnections = MAX_SOCKETS;
    this.#server.maxHeadersCount = MAX_HEADERS;
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('request', onRequest);
    this.#server.on('upgrade', (request, socket, head) => {
      // node:http takes its own error listener off before this event; without one a reset would end the process.
      socket.on('error', () => socket.destroy());
      onUpgrade(request, socket, head);
    });
  }

  /**
   * @returns The port that the system gave, where that was 0.
   * @throws GatewayError `http.listen` when the address cannot be had.
   */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException): void => reject(listenError(error, host, port));
      this.#server.once('error', onError);
      this.#server.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port }, () => {
        this.#server.off('error', onError);
        this.#server.on('error', (error) => this.#log.error({ reason: reasonOf(error) }, 'HTTP server error.'));
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** From the next handshake on. */
  setIdentity(tls: TlsPems): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext({ ...tls, minVersion: TLS_BOUNDS.minVersion });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      // The error says that it was not listening, which is what we want.
      this.#server.close(() => resolve());
      for (const socket of this.#sockets) socket.destroy();
    });
  }
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
