import { once } from 'node:events';
import { request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { request as requestSecurely } from 'node:https';
import { connect } from 'node:net';
import { afterAll, afterEach } from 'vitest';
import { Access } from '../../../src/access/access.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { ViewerToken } from '../../../src/config/gateway-config.ts';
import type { PageFiles } from '../../../src/http/page-files.ts';
import { HttpServer, type HttpServerOptions } from '../../../src/http/server.ts';
import { type CertificateFiles, certificateFiles } from '../../support/certificate.ts';
import { StubView } from './stub-view.ts';

export const PAGE: PageFiles = new Map([
  ['/', { body: Buffer.from('<!doctype html>'), contentType: 'text/html; charset=utf-8', immutable: false }],
  ['/assets/main-1a2b.js', { body: Buffer.from('run()'), contentType: 'text/javascript; charset=utf-8', immutable: true }],
]);

/** Run after each test, the last first. */
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

type StartOptions = Partial<HttpServerOptions> & { viewerTokens?: ViewerToken[] };

export async function start({ viewerTokens = [], ...options }: StartOptions = {}): Promise<{
  url: string;
  port: number;
  view: StubView;
  server: HttpServer;
}> {
  const view = new StubView();
  const server = new HttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    view,
    log: silentLogger,
    loadPage: () => Promise.resolve(PAGE),
    access: new Access({ viewerTokens, log: silentLogger }),
    ...options,
  });
  closers.push(() => server.close());
  return { ...(await server.start()), view, server };
}

/** Beyond loopback there is only TLS; `url` is asked by {@link ask} over loopback all the same. */
export async function startBeyondLoopback(viewerTokens: ViewerToken[]): Promise<{ url: string; view: StubView }> {
  const { port, view } = await start({ viewerTokens, listen: { host: '0.0.0.0', port: 0 }, tls: certificateOfTest() });
  return { url: `https://127.0.0.1:${port}`, view };
}

export function certificateOfTest(): CertificateFiles {
  certificate ??= certificateFiles();
  return certificate;
}

let certificate: CertificateFiles | undefined;
afterAll(() => certificate?.remove());

interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  body: string;
}

/** `fetch` refuses to set `Host`, so tests speak through node:http. */
export async function ask(url: string, headers: OutgoingHttpHeaders = {}, method = 'GET'): Promise<Reply> {
  const options = { method, headers, agent: false } as const;
  const outgoing = url.startsWith('https')
    ? requestSecurely(url, { ...options, ca: certificate?.pem, servername: '' })
    : request(url, options);
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}

/** Writes raw bytes and gives all that comes back until the server ends the connection. */
export async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}
