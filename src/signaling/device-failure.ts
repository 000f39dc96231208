import { GatewayError, type Reason } from '../base/errors.ts';
import { JsonRpcError } from '../base/json-rpc.ts';
import { redactUrl } from '../base/log.ts';

/** Why no WebSocket came about, for the operator. */
export function connectionFailure(url: string, error: Error): GatewayError {
  const server = redactUrl(url);
  const status = /^Unexpected server response: (\d+)/.exec(error.message)?.[1];
  if (status === '401' || status === '403') return refusedToken(server, `HTTP ${status}`, error);
  if (status !== undefined) {
    return new GatewayError(
      'signaling.refused',
      `The signaling server ${server} answered with HTTP ${status} instead of a WebSocket.`,
      {
        advice: 'Check the path of signaling.server.',
        cause: error,
      },
    );
  }
  const { code = '' } = error as NodeJS.ErrnoException;
  if (/subprotocol/.test(error.message)) {
    return new GatewayError('signaling.subprotocol', `The server ${server} does not speak webrtc.onvif.org.`, {
      advice: 'Check the path of signaling.server.',
      cause: error,
    });
  }
  if (/CERT|TLS|SSL|SELF_SIGNED/.test(code)) {
    return new GatewayError('signaling.tls', `The certificate of the signaling server ${server} was not accepted (${code}).`, {
      advice: 'Install the certificate authority that signed it, or check the host name.',
      cause: error,
    });
  }
  return new GatewayError(
    'signaling.unreachable',
    `The signaling server ${server} cannot be reached (${code || error.message}).`,
    {
      advice: 'Check its address and the network; it is tried again.',
      cause: error,
    },
  );
}

/** Why register failed. */
export function registrationFailure(url: string, error: unknown): GatewayError {
  const server = redactUrl(url);
  if (!(error instanceof JsonRpcError)) return new GatewayError('internal', `Registering at ${server} failed.`, { cause: error });
  if (error.code === 401 || error.code === 403) return refusedToken(server, String(error.code), error);
  return new GatewayError(
    'signaling.register',
    `The signaling server ${server} did not register the camera (${error.code}: ${error.message}).`,
    {
      cause: error,
    },
  );
}

/** Why a connection ended that was registered. */
export function lossOf(url: string, code: number, why: string): Reason {
  const detail = why === '' ? `code ${code}` : `code ${code}: ${why}`;
  return { code: 'signaling.lost', message: `The connection to the signaling server ${redactUrl(url)} ended (${detail}).` };
}

function refusedToken(server: string, how: string, cause: Error): GatewayError {
  return new GatewayError('signaling.unauthorized', `The signaling server ${server} refused the token (${how}).`, {
    advice: 'Check signaling.token (or the token of this camera).',
    cause,
  });
}
