import { constants, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A client that may get tokens, and how it must show who it is. */
export type OAuthClientEntry = { id: string } & (
  | { method: 'client_secret_basic' | 'client_secret_post'; secret: string }
  | { method: 'private_key_jwt'; publicKey: KeyObject; algorithm: string; keyId?: string }
);

export interface OAuthServerOptions {
  client: OAuthClientEntry;
  /** By https. */
  tls?: { key: string; cert: string };
  /** Of the issuer; default none. */
  path?: string;
}

type KeyClient = Extract<OAuthClientEntry, { method: 'private_key_jwt' }>;

interface Answer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** RFC 7518 section 3.1: what node:crypto calls the algorithms. */
const HASHES: Readonly<Record<string, string | null>> = {
  ...{ RS256: 'sha256', PS256: 'sha256', ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', EdDSA: null },
};
const MAX_ASSERTION_S = 600;

/**
 * An OAuth 2.0 authorization server for client credentials (RFC 6749 section 4.4), written from the RFCs without the code under test: it
 * checks what comes in with node:crypto alone, and refuses as section 5.2 says.
 */
export class OAuthServer {
  /** Of each request for a token, in their order: its form. */
  readonly requests: URLSearchParams[] = [];
  /** Paths of the requests for metadata. */
  readonly metadataRequests: string[] = [];
  readonly issued: string[] = [];
  /** Claims of each assertion that was accepted. */
  readonly assertions: Record<string, unknown>[] = [];
  /** `expires_in`; undefined: it is not said. */
  lifetime: number | undefined = 3600;
  /** Given in place of a token. */
  answer: Answer | undefined;
  /** Where the metadata are; RFC 8414 section 3.1 by default. */
  metadataPath: string;
  metadata: Record<string, unknown> = {};
  /** The token of a number, 1 on. */
  tokenOf = (number: number): string => `token-${number}`;
  readonly #options: OAuthServerOptions;
  readonly #server: Server;
  readonly #usedIds = new Set<unknown>();

  constructor(options: OAuthServerOptions) {
    this.#options = options;
    const { path = '', tls } = options;
    this.metadataPath = `/.well-known/oauth-authorization-server${path}`;
    const onRequest = (request: IncomingMessage, response: ServerResponse): void => void this.#answer(request, response);
    this.#server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get origin(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get issuer(): string {
    return `${this.origin}${this.#options.path ?? ''}`;
  }

  get tokenEndpoint(): string {
    return `${this.origin}/token`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const { pathname } = new URL(request.url ?? '', this.origin);
    const { status, body, headers } =
      pathname === '/token' ? this.#token(request, Buffer.concat(parts).toString()) : this.#metadata(pathname);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }

  #metadata(path: string): Answer {
    this.metadataRequests.push(path);
    if (path !== this.metadataPath) return { status: 404, body: {} };
    return { status: 200, body: { issuer: this.issuer, token_endpoint: this.tokenEndpoint, ...this.metadata } };
  }

  #token({ method, headers }: IncomingMessage, text: string): Answer {
    const form = new URLSearchParams(text);
    this.requests.push(form);
    if (this.answer !== undefined) return this.answer;
    const isForm = headers['content-type'] === 'application/x-www-form-urlencoded';
    if (method !== 'POST' || !isForm || form.get('grant_type') !== 'client_credentials') {
      return { status: 400, body: { error: 'unsupported_grant_type' } };
    }
    const fault = this.#clientFault(headers.authorization, form);
    if (fault !== undefined) return { status: 401, body: { error: 'invalid_client', error_description: fault } };
    const token = this.tokenOf(this.issued.length + 1);
    this.issued.push(token);
    const lifetime = this.lifetime === undefined ? {} : { expires_in: this.lifetime };
    return { status: 200, body: { access_token: token, token_type: 'Bearer', ...lifetime } };
  }

  /** What is wrong with how the client shows itself. */
  #clientFault(authorization: string | undefined, form: URLSearchParams): string | undefined {
    const { client } = this.#options;
    switch (client.method) {
      case 'client_secret_basic': {
        if (form.has('client_secret')) return 'two methods at once';
        const [, encoded = ''] = /^Basic (.+)$/.exec(authorization ?? '') ?? [];
        const [id, secret, more] = Buffer.from(encoded, 'base64').toString().split(':').map(formDecoded);
        return id === client.id && secret === client.secret && more === undefined ? undefined : 'wrong id or secret';
      }
      case 'client_secret_post':
        if (authorization !== undefined) return 'two methods at once';
        return form.get('client_id') === client.id && form.get('client_secret') === client.secret
          ? undefined
          : 'wrong id or secret';
      case 'private_key_jwt':
        if (form.get('client_assertion_type') !== 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer') return 'no assertion';
        return this.#assertionFault(form.get('client_assertion') ?? '', client);
    }
  }

  /** RFC 7523 section 3. */
  #assertionFault(assertion: string, client: KeyClient): string | undefined {
    const [header, claims] = assertion.split('.').map(jsonOf);
    if (header === undefined || claims === undefined) return 'not a JWT';
    const fault = signatureFault(assertion, header, client);
    if (fault !== undefined) return fault;
    const now = Date.now() / 1000;
    const { iss, sub, aud, exp, iat, jti } = claims;
    if (iss !== client.id || sub !== client.id) return 'wrong iss or sub';
    if (aud !== this.tokenEndpoint) return `aud is ${String(aud)}`;
    if (typeof exp !== 'number' || exp < now || exp > now + MAX_ASSERTION_S) return 'expired, or for too long';
    if (typeof iat !== 'number' || iat > now + 1) return 'of the future';
    if (typeof jti !== 'string' || this.#usedIds.has(jti)) return 'used before';
    this.#usedIds.add(jti);
    this.assertions.push(claims);
    return undefined;
  }
}

/** RFC 7515 section 5.2. */
function signatureFault(
  jws: string,
  header: Record<string, unknown>,
  { publicKey, algorithm, keyId }: KeyClient,
): string | undefined {
  if (header['alg'] !== algorithm) return `alg is ${String(header['alg'])}`;
  if (header['kid'] !== keyId) return `kid is ${String(header['kid'])}`;
  const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }));
  const how = algorithm.startsWith('ES') ? ({ dsaEncoding: 'ieee-p1363' } as const) : {};
  const padding = algorithm.startsWith('PS') ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  const [signed, signature] = [jws.slice(0, jws.lastIndexOf('.')), jws.slice(jws.lastIndexOf('.') + 1)];
  const input = [Buffer.from(signed), { key, ...how, ...padding }, Buffer.from(signature, 'base64url')] as const;
  return verify(HASHES[algorithm] ?? null, ...input) ? undefined : 'bad signature';
}

/** Undefined where the part is no JSON object. */
function jsonOf(part: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** RFC 6749 appendix B. */
function formDecoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
