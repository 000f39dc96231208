import { randomBytes } from 'node:crypto';
import { formatAuthorization, parseChallenges, strongestChallenge, type Challenge, type Credentials } from './auth.ts';
import { unauthorized } from './failure.ts';
import type { RtspResponse } from './message.ts';

/** Keeps the camera's newest challenge and answers it on each request of one connection. */
export class Authenticator {
  readonly #place: string;
  readonly #credentials: Credentials | undefined;
  readonly #clientNonce = randomBytes(8).toString('hex');
  #challenge: Challenge | undefined;
  #nonceCount = 0;

  constructor(place: string, credentials: Credentials | undefined) {
    this.#place = place;
    this.#credentials = credentials;
  }

  /**
   * Sends a request, and sends it again with credentials when the camera asks for them. A camera may drop a nonce at any time (Axis M5525
   * every 150 s, on a keep-alive: SharpRTSP#126), so an old one that is refused is replaced once; a fresh one that is refused means that the password is wrong, and asking
   * again would only bring the account closer to being locked.
   * @throws GatewayError `rtsp.unauthorized`
   */
  async request(
    method: string,
    uri: string,
    send: (authorization: readonly (readonly [string, string])[]) => Promise<RtspResponse>,
  ): Promise<RtspResponse> {
    let isFresh = false;
    for (;;) {
      const authorization = this.authorization(method, uri);
      const response = await send(authorization);
      if (response.status !== 401) return response;
      if (this.#credentials === undefined) throw unauthorized(this.#place, 'none');
      const challenge = strongestChallenge(parseChallenges(response.headers.getAll('WWW-Authenticate')));
      if (challenge === undefined) throw unauthorized(this.#place, 'unsupported');
      if (isFresh || (authorization.length > 0 && isSameNonce(challenge, this.#challenge))) {
        this.#challenge = undefined;
        throw unauthorized(this.#place, 'refused');
      }
      this.#challenge = challenge;
      this.#nonceCount = 0;
      isFresh = true;
    }
  }

  /** The header that answers the challenge that is known so far; none where there is none. */
  authorization(method: string, uri: string): [string, string][] {
    if (this.#challenge === undefined || this.#credentials === undefined) return [];
    this.#nonceCount += 1;
    const request = { method, uri, nonceCount: this.#nonceCount, clientNonce: this.#clientNonce };
    return [['Authorization', formatAuthorization(this.#challenge, this.#credentials, request)]];
  }
}

/** Basic has no nonce: refused is refused. */
function isSameNonce(challenge: Challenge, previous: Challenge | undefined): boolean {
  if (challenge.scheme === 'Basic') return previous?.scheme === 'Basic';
  return previous?.scheme === 'Digest' && previous.nonce === challenge.nonce;
}
