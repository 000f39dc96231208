import type { SecureContext } from 'node:tls';
import { GatewayError } from '../../../base/errors.ts';
import { redactUrl } from '../../../base/log.ts';
import { printable } from '../../../base/printable.ts';
import { isTrustworthyUrl } from '../../../config/addresses.ts';
import type { OAuthConfig } from '../../../config/gateway-config.ts';
import { authenticateClient, type ClientAuthentication } from './client-authentication.ts';
import { requestJson, type JsonAnswer } from './json-request.ts';
import { checkedToken } from './token-source.ts';

export interface IssuedToken {
  token: string;
  /** Seconds; absent: the server does not say. */
  lifetime?: number;
}

export interface AuthorizationServerOptions {
  oauth: OAuthConfig;
  /** Asked before each request, so that renewed files take effect. */
  authorities?: (() => SecureContext) | undefined;
}

/** What to do about an error of RFC 6749 section 5.2. */
const REMEDIES: Readonly<Record<string, string>> = {
  invalid_client: 'Check client_id with its secret or key, and that this client may use the method that is configured.',
  unauthorized_client: 'Allow this client the grant client_credentials at the authorization server.',
  unsupported_grant_type: 'The authorization server must offer the grant client_credentials.',
  invalid_scope: 'Check scope.',
  invalid_target: 'Check audience.',
};

/** One OAuth 2.0 authorization server, as its client with credentials of its own (RFC 6749 section 4.4). */
export class AuthorizationServer {
  readonly #options: AuthorizationServerOptions;
  /** Told by the metadata, until something goes wrong with it. */
  #endpoint: string | undefined;

  constructor(options: AuthorizationServerOptions) {
    this.#options = options;
  }

  /** @throws GatewayError `oauth.*`, which names the endpoint and what to do, and holds no secret. */
  async issueToken(signal: AbortSignal): Promise<IssuedToken> {
    const { oauth } = this.#options;
    const endpoint = (this.#endpoint ??= oauth.tokenEndpoint ?? (await this.#discover(oauth.issuer ?? '', signal)));
    try {
      return await this.#requestToken(endpoint, signal);
    } catch (error) {
      // It may have moved.
      this.#endpoint = undefined;
      throw error;
    }
  }

  async #requestToken(endpoint: string, signal: AbortSignal): Promise<IssuedToken> {
    const { client, scope, audience } = this.#options.oauth;
    const authentication = await authenticateClient(client, endpoint);
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      ...(scope === undefined ? {} : { scope }),
      ...(audience === undefined ? {} : { audience }),
      ...authentication.parameters,
    });
    const answer = await this.#ask({ url: endpoint, headers: authentication.headers, form, signal });
    if (answer.status !== 200) throw refusal(endpoint, answer, authentication);
    return readIssuedToken(endpoint, answer);
  }

  /** RFC 8414 section 3: the metadata are at a well-known place, and are those of this issuer only. */
  async #discover(issuer: string, signal: AbortSignal): Promise<string> {
    let url = wellKnownUrl(issuer);
    let answer = await this.#ask({ url, signal });
    if (answer.status === 404) {
      // Several have none but those of OpenID Connect Discovery, at the end of the path (RFC 8414 section 5).
      url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
      answer = await this.#ask({ url, signal });
    }
    const { status, body } = answer;
    const fault = (what: string, advice: string): GatewayError => {
      return new GatewayError('oauth.metadata', `The metadata at ${redactUrl(url)} ${what}.`, { advice });
    };
    if (status !== 200) throw fault(`cannot be had (HTTP ${status})`, 'Check issuer, or write token_endpoint in its place.');
    if (body['issuer'] !== issuer) {
      throw fault(
        `are of the issuer ${typeof body['issuer'] === 'string' ? `"${printable(body['issuer'])}"` : 'nobody'}`,
        'Write issuer exactly as the server does, with or without the slash at its end.',
      );
    }
    const endpoint = body['token_endpoint'];
    if (typeof endpoint !== 'string' || !isTrustworthyUrl(endpoint) || (isHttps(issuer) && !isHttps(endpoint))) {
      throw fault('name no token_endpoint by https', 'Write token_endpoint in place of issuer.');
    }
    return endpoint;
  }

  #ask(request: Omit<Parameters<typeof requestJson>[0], 'authorities'>): Promise<JsonAnswer> {
    return requestJson({ ...request, authorities: this.#options.authorities?.() });
  }
}

function isHttps(url: string): boolean {
  return URL.parse(url)?.protocol === 'https:';
}

/** RFC 8414 section 3.1: between host and path of the issuer. */
function wellKnownUrl(issuer: string): string {
  const url = new URL(issuer);
  url.pathname = `/.well-known/oauth-authorization-server${url.pathname.replace(/\/$/, '')}`;
  return url.href;
}

function readIssuedToken(endpoint: string, { body }: JsonAnswer): IssuedToken {
  const fault = (what: string): GatewayError => {
    return new GatewayError('oauth.answer', `The answer of the authorization server ${redactUrl(endpoint)} ${what}.`, {
      advice: 'Check issuer or token_endpoint of oauth.',
    });
  };
  const { access_token: token, token_type: type, expires_in: expiresIn } = body;
  if (typeof token !== 'string' || token === '') throw fault('holds no access_token');
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') throw fault('holds a token that is not of the type Bearer');
  // Some write the number as text.
  const lifetime = typeof expiresIn === 'string' ? Number(expiresIn) : expiresIn;
  const isKnown = typeof lifetime === 'number' && Number.isFinite(lifetime) && lifetime > 0;
  return { token: checkedToken(token, (what) => fault(`has an access_token that ${what}`)), ...(isKnown ? { lifetime } : {}) };
}

/** What the server said, without the secret that we had told it. */
function refusal(endpoint: string, { status, body }: JsonAnswer, { secret }: ClientAuthentication): GatewayError {
  const server = `authorization server ${redactUrl(endpoint)}`;
  const { error, error_description: description } = body;
  if (typeof error !== 'string') {
    return new GatewayError('oauth.answer', `The ${server} answered with HTTP ${status} instead of a token.`, {
      advice: 'Check issuer or token_endpoint of oauth. It is tried again.',
    });
  }
  const isPlain = typeof description === 'string' && !description.includes(secret);
  const detail = isPlain ? `${printable(error, 60)}: ${printable(description)}` : printable(error, 60);
  return new GatewayError('oauth.refused', `The ${server} gave no token (${detail}).`, {
    advice: REMEDIES[error] ?? 'Check the settings of this client at the authorization server.',
  });
}
