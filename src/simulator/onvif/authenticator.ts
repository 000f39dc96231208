import type { DigestAlgorithm } from '../../camera/rtsp/auth.ts';
import { DigestAuthentication } from '../digest-authentication.ts';
import type { Timeline } from '../timeline.ts';
import type { SoapRequest } from './soap.ts';
import { UsernameTokenVerifier } from './username-token.ts';

export interface AuthenticatorOptions {
  username: string;
  password: string;
  /** Offered for HTTP Digest, in the order of preference. */
  digestAlgorithms: readonly DigestAlgorithm[];
  timeline: Timeline;
}

/**
 * `refused`: the WS-Security header was wrong, to be answered 400; with challenges: to be answered 401 with these
 * (Core Specification section 5.9.1).
 */
export type Verdict = 'granted' | 'refused' | { challenges: string[] };

/** Operations of the access class PRE_AUTH of the Core Specification: they need no credentials. */
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
  readonly #digest: DigestAuthentication;
  readonly #timeline: Timeline;

  constructor(options: AuthenticatorOptions) {
    const { username, password } = options;
    this.#tokens = new UsernameTokenVerifier(username, password);
    this.#digest = new DigestAuthentication({ username, password }, { algorithms: options.digestAlgorithms, qop: true });
    this.#timeline = options.timeline;
  }

  /** Judges a request by its envelope (undefined: it has none) and its Authorization header. */
  judge(request: Pick<SoapRequest, 'operation' | 'security'> | undefined, authorization: string | undefined): Verdict {
    if (request !== undefined && PRE_AUTH.has(request.operation.name)) return 'granted';
    const security = request?.security;
    const now = this.#timeline.now();
    if (security !== undefined && this.#tokens.verify(security, this.#timeline.cameraTimeAt(now))) return 'granted';
    if (security !== undefined && authorization === undefined) return 'refused';
    const challenges = this.#digest.challenge('POST', authorization, now);
    return challenges === undefined ? 'granted' : { challenges };
  }
}
