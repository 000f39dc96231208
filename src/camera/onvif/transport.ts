import type { TlsPolicy } from '../../base/rtsp-transport.ts';
import type { Digest } from './digest.ts';
import { notOnvif, redirected } from './failure.ts';
import { AnswerTooLarge, placeOf, talkToCamera, type Exchange, type HttpAnswer } from './http-exchange.ts';
import type { ServiceLocation } from './service-location.ts';

/** Largest SOAP answer that is read, bytes: the profiles of a 64-channel NVR take about 400 kB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export interface SoapReply {
  status: number;
  body: string;
  /** It came to a request that carried a digest: trying other ways to log in only counts towards a locked account. */
  digestRefused: boolean;
}

export interface PostOptions {
  host: string;
  service: ServiceLocation;
  /** Which certificate will do where the service is reached by https. */
  tls: TlsPolicy | undefined;
  digest: Digest;
  /** The SOAP action, a URI. */
  action: string;
  envelope: string;
  /** Largest answer that is read; default {@link MAX_ANSWER_BYTES}. */
  maxBytes?: number;
  /** For the whole exchange, connecting and digest challenge included, milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Posts one SOAP request and reads its answer, whatever its HTTP status; a digest challenge is answered once. Throws
 * `camera.unreachable`, `camera.timeout`, `camera.certificate`, `camera.redirected` or `camera.not_onvif`, or the signal's
 * reason.
 */
export function postSoap(options: PostOptions): Promise<SoapReply> {
  const { digest, service, timeoutMs, signal } = options;
  const place = placeOf(options.host, service.port);
  return talkToCamera({ place, timeoutMs, signal }, async (exchange) => {
    let authorization = digest.authorize('POST', service.path);
    let answer = await post(exchange, options, authorization);
    const challenges = answer.response.headersDistinct['www-authenticate'] ?? [];
    if (answer.response.statusCode === 401 && digest.challenged(challenges, authorization !== undefined)) {
      authorization = digest.authorize('POST', service.path);
      if (authorization !== undefined) answer = await post(exchange, options, authorization);
      if (answer.response.statusCode === 401) digest.forget();
    }
    const { statusCode: status = 0, headers } = answer.response;
    if (status >= 300 && status < 400 && headers.location !== undefined) throw redirected(place, headers.location);
    const digestRefused = authorization !== undefined && (status === 401 || status === 403);
    return { status, body: answer.body.toString('utf8'), digestRefused };
  });
}

async function post(exchange: Exchange, options: PostOptions, authorization: string | undefined): Promise<HttpAnswer> {
  const { host, service, tls, action, envelope, maxBytes = MAX_ANSWER_BYTES } = options;
  const body = Buffer.from(envelope);
  const headers = {
    'Content-Type': `application/soap+xml; charset=utf-8; action="${action}"`,
    'Content-Length': body.length,
    ...(authorization === undefined ? {} : { Authorization: authorization }),
  };
  try {
    return await exchange({ host, location: service, tls, method: 'POST', headers, body, maxBytes });
  } catch (error) {
    if (!(error instanceof AnswerTooLarge)) throw error;
    throw notOnvif(placeOf(host, service.port), `sent more than ${maxBytes} bytes in one answer.`);
  }
}
