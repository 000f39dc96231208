import { request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { CertificateRefused, openTcp, openTls } from '../../base/camera-socket.ts';
import type { TlsPolicy } from '../../base/rtsp-transport.ts';
import { bracketHost } from '../../base/rtsp-url.ts';
import type { Digest } from './digest.ts';
import { networkError, notOnvif, redirected, timedOut, unreachable, untrusted } from './failure.ts';
import type { ServiceLocation } from './service-location.ts';

/** Largest SOAP answer that is read, bytes: the profiles of a 64-channel NVR take about 400 kB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export interface HttpAnswer {
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
  /** For the whole exchange, connecting and digest challenge included, milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * Posts one SOAP request and reads its answer, whatever its HTTP status; a digest challenge is answered once. Throws
 * `camera.unreachable`, `camera.timeout`, `camera.certificate`, `camera.redirected` or `camera.not_onvif`, or the signal's
 * reason.
 */
export async function postSoap(options: PostOptions): Promise<HttpAnswer> {
  const place = placeOf(options.host, options.service.port);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), options.timeoutMs);
  const signal = AbortSignal.any([options.signal, deadline.signal]);
  const progress: Progress = { connected: false };
  try {
    let authorization = options.digest.authorize('POST', options.service.path);
    let raw = await exchange(options, authorization, progress, signal);
    const challenges = raw.response.headersDistinct['www-authenticate'] ?? [];
    if (raw.response.statusCode === 401 && options.digest.challenged(challenges, authorization !== undefined)) {
      authorization = options.digest.authorize('POST', options.service.path);
      if (authorization !== undefined) raw = await exchange(options, authorization, progress, signal);
      if (raw.response.statusCode === 401) options.digest.forget();
    }
    const { statusCode: status = 0, headers } = raw.response;
    if (status >= 300 && status < 400 && headers.location !== undefined) throw redirected(place, headers.location);
    const digestRefused = authorization !== undefined && (status === 401 || status === 403);
    return { status, body: raw.body.toString('utf8'), digestRefused };
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    if (error instanceof CertificateRefused) throw untrusted(place, error.message, error.shown);
    if (!deadline.signal.aborted) throw networkError(place, error);
    if (progress.connected) throw timedOut(place, options.timeoutMs);
    throw unreachable(place, `no answer for ${options.timeoutMs / 1000} s`, error);
  } finally {
    clearTimeout(timer);
  }
}

/** `host:port`, as errors name it. */
export function placeOf(host: string, port: number): string {
  return `${bracketHost(host)}:${port}`;
}

interface Progress {
  /** The camera took a connection. */
  connected: boolean;
}

interface RawAnswer {
  response: IncomingMessage;
  body: Buffer;
}

async function exchange(
  options: PostOptions,
  authorization: string | undefined,
  progress: Progress,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const { host, service, tls } = options;
  // One connection for each call: the HTTP servers of old cameras close idle connections at moments of their choosing.
  const socket = await (service.secure ? openTls(host, service.port, tls, signal) : openTcp(host, service.port, signal));
  progress.connected = true;
  try {
    return await post(socket, options, authorization, signal);
  } finally {
    socket.destroy();
  }
}

function post(
  socket: Socket,
  { host, service, action, envelope }: PostOptions,
  authorization: string | undefined,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const body = Buffer.from(envelope);
  const outgoing = request({
    createConnection: () => socket,
    host,
    port: service.port,
    defaultPort: service.secure ? 443 : 80,
    path: service.path,
    method: 'POST',
    headers: {
      'Content-Type': `application/soap+xml; charset=utf-8; action="${action}"`,
      'Content-Length': body.length,
      ...(authorization === undefined ? {} : { Authorization: authorization }),
    },
  });
  const abort = (): void => reject(new Error('given up'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  outgoing.on('error', reject);
  outgoing.once('response', (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size <= MAX_ANSWER_BYTES) return;
      reject(notOnvif(placeOf(host, service.port), `sent more than ${MAX_ANSWER_BYTES} bytes in one answer.`));
      response.destroy();
    });
    response.on('error', reject);
    response.once('end', () => resolve({ response, body: Buffer.concat(chunks) }));
  });
  outgoing.end(body);
  return promise.finally(() => signal.removeEventListener('abort', abort));
}
