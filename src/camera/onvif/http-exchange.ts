import { request, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { CertificateRefused, openTcp, openTls } from '../../base/camera-socket.ts';
import type { TlsPolicy } from '../../base/rtsp-transport.ts';
import { bracketHost } from '../../base/rtsp-url.ts';
import { networkError, timedOut, unreachable, untrusted } from './failure.ts';
import type { ServiceLocation } from './service-location.ts';

export interface HttpRequest {
  host: string;
  location: ServiceLocation;
  /** Which certificate will do where it is reached by https. */
  tls: TlsPolicy | undefined;
  method: 'GET' | 'POST';
  headers: Record<string, string | number>;
  body?: Buffer;
  /** Largest answer that is read, bytes. */
  maxBytes: number;
}

export interface HttpAnswer {
  response: IncomingMessage;
  body: Buffer;
}

/** An answer was longer than whoever asked wants to read. */
export class AnswerTooLarge extends Error {}

/** One request and its answer; more than one of them share a time limit in {@link HttpTalk}. */
export type Exchange = (request: HttpRequest) => Promise<HttpAnswer>;

export interface TalkOptions {
  /** `host:port`, as errors name it. */
  place: string;
  /** For all of it, connecting included, milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
}

/**
 * A few requests to a camera within one time limit. Throws `camera.unreachable`, `camera.timeout`, `camera.certificate` or `camera.not_onvif`
 * for what goes wrong with the connection, or the signal's reason; what `talk` throws of its own passes.
 */
export async function talkToCamera<Result>(options: TalkOptions, talk: (exchange: Exchange) => Promise<Result>): Promise<Result> {
  const { place, timeoutMs } = options;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  const signal = AbortSignal.any([options.signal, deadline.signal]);
  let isConnected = false;
  try {
    return await talk((each) => exchange(each, signal, () => (isConnected = true)));
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    if (error instanceof CertificateRefused) throw untrusted(place, error.message, error.shown);
    if (!deadline.signal.aborted) throw networkError(place, error);
    if (isConnected) throw timedOut(place, timeoutMs);
    throw unreachable(place, `no answer for ${timeoutMs / 1000} s`, error);
  } finally {
    clearTimeout(timer);
  }
}

/** `host:port`, as errors name it. */
export function placeOf(host: string, port: number): string {
  return `${bracketHost(host)}:${port}`;
}

async function exchange(outgoing: HttpRequest, signal: AbortSignal, onConnected: () => void): Promise<HttpAnswer> {
  const { host, location, tls } = outgoing;
  // One connection for each call: the HTTP servers of old cameras close idle connections at moments of their choosing.
  const socket = await (location.secure ? openTls(host, location.port, tls, signal) : openTcp(host, location.port, signal));
  onConnected();
  try {
    return await send(socket, outgoing, signal);
  } finally {
    socket.destroy();
  }
}

function send(
  socket: Socket,
  { host, location, method, headers, body, maxBytes }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const outgoing = request({
    createConnection: () => socket,
    host,
    port: location.port,
    defaultPort: location.secure ? 443 : 80,
    path: location.path,
    method,
    headers,
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
      if (size <= maxBytes) return;
      reject(new AnswerTooLarge());
      response.destroy();
    });
    response.on('error', reject);
    response.once('end', () => resolve({ response, body: Buffer.concat(chunks) }));
  });
  outgoing.end(body);
  return promise.finally(() => signal.removeEventListener('abort', abort));
}
