import type { IncomingMessage } from 'node:http';
import { GatewayError, type Reason } from '../../base/errors.ts';
import { GONE, JsonRpcError, REQUEST_TIMEOUT } from '../../base/json-rpc.ts';
import { redactUrl } from '../../base/log.ts';
import { printable } from '../../base/printable.ts';
import { SIGNALING_SUBPROTOCOL } from '../../base/signaling.ts';
import type { TlsFiles } from '../../config/tls-files.ts';
import { TLS_CODE } from './tls-context.ts';
import { isTlsError, tlsFailure } from './tls-failure.ts';

/* What went wrong between device and signaling server, in words for the operator. No text holds a token. */

const PATH_ADVICE = 'Check the path of signaling.server.';

/** Why no WebSocket came about. */
export function connectionFailure(url: string, error: Error, files?: TlsFiles): GatewayError {
  const server = `signaling server ${redactUrl(url)}`;
  const { code = '' } = error as NodeJS.ErrnoException;
  if (isTlsError(error)) return tlsFailure(TLS_CODE, server, error, files);
  const make = (kind: string, message: string, advice: string): GatewayError =>
    new GatewayError(kind, message, { advice, cause: error });
  if (/subprotocol/.test(error.message))
    return make('signaling.subprotocol', `The ${server} does not speak ${SIGNALING_SUBPROTOCOL}.`, PATH_ADVICE);
  if (code.startsWith('HPE_') || /Sec-WebSocket|Upgrade header/i.test(error.message))
    return make('signaling.refused', `The ${server} did not answer as a WebSocket server does.`, PATH_ADVICE);
  // Several servers hang up in place of an alert.
  const certificate =
    code === 'ECONNRESET' && files?.cert !== undefined ? `, whether it takes the certificate in ${files.cert},` : '';
  return make(
    'signaling.unreachable',
    `The ${server} cannot be reached (${code || error.message}).`,
    `Check its address${certificate} and the network; it is tried again.`,
  );
}

/** Why the server answered by HTTP in place of a WebSocket. */
export function statusFailure(url: string, { statusCode: status = 0, headers }: IncomingMessage): GatewayError {
  const server = redactUrl(url);
  if (status === 401 || status === 403) return refusedToken(server, status, `HTTP ${status}`);
  if (status >= 300 && status < 400) {
    const target = URL.parse(headers.location ?? '', url.replace(/^ws/, 'http'));
    const where = target === null ? 'elsewhere' : `to ${printable(redactUrl(target.href))}`;
    return new GatewayError('signaling.redirected', `The signaling server ${server} redirects ${where} (HTTP ${status}).`, {
      advice: 'The token is for the configured server only; where the other is right, write it as signaling.server.',
    });
  }
  return new GatewayError(
    'signaling.refused',
    `The signaling server ${server} answered with HTTP ${status} instead of a WebSocket.`,
    {
      advice: status >= 500 ? 'It is tried again.' : PATH_ADVICE,
    },
  );
}

/** The server took the connection and said nothing. */
export function silence(url: string, to: string, afterMs: number): GatewayError {
  const message = `The signaling server ${redactUrl(url)} did not answer ${to} within ${afterMs / 1000} s.`;
  return new GatewayError('signaling.silent', message, { advice: 'Check that this is a signaling server; it is tried again.' });
}

/** Why register failed. `loss`: how the connection ended, where it did. */
export function registrationFailure(url: string, error: unknown, timeoutMs: number, loss?: Reason): GatewayError {
  const server = redactUrl(url);
  if (!(error instanceof JsonRpcError)) return new GatewayError('internal', `Registering at ${server} failed.`, { cause: error });
  if (error.code === 401 || error.code === 403) return refusedToken(server, error.code, String(error.code));
  if (error.code === REQUEST_TIMEOUT) return silence(url, 'register', timeoutMs);
  if (error.code === GONE && loss !== undefined) {
    return new GatewayError('signaling.register', `${loss.message} The camera was not registered yet.`, {
      advice: 'Look into the log of the server; it is tried again.',
    });
  }
  const said = `${error.code}: ${printable(error.message)}`;
  return new GatewayError('signaling.register', `The signaling server ${server} did not register the camera (${said}).`, {
    advice: 'Look into the log of the server; it is tried again.',
    cause: error,
  });
}

/** Why a connection ended. */
export function lossOf(url: string, code: number, why: string): Reason {
  const detail = why === '' ? `code ${code}` : `code ${code}: ${printable(why)}`;
  return { code: 'signaling.lost', message: `The connection to the signaling server ${redactUrl(url)} ended (${detail}).` };
}

/** True where another token may be accepted. */
export function isRefusedToken(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'signaling.unauthorized';
}

function refusedToken(server: string, status: 401 | 403, how: string): GatewayError {
  return status === 401
    ? new GatewayError('signaling.unauthorized', `The signaling server ${server} refused the token (${how}).`, {
        advice:
          'Check token, token_file or oauth under signaling (of this camera, where it has its own); an expired token counts too.',
      })
    : new GatewayError('signaling.forbidden', `The signaling server ${server} does not let this camera register (${how}).`, {
        advice: 'Its token is known there but not allowed to do this; check its scope and its rights.',
      });
}
