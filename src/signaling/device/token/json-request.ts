import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { SecureContext } from 'node:tls';
import { GatewayError } from '../../../base/errors.ts';
import { redactUrl } from '../../../base/log.ts';
import { printable } from '../../../base/printable.ts';
import { isTlsError, tlsFailure } from '../tls-failure.ts';

export interface JsonRequest {
  /** Absolute, http or https. */
  url: string;
  headers?: Record<string, string>;
  /** Sent by POST, as a form; absent: GET. */
  form?: URLSearchParams;
  /** Absent: the authorities that the system trusts. */
  authorities?: SecureContext | undefined;
  signal: AbortSignal;
}

export interface JsonAnswer {
  status: number;
  /** Empty where the answer is no JSON object. */
  body: Readonly<Record<string, unknown>>;
}

/** For all of a request, from the look-up of the name to the last byte. */
const TIMEOUT_MS = 10_000;
const MAX_BODY_BYTES = 64 * 1024;

/**
 * Asks one server and follows no redirect, since what is sent is a secret that is meant for this server.
 *
 * @throws GatewayError `oauth.unreachable`, `oauth.tls`, `oauth.redirected`, `oauth.answer`
 */
export async function requestJson({ url, headers, form, authorities, signal }: JsonRequest): Promise<JsonAnswer> {
  const late = AbortSignal.timeout(TIMEOUT_MS);
  const body = form?.toString();
  const options = {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      Accept: 'application/json',
      ...(body === undefined
        ? {}
        : { 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': Buffer.byteLength(body) }),
      ...headers,
    },
    // No pool: some requests an hour, and none may reuse a connection that was made under other authorities.
    agent: false,
    signal: AbortSignal.any([signal, late]),
    ...(authorities === undefined ? {} : { secureContext: authorities }),
    rejectUnauthorized: true,
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = url.startsWith('https:') ? requestHttps(url, options, resolve) : requestHttp(url, options, resolve);
  request.on('error', reject);
  request.end(body);
  try {
    const response = await promise;
    const { statusCode: status = 0 } = response;
    if (status >= 300 && status < 400) throw redirected(url, response);
    return { status, body: objectOf(await textOf(response, url)) };
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw failureOf(url, late.aborted ? new Error(`no answer within ${TIMEOUT_MS / 1000} s`) : (error as Error));
  } finally {
    request.destroy();
  }
}

async function textOf(response: IncomingMessage, url: string): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY_BYTES) {
      throw new GatewayError('oauth.answer', `The answer of ${redactUrl(url)} is longer than 64 KiB.`, {
        advice: ADDRESS_ADVICE,
      });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const ADDRESS_ADVICE = 'Check issuer or token_endpoint of oauth.';

function redirected(url: string, { headers, statusCode }: IncomingMessage): GatewayError {
  const target = URL.parse(headers.location ?? '', url);
  const where = target === null ? 'elsewhere' : `to ${printable(redactUrl(target.href))}`;
  const message = `The authorization server ${redactUrl(url)} redirects ${where} (HTTP ${statusCode}), which is not followed.`;
  return new GatewayError('oauth.redirected', message, { advice: `Where that is the right address, write it in its place.` });
}

function failureOf(url: string, error: Error): GatewayError {
  const server = `authorization server ${redactUrl(url)}`;
  if (isTlsError(error)) return tlsFailure('oauth.tls', server, error);
  const { code = error.message } = error as NodeJS.ErrnoException;
  return new GatewayError('oauth.unreachable', `The ${server} cannot be reached (${code}).`, {
    advice: `${ADDRESS_ADVICE} It is tried again.`,
    cause: error,
  });
}
