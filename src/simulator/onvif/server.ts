import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { GatewayError } from '../../base/errors.ts';
import type { Authenticator } from './authenticator.ts';
import { NAMESPACES } from './namespaces.ts';
import type { Call, Endpoint } from './service.ts';
import {
  actionNotSupported,
  buildEnvelope,
  buildFault,
  notAuthorized,
  parseEnvelope,
  SoapFault,
  type SoapRequest,
} from './soap.ts';

const MAX_BODY_BYTES = 256 * 1024;

export interface OnvifServerOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  endpoints: readonly Endpoint[];
  authenticator: Authenticator;
  /** PEM; with it the server speaks https and nothing else. */
  certificate?: { key: string; cert: string };
  /** Awaited before each request is looked at; the camera's faults on demand hold requests here. */
  gate?: (signal: AbortSignal) => Promise<void>;
}

const PREFIXES = new Map<string, string>(Object.entries(NAMESPACES).map(([prefix, uri]) => [uri, prefix]));

/** The camera's web server: SOAP 1.2 over HTTP POST, one path for each endpoint. */
export class OnvifServer {
  readonly #options: OnvifServerOptions;
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #http: Server;
  readonly #closing = new AbortController();

  constructor(options: OnvifServerOptions) {
    this.#options = options;
    this.#endpoints = new Map(options.endpoints.map((endpoint) => [endpoint.path, endpoint]));
    const serve = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    const { certificate } = options;
    this.#http = certificate === undefined ? createServer(serve) : createSecureServer(certificate, serve);
  }

  /** Listens; resolves to the port. Throws `simulator.port-taken`. */
  async start(): Promise<number> {
    const { host, port } = this.#options;
    this.#http.listen(port, host);
    try {
      await once(this.#http, 'listening');
    } catch (error) {
      throw new GatewayError('simulator.port-taken', `The simulated camera cannot listen on ${host}:${port}.`, {
        advice: 'Choose another ONVIF port, or end the program that holds this one.',
        cause: error,
      });
    }
    return (this.#http.address() as AddressInfo).port;
  }

  /** Refuses new connections and cuts those that are open. */
  async close(): Promise<void> {
    this.#closing.abort();
    if (!this.#http.listening) return;
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const hungUp = new AbortController();
    response.once('close', () => hungUp.abort());
    const signal = AbortSignal.any([hungUp.signal, this.#closing.signal]);
    try {
      await this.#options.gate?.(signal);
      const answer = await this.#answer(request, signal);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    } catch {
      // The client hung up in the middle of its request, or the camera goes away.
      response.destroy();
    }
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<HttpAnswer> {
    const url = URL.parse(request.url ?? '', 'http://camera');
    const endpoint = url === null ? undefined : this.#endpoints.get(url.pathname);
    if (url === null || endpoint === undefined) return { status: 404, headers: {}, body: '' };
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' }, body: '' };
    const body = await readBody(request);
    if (body === undefined) return { status: 413, headers: { connection: 'close' }, body: '' };

    try {
      // curl and its like send an empty body first when they expect a challenge.
      const soap = body === '' ? undefined : parseEnvelope(body);
      const verdict = this.#options.authenticator.judge(soap, request.headers.authorization);
      if (verdict === 'refused') throw notAuthorized();
      if (verdict !== 'granted') {
        return { status: 401, headers: { ...SOAP, 'www-authenticate': verdict.challenges }, body: buildFault(notAuthorized()) };
      }
      if (soap === undefined) throw new SoapFault('Sender', ['WellFormed'], 'The request has no body');
      const authority = authorityOf(request);
      const origin = `${this.#options.certificate === undefined ? 'http' : 'https'}://${authority}`;
      const call = { operation: soap.operation, authority, origin, query: url.searchParams, signal };
      return { status: 200, headers: SOAP, body: await dispatch(endpoint, soap, call) };
    } catch (error) {
      const fault = error instanceof SoapFault ? error : new SoapFault('Receiver', ['Action'], `Action Failed: ${String(error)}`);
      return { status: fault.httpStatus, headers: SOAP, body: buildFault(fault) };
    }
  }
}

interface HttpAnswer {
  status: number;
  headers: Record<string, string | string[]>;
  body: string;
}

const SOAP = { 'content-type': 'application/soap+xml; charset=utf-8' };

async function dispatch(endpoint: Endpoint, soap: SoapRequest, call: Call): Promise<string> {
  const { namespace, name } = call.operation;
  const handler = endpoint.operations[`${PREFIXES.get(namespace) ?? ''}:${name}`];
  if (handler === undefined) throw actionNotSupported('Optional Action Not Implemented');
  return buildEnvelope(await handler(call), soap);
}

/** The body as text, or undefined where it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What the client wrote as Host, so that URIs in answers lead it back the way it came; else where its packets arrived. */
function authorityOf(request: IncomingMessage): string {
  const host = request.headers.host ?? '';
  if (/^(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host)) return host;
  const { localAddress = '127.0.0.1', localPort = 80 } = request.socket;
  return localAddress.includes(':') ? `[${localAddress}]:${localPort}` : `${localAddress}:${localPort}`;
}
