import { randomBytes } from 'node:crypto';
import {
  formatAuthorization,
  parseChallenges,
  strongestChallenge,
  type Credentials,
  type DigestChallenge,
} from '../rtsp/auth.ts';

/**
 * HTTP Digest (RFC 7616) towards one camera: keeps its newest challenge and answers it ahead, which saves a round trip on
 * each call. Basic is not answered: ONVIF does not have it, and it would hand the password to whoever asks.
 */
export class Digest {
  readonly #credentials: Credentials;
  readonly #clientNonce = randomBytes(8).toString('hex');
  #challenge: DigestChallenge | undefined;
  #nonceCount = 0;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** The value of Authorization for a request; undefined before the camera has asked for it. */
  authorize(method: string, uri: string): string | undefined {
    if (this.#challenge === undefined || this.#credentials.username === '') return undefined;
    this.#nonceCount += 1;
    const request = { method, uri, nonceCount: this.#nonceCount, clientNonce: this.#clientNonce };
    return formatAuthorization(this.#challenge, this.#credentials, request);
  }

  /**
   * Takes the challenge of a 401 answer. True where it can be answered and that is worth a try: not where the camera refuses
   * the very nonce that was just used, for then the password is wrong.
   *
   * @param answered The request carried an Authorization.
   */
  challenged(values: readonly string[], answered: boolean): boolean {
    const challenge = strongestChallenge(parseChallenges(values));
    const previous = this.#challenge;
    this.forget();
    if (challenge?.scheme !== 'Digest') return false;
    if (answered && previous?.nonce === challenge.nonce && !challenge.stale) return false;
    this.#challenge = challenge;
    this.#nonceCount = 0;
    return true;
  }

  /** A fresh answer was refused, too: the next request goes without, so that no more wrong ones count towards a locked account. */
  forget(): void {
    this.#challenge = undefined;
  }
}
