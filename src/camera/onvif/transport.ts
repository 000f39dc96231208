import { request, type IncomingMessage } from 'node:http';
import { Cam } from 'onvif';
import { GatewayError } from '../../base/errors.ts';

/** Largest SOAP answer that is read, bytes: the profiles of a 64-channel NVR take about 400 kB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

export interface HttpTarget {
  host: string;
  port: number;
  username: string;
  password: string;
}

export interface HttpAnswer {
  status: number;
  body: string;
}

interface PostOptions {
  path: string;
  /** The SOAP action, a URI. */
  action: string;
  envelope: string;
  /** For the whole exchange, digest challenge included, milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
}

interface Exchange {
  host: string;
  port: number;
  path: string;
  headers: Record<string, string | number>;
  body: Buffer;
  signal: AbortSignal;
}

/**
 * Posts one SOAP request and reads its answer, whatever its HTTP status; a digest challenge (RFC 7616, MD5 and SHA-256)
 * is answered once. Throws `camera.unreachable`, `camera.timeout`, `camera.unauthorized` or `camera.not_onvif`, or the
 * signal's reason.
 *
 * Of the `onvif` package this uses the digest authentication, which knows the cameras' dialects. Its own HTTP exchange
 * is left alone: its time-out is for silence only (an answer that drips never ends), it never calls back when an answer
 * is cut short, it reads without limit, and it searches each answer with an expression of quadratic time (100 kB made
 * for it block the process for 0.7 s).
 */
export async function postSoap(target: HttpTarget, options: PostOptions): Promise<HttpAnswer> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), options.timeoutMs);
  const body = Buffer.from(options.envelope);
  const exchange: Exchange = {
    host: target.host,
    port: target.port,
    path: options.path,
    headers: {
      'Content-Type': `application/soap+xml; charset=utf-8; action="${options.action}"`,
      'Content-Length': body.length,
    },
    body,
    signal: AbortSignal.any([options.signal, deadline.signal]),
  };
  try {
    const first = await post(exchange);
    const challenges = digestChallenges(first.response);
    if (first.response.statusCode !== 401 || challenges.length === 0 || target.username === '') return answerOf(first);
    const authorization = answerChallenges(target, challenges, options.path);
    return answerOf(await post({ ...exchange, headers: { ...exchange.headers, Authorization: authorization } }));
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason;
    throw deadline.signal.aborted ? timeoutError(target, options.timeoutMs, error) : networkError(target, error);
  } finally {
    clearTimeout(timer);
  }
}

interface RawAnswer {
  response: IncomingMessage;
  body: Buffer;
}

/** What was going on when an exchange was given up: nobody answered the call, or the one who did fell silent. */
class ExchangeAborted extends Error {
  readonly connected: boolean;

  constructor(connected: boolean) {
    super('exchange aborted');
    this.connected = connected;
  }
}

function post(exchange: Exchange): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const { host, port, path, headers, body, signal } = exchange;
  let connected = false;
  // One connection for each call: the HTTP servers of old cameras close idle connections at moments of their choosing.
  const outgoing = request({ host, port, path, headers, method: 'POST', agent: false });
  const abort = (): void => fail(new ExchangeAborted(connected));
  const fail = (error: unknown): void => {
    signal.removeEventListener('abort', abort);
    reject(error instanceof Error ? error : new Error(String(error)));
    outgoing.destroy();
  };
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();

  outgoing.once('socket', (socket) => socket.once('connect', () => (connected = true)));
  outgoing.on('error', fail);
  outgoing.once('response', (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > MAX_ANSWER_BYTES) fail(notOnvif(host, port, `sent more than ${MAX_ANSWER_BYTES} bytes in one answer.`));
    });
    response.on('error', fail);
    response.once('end', () => {
      signal.removeEventListener('abort', abort);
      resolve({ response, body: Buffer.concat(chunks) });
    });
  });
  outgoing.end(body);
  return promise;
}

function answerOf(raw: RawAnswer): HttpAnswer {
  return { status: raw.response.statusCode ?? 0, body: raw.body.toString('utf8') };
}

function digestChallenges(response: IncomingMessage): string[] {
  const challenges = response.headersDistinct['www-authenticate'] ?? [];
  return (
    challenges
      .filter((challenge) => /^digest\s/i.test(challenge))
      .map((challenge) => challenge.replace(/^digest\s+/i, 'Digest '))
      // The package knows no other list of choices than `auth,auth-int`.
      .map((challenge) => challenge.replace(/\bqop="[^"]*\bauth\b(?!-)[^"]*"/i, 'qop="auth"'))
  );
}

function answerChallenges(target: HttpTarget, challenges: string[], path: string): string {
  const { host, port, username, password } = target;
  try {
    const cam = new Cam({ hostname: host, port, username, password, autoconnect: false });
    return cam.digestAuth(challenges, { method: 'POST', path });
  } catch (error) {
    throw new GatewayError('camera.unauthorized', `The camera at ${host}:${port} asks for a digest that we cannot make.`, {
      advice: 'Set HTTP authentication in the camera to digest with MD5 or SHA-256.',
      cause: error,
    });
  }
}

export function notOnvif(host: string, port: number, what: string): GatewayError {
  return new GatewayError('camera.not_onvif', `${host}:${port} is not an ONVIF camera: it ${what}`, {
    advice: 'Check address and port, and that ONVIF is switched on in the camera.',
  });
}

function unreachable(target: HttpTarget, why: string, cause: unknown): GatewayError {
  return new GatewayError('camera.unreachable', `No connection to the camera at ${target.host}:${target.port}: ${why}.`, {
    advice: 'Check its power, its cable and its address.',
    cause,
  });
}

function timeoutError(target: HttpTarget, timeoutMs: number, error: unknown): GatewayError {
  const seconds = timeoutMs / 1000;
  if (!(error instanceof ExchangeAborted && error.connected)) return unreachable(target, `no answer for ${seconds} s`, error);
  return new GatewayError(
    'camera.timeout',
    `The camera at ${target.host}:${target.port} took the connection but did not answer within ${seconds} s.`,
    { advice: 'It may be starting or overloaded; if this stays, restart the camera.', cause: error },
  );
}

const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses connections on this port',
  ECONNRESET: 'it cut the connection',
  EPIPE: 'it cut the connection',
  EHOSTUNREACH: 'no such host on the network',
  EHOSTDOWN: 'the host is down',
  ENETUNREACH: 'no route to this network',
  ENOTFOUND: 'the name does not resolve',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'no answer',
};

function networkError(target: HttpTarget, error: unknown): Error {
  if (error instanceof GatewayError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code.startsWith('HPE_')) return notOnvif(target.host, target.port, 'does not answer in HTTP.');
  return unreachable(target, NETWORK_REASONS[code] ?? (error instanceof Error ? error.message : String(error)), error);
}
