import type { Clock } from '../../base/clock.ts';
import { HttpDigestVerifier, type DigestAlgorithm } from './http-digest.ts';
import { UsernameTokenVerifier } from './username-token.ts';
import type { XmlElement } from './xml.ts';

export interface AuthenticatorOptions {
  username: string;
  password: string;
  realm: string;
  /** Offered for HTTP Digest, in the order of preference. */
  digestAlgorithms: readonly DigestAlgorithm[];
  /** The camera's clock. */
  clock: Clock;
}

/** `challenge`: answer 401 with the challenges; `refuse`: the WS-Security header was wrong, answer 400 (Core Specification 5.9.1). */
export type Verdict = 'grant' | 'challenge' | 'refuse';

/** Operations of the access class PRE_AUTH (Core Specification 5.9.4.3): they need no credentials. */
const PRE_AUTH = new Set([
  'GetWsdlUrl',
  'GetServices',
  'GetServiceCapabilities',
  'GetCapabilities',
  'GetHostname',
  'GetSystemDateAndTime',
  'GetEndpointReference',
]);

/** Decides who may call what: one user who may do everything, by WS-Security UsernameToken or by HTTP Digest. */
export class Authenticator {
  readonly #tokens: UsernameTokenVerifier;
  readonly #digest: HttpDigestVerifier;
  readonly #clock: Clock;

  constructor(options: AuthenticatorOptions) {
    this.#tokens = new UsernameTokenVerifier(options.username, options.password);
    this.#digest = new HttpDigestVerifier(options.username, options.password, options.realm, options.digestAlgorithms);
    this.#clock = options.clock;
  }

  judge(operation: string, security: XmlElement | undefined, authorization: string | undefined): Verdict {
    if (PRE_AUTH.has(operation)) return 'grant';
    if (security !== undefined && this.#tokens.verify(security, this.#clock.now())) return 'grant';
    if (authorization !== undefined) return this.#digest.verify(authorization, 'POST', this.#clock.now()) ? 'grant' : 'challenge';
    return security === undefined ? 'challenge' : 'refuse';
  }

  /** Values for WWW-Authenticate. */
  challenges(): string[] {
    return this.#digest.challenges(this.#clock.now());
  }
}
