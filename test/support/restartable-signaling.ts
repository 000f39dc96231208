import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StaticTokens } from '../../src/access/static-tokens.ts';
import { SignalingServer } from '../../src/signaling/server/server.ts';

/** A signaling server apart from any gateway, which can go away and come back at its port with no memory of anything. */
export class RestartableSignaling {
  readonly deviceToken = 'token-of-devices';
  readonly viewerToken = 'token-of-viewers';
  /** When devices registered, by `performance.now()`. */
  registrations: number[] = [];
  server: SignalingServer | undefined;
  #http: Server | undefined;
  #port = 0;

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/signaling`;
  }

  async start(): Promise<void> {
    const tokens = new StaticTokens({ clients: [{ token: this.viewerToken }], devices: [{ token: this.deviceToken }] });
    const server = new SignalingServer({
      tokens: {
        verify: (token) => {
          const grant = tokens.verify(token);
          if (grant?.role === 'device') this.registrations.push(performance.now());
          return grant;
        },
      },
    });
    const http = createServer().on('upgrade', (...upgrade) => server.handleUpgrade(...upgrade));
    http.listen(this.#port, '127.0.0.1');
    await once(http, 'listening');
    this.#port = (http.address() as AddressInfo).port;
    this.#http = http;
    this.server = server;
  }

  /** Closes all sockets, and nobody listens. */
  async stop(): Promise<void> {
    await this.server?.close();
    const http = this.#http;
    this.#http = undefined;
    this.server = undefined;
    if (http === undefined) return;
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
}

/** The most of these moments within a span of time. */
export function mostWithin(times: readonly number[], spanMs: number): number {
  return Math.max(0, ...times.map((time) => times.filter((other) => other >= time && other < time + spanMs).length));
}
