import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CertificateRefused, openTcp, openTls } from '../../base/camera-socket.ts';
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
  return lineOf(await openTcp(host, port, signal));
}

/** @throws GatewayError `rtsp.certificate`, or an Error of node:tls. */
export async function dialTls(
  host: string,
  port: number,
  policy: TlsPolicy | undefined,
  place: string,
  signal: AbortSignal,
): Promise<Line> {
  try {
    return lineOf(await openTls(host, port, policy, signal));
  } catch (error) {
    if (error instanceof CertificateRefused) throw untrusted(place, error.message, error.shown);
    throw error;
  }
}

function lineOf(socket: Socket): Line {
  socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
  return { stream: socket, localAddress: socket.localAddress ?? '', cameraAddress: socket.remoteAddress ?? '' };
}
