import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { TlsPolicy } from '../../base/rtsp-transport.ts';
import { untrusted } from './failure.ts';

/** A way to a camera on which RTSP is spoken. */
export interface Line {
  stream: Duplex;
  /** Our own address and the camera's, as the system sees them. */
  localAddress: string;
  cameraAddress: string;
}

/** Opens a line; gives up, and lets go of all it opened, when the signal says so. */
export type Dial = (signal: AbortSignal) => Promise<Line>;

const KEEP_ALIVE_MS = 10_000;

/** @throws Error of node:net. */
export async function dialTcp(host: string, port: number, signal: AbortSignal): Promise<Line> {
  const socket = connect({ host, port });
  await opened(socket, 'connect', signal);
  return lineOf(socket);
}

/** @throws GatewayError `rtsp.certificate`, or an Error of node:tls. */
export async function dialTls(
  host: string,
  port: number,
  policy: TlsPolicy | undefined,
  place: string,
  signal: AbortSignal,
): Promise<Line> {
  // Judged below, before a word is said, so that the error can name what the camera shows.
  const socket = connectTls({ host, port, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) });
  await opened(socket, 'secureConnect', signal);
  const shown = plainFingerprint(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
  const why = String(socket.authorizationError);
  let refusal: string | undefined;
  if (policy === undefined) refusal = socket.authorized ? undefined : `it is not trusted (${why})`;
  else if ('fingerprint' in policy && plainFingerprint(policy.fingerprint) !== shown) refusal = 'it is not the one in the config';
  if (refusal === undefined) return lineOf(socket);
  socket.destroy();
  throw untrusted(place, refusal, shown);
}

function plainFingerprint(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}

async function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => void socket.destroy(new Error('given up'));
  signal.addEventListener('abort', abort, { once: true });
  // Stays, so that an error before the line is taken over harms nobody; it is destroyed then.
  socket.on('error', reject);
  socket.once(event, resolve);
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function lineOf(socket: Socket): Line {
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
  return { stream: socket, localAddress: socket.localAddress ?? '', cameraAddress: socket.remoteAddress ?? '' };
}
