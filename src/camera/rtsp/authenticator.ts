import { randomBytes } from 'node:crypto';
import { formatAuthorization, nextNonce, parseChallenges, strongestChallenge, type Challenge, type Credentials } from './auth.ts';
import { unauthorized } from './failure.ts';
import type { RtspResponse } from './message.ts';

/** Times that a camera may call the nonce stale which it has just given. */
const MAX_STALE = 3;

/** Keeps the camera's newest challenge and answers it on each request of one connection. */
export class Authenticator {
  readonly #place: string;
  readonly #credentials: Credentials | undefined;
  readonly #allowsBasic: boolean;
  readonly #clientNonce = randomBytes(8).toString('hex');
  #challenge: Challenge | undefined;
  #nonceCount = 0;

  /** `allowsBasic`: whether the password may be told to whoever asks; default true. */
  constructor(place: string, credentials: Credentials | undefined, { allowsBasic = true }: { allowsBasic?: boolean } = {}) {
    this.#place = place;
    this.#credentials = credentials;
    this.#allowsBasic = allowsBasic && credentials?.digestOnly !== true;
  }

  /**
   * Sends a request, and sends it again with credentials when the camera asks for them. A camera may drop a nonce at any time (Axis M5525
   * every 150 s, on a keep-alive: SharpRTSP#126), so an old one that is refused is replaced once; a fresh one that is refused and not
   * called stale means that the password is wrong, and asking again would only bring the account closer to being locked.
   * @throws GatewayError `rtsp.unauthorized`
   */
  async request(
    method: string,
    uri: string,
    send: (authorization: readonly (readonly [string, string])[]) => Promise<RtspResponse>,
  ): Promise<RtspResponse> {
    for (let challenges = 0; ; challenges += 1) {
      const authorization = this.authorization(method, uri);
      const response = await send(authorization);
      if (response.status !== 401) {
        this.#takeNextNonce(response);
        return response;
      }
      if (this.#credentials === undefined) throw unauthorized(this.#place, 'none');
      const offered = parseChallenges(response.headers.getAll('WWW-Authenticate'));
      const challenge = strongestChallenge(offered.filter(({ scheme }) => scheme !== 'Basic' || this.#allowsBasic));
      if (challenge === undefined) throw unauthorized(this.#place, this.#allowsBasic ? 'unsupported' : 'in_clear');
      // RFC 7616 section 3.3: the password was right, and the new nonce is all that is wanted.
      const isStale = challenge.scheme === 'Digest' && challenge.stale && challenges < MAX_STALE;
      const wasAnswered = authorization.length > 0;
      if ((challenges > 0 && !isStale) || (wasAnswered && isSameNonce(challenge, this.#challenge))) {
        this.#challenge = undefined;
        throw unauthorized(this.#place, 'refused');
      }
      this.#challenge = challenge;
      this.#nonceCount = 0;
    }
  }

  #takeNextNonce(response: RtspResponse): void {
    const nonce = nextNonce(response.headers.get('Authentication-Info'));
    if (nonce === undefined || this.#challenge?.scheme !== 'Digest') return;
    this.#challenge = { ...this.#challenge, nonce };
    this.#nonceCount = 0;
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
