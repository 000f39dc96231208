import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TlsPolicy } from './rtsp-transport.ts';

/** A camera's certificate is not one that the policy takes. */
export class CertificateRefused extends Error {
  /** Its SHA-256 fingerprint, 64 hexadecimal digits. */
  readonly shown: string;

  constructor(why: string, shown: string) {
    super(why);
    this.shown = shown;
  }
}

/** @throws Error of node:net; after the signal any. */
export async function openTcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port });
  await opened(socket, 'connect', signal);
  return socket;
}

/**
 * Cameras of 2012 know no TLS but 1.0 and 1.1, with keys and digests that are refused today. Where the config says which
 * certificate will do, that is good enough; where it is trusted for who signed it, it is not.
 */
const OLD_TLS = { minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;

/**
 * @param policy Absent: the certificate must be one that an authority known to the system gave to this name.
 * @throws CertificateRefused, an Error of node:tls; after the signal any.
 */
export async function openTls(host: string, port: number, policy: TlsPolicy | undefined, signal: AbortSignal): Promise<Socket> {
  // Judged below, before a word is said, so that the error can name what the camera shows.
  const socket = connectTls({
    host,
    port,
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(policy === undefined ? {} : OLD_TLS),
  });
  await opened(socket, 'secureConnect', signal);
  const shown = plainFingerprint(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
  const why = String(socket.authorizationError);
  let refusal: string | undefined;
  if (policy === undefined) refusal = socket.authorized ? undefined : `it is not trusted (${why})`;
  else if ('fingerprint' in policy && plainFingerprint(policy.fingerprint) !== shown) refusal = 'it is not the one in the config';
  if (refusal === undefined) return socket;
  socket.destroy();
  throw new CertificateRefused(refusal, shown);
}

function plainFingerprint(text: string): string {
  return text.replaceAll(':', '').toLowerCase();
}

async function opened(socket: Socket, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = (): void => void socket.destroy(new Error('given up'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  // Stays, so that an error before the socket is taken over harms nobody; it is destroyed then.
  socket.on('error', reject);
  socket.once(event, resolve);
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
