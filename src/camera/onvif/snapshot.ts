import { GatewayError } from '../../base/errors.ts';
import type { TlsPolicy } from '../../base/rtsp-transport.ts';
import { formatAuthorization, parseChallenges, strongestChallenge } from '../rtsp/auth.ts';
import { Digest } from './digest.ts';
import { redirected } from './failure.ts';
import { AnswerTooLarge, placeOf, talkToCamera, type Exchange, type HttpAnswer } from './http-exchange.ts';
import type { ServiceLocation } from './service-location.ts';

/** Largest picture that is read, bytes. */
const MAX_BYTES = 10 * 1024 * 1024;
/** What each JPEG begins with: start of image, and the first byte of the next marker. */
const JPEG = Buffer.of(0xff, 0xd8, 0xff);

export interface SnapshotClientOptions {
  host: string;
  tls: TlsPolicy | undefined;
  username: string;
  password: string;
  /** For each picture, milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Where the camera gives a picture of a profile. */
  locate: (profileToken: string) => Promise<ServiceLocation>;
}

/** Pictures from the address that a camera names for them (ONVIF Media, GetSnapshotUri). */
export class SnapshotClient {
  readonly #options: SnapshotClientOptions;
  readonly #digest: Digest;
  /** By profile. */
  readonly #locations = new Map<string, ServiceLocation>();

  constructor(options: SnapshotClientOptions) {
    this.#options = options;
    this.#digest = new Digest(options);
  }

  /**
   * A JPEG of the profile as it is now. Throws `camera.snapshot` where what comes is none, those of {@link talkToCamera}, and what asking for
   * the address throws.
   *
   * @param digestOnly the password may be proved to be known, and not be told (Basic)
   */
  async fetch(profileToken: string, digestOnly: boolean): Promise<Buffer> {
    const location = this.#locations.get(profileToken) ?? (await this.#options.locate(profileToken));
    this.#locations.set(profileToken, location);
    try {
      return await this.#get(location, digestOnly);
    } catch (error) {
      // It may have another address by now.
      this.#locations.delete(profileToken);
      throw error;
    }
  }

  #get(location: ServiceLocation, digestOnly: boolean): Promise<Buffer> {
    const { host, timeoutMs, signal } = this.#options;
    const place = placeOf(host, location.port);
    return talkToCamera({ place, timeoutMs, signal }, async (exchange) => {
      const { response, body } = await this.#authorized(exchange, location, digestOnly);
      const { statusCode: status = 0, headers } = response;
      if (status === 401 || status === 403)
        throw this.#unauthorized(place, response.headersDistinct['www-authenticate'], digestOnly);
      if (status >= 300 && status < 400 && headers.location !== undefined) throw redirected(place, headers.location);
      if (status !== 200) throw noPicture(place, `answers with HTTP status ${status}`);
      if (!body.subarray(0, JPEG.length).equals(JPEG)) throw noPicture(place, 'gives something else than a JPEG');
      return body;
    });
  }

  async #authorized(exchange: Exchange, location: ServiceLocation, digestOnly: boolean): Promise<HttpAnswer> {
    const ahead = this.#digest.authorize('GET', location.path);
    const answer = await this.#ask(exchange, location, ahead);
    if (answer.response.statusCode !== 401) return answer;
    const challenges = answer.response.headersDistinct['www-authenticate'] ?? [];
    const authorization = this.#digest.challenged(challenges, ahead !== undefined)
      ? this.#digest.authorize('GET', location.path)
      : this.#basic(challenges, location, digestOnly);
    if (authorization === undefined) return answer;
    const second = await this.#ask(exchange, location, authorization);
    if (second.response.statusCode === 401) this.#digest.forget();
    return second;
  }

  #basic(challenges: readonly string[], { path }: ServiceLocation, digestOnly: boolean): string | undefined {
    const challenge = strongestChallenge(parseChallenges(challenges));
    if (challenge?.scheme !== 'Basic' || digestOnly || this.#options.username === '') return undefined;
    return formatAuthorization(challenge, this.#options, { method: 'GET', uri: path, nonceCount: 1, clientNonce: '' });
  }

  async #ask(exchange: Exchange, location: ServiceLocation, authorization: string | undefined): Promise<HttpAnswer> {
    const { host, tls } = this.#options;
    const headers = { Accept: 'image/jpeg', ...(authorization === undefined ? {} : { Authorization: authorization }) };
    try {
      return await exchange({ host, location, tls, method: 'GET', headers, maxBytes: MAX_BYTES });
    } catch (error) {
      if (!(error instanceof AnswerTooLarge)) throw error;
      throw noPicture(placeOf(host, location.port), `sends more than ${MAX_BYTES} bytes`);
    }
  }

  #unauthorized(place: string, challenges: readonly string[] | undefined, digestOnly: boolean): GatewayError {
    const { username } = this.#options;
    const isInClear = digestOnly && strongestChallenge(parseChallenges(challenges ?? []))?.scheme === 'Basic';
    const advice = isInClear
      ? 'It wants the password in clear, which is told only to an address that the config says: write it there.'
      : 'Check username and password of this camera in the config (many cameras have separate users for ONVIF and for their web page).';
    const message =
      username === ''
        ? `The camera at ${place} asks for user name and password for a picture.`
        : `The camera at ${place} refuses user "${username}" a picture.`;
    return new GatewayError('camera.unauthorized', message, { advice });
  }
}

function noPicture(place: string, what: string): GatewayError {
  return new GatewayError('camera.snapshot', `The address for pictures of the camera at ${place} ${what}.`, {
    advice: 'If this stays, restart the camera and look for a newer firmware.',
  });
}
