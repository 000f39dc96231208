import { randomBytes } from 'node:crypto';
import { formatChallenge, verifyAuthorization, type Credentials, type DigestAlgorithm } from '../camera/rtsp/auth.ts';

const REALM = 'Simulated camera';
const NONCE_LIFETIME_MS = 300_000;
const MAX_NONCES = 1_024;

/** Form of the challenges; most cameras still offer MD5 without qop. */
export interface DigestOptions {
  /** In the order of preference; default MD5 alone. */
  algorithms?: readonly DigestAlgorithm[];
  /** Whether `qop="auth"` is asked for; default false. */
  qop?: boolean;
}

/** HTTP Digest (RFC 7616) for the camera's SOAP services and, as RFC 2326 section 14 has it, for its RTSP server. */
export class DigestAuthentication {
  readonly #credentials: Credentials;
  readonly #algorithms: readonly DigestAlgorithm[];
  readonly #qop: boolean;
  /** Nonce to the host's time at which it was given out, oldest first. */
  readonly #nonces = new Map<string, number>();

  constructor(credentials: Credentials, options: DigestOptions = {}) {
    this.#credentials = credentials;
    this.#algorithms = options.algorithms ?? ['MD5'];
    this.#qop = options.qop ?? false;
  }

  /** Undefined when the request proves the password; else the WWW-Authenticate values to answer 401 with. */
  challenge(method: string, authorization: string | undefined, now: number): string[] | undefined {
    const isCurrentNonce = (nonce: string): boolean =>
      (this.#nonces.get(nonce) ?? Number.NEGATIVE_INFINITY) + NONCE_LIFETIME_MS > now;
    const verdict = verifyAuthorization(authorization, { method, credentials: this.#credentials, realm: REALM, isCurrentNonce });
    if (verdict === 'accepted') return undefined;
    const nonce = this.#issue(now);
    return this.#algorithms.map((algorithm) =>
      formatChallenge({ scheme: 'Digest', realm: REALM, nonce, algorithm, qop: this.#qop, stale: verdict === 'stale' }),
    );
  }

  /** Makes every nonce stale, as cameras do that change it now and then. */
  expireNonces(): void {
    this.#nonces.clear();
  }

  #issue(now: number): string {
    for (const old of this.#nonces.keys()) {
      if (this.#nonces.size < MAX_NONCES) break;
      this.#nonces.delete(old);
    }
    const nonce = randomBytes(16).toString('hex');
    this.#nonces.set(nonce, now);
    return nonce;
  }
}
