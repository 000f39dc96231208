import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { GatewayError, type Reason } from '../../base/errors.ts';
import { redactUrl } from '../../base/log.ts';
import { SIGNALING_SUBPROTOCOL } from '../../base/signaling.ts';
import { connectionFailure, lossOf, silence, statusFailure } from './failure.ts';
import type { TlsContext } from './tls-context.ts';
import { MAX_FRAME_BYTES, SignalingSocket, type SignalingSocketOptions } from '../signaling-socket.ts';

export interface ConnectionOptions extends Omit<SignalingSocketOptions, 'onClose'> {
  /** WebSocket URL. */
  server: string;
  token: string | undefined;
  /** How the token is shown: RFC 6750 section 2.1 or 2.3. */
  authorization: 'header' | 'query';
  /** Absent: the authorities that the system trusts, no client certificate. */
  tls?: TlsContext | undefined;
  /** From the look-up of the name to the WebSocket, milliseconds. */
  timeoutMs: number;
  signal: AbortSignal;
}

/** A WebSocket on which the server agreed to the subprotocol of ONVIF. */
export interface Connection {
  socket: SignalingSocket;
  /** Resolves when it is over, with the cause. */
  ended: Promise<Reason>;
}

/**
 * Opens a WebSocket with a signaling server (ONVIF WebRTC section 5.1). No redirect is followed: what is sent is a secret for this server.
 *
 * @throws GatewayError `signaling.*` with the cause and what to do about it.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { server, token, tls, timeoutMs, signal } = options;
  const { protocol = '' } = URL.parse(server) ?? {};
  if (!/^wss?:$/.test(protocol)) {
    throw new GatewayError('signaling.url', `The signaling server ${redactUrl(server)} is not a WebSocket URL.`, {
      advice: 'Write it as wss://host/path.',
    });
  }
  const { promise: ended, resolve: onEnded } = Promise.withResolvers<Reason>();
  const { promise: opened, resolve: onOpen, reject: onFailure } = Promise.withResolvers<void>();
  const inQuery = options.authorization === 'query' && token !== undefined;
  const webSocket = new WebSocket(inQuery ? withToken(server, token) : server, [SIGNALING_SUBPROTOCOL], {
    headers: {
      ...(token === undefined || inQuery ? {} : { Authorization: `Bearer ${token}` }),
      // RFC 6750 section 2.3, so that no cache on the way keeps a URL with a token in it.
      ...(inQuery ? { 'Cache-Control': 'no-store' } : {}),
    },
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
    rejectUnauthorized: true,
    ...(tls === undefined || protocol !== 'wss:' ? {} : { secureContext: tls.context() }),
  });
  webSocket.once('open', onOpen);
  webSocket.once('error', (error) => onFailure(connectionFailure(server, error, tls?.files)));
  webSocket.once('unexpected-response', (_request, response: IncomingMessage) => {
    onFailure(statusFailure(server, response));
    webSocket.terminate();
  });
  const socket = new SignalingSocket(webSocket, { ...options, onClose: (code, why) => onEnded(lossOf(server, code, why)) });
  // Not the time-out of `ws`, which starts anew with each byte.
  const timer = setTimeout(() => {
    onFailure(silence(server, 'the WebSocket handshake', timeoutMs));
    webSocket.terminate();
  }, timeoutMs);
  const abort = (): void => webSocket.terminate();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await opened;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
  return { socket, ended };
}

/** The query is not written anew: who made the URL may want its parameters exactly so. */
function withToken(server: string, token: string): string {
  const url = new URL(server);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}access_token=${encodeURIComponent(token)}`;
  return url.href;
}
