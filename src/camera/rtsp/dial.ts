import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A way to a camera on which RTSP is spoken. */
export interface Line {
  stream: Duplex;
  /** Our own address and the camera's, as the system sees them. */
  localAddress: string;
  cameraAddress: string;
}

/** Opens a line; gives up, and lets go of all it opened, when the signal says so. */
export type Dial = (signal: AbortSignal) => Promise<Line>;

/** @throws Error of node:net. */
export async function dialTcp(host: string, port: number, signal: AbortSignal): Promise<Line> {
  return lineOf(
    await opened(connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 }), 'connect', signal),
  );
}

function opened<S extends Socket>(socket: S, event: 'connect', signal: AbortSignal): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>();
  const abort = (): void => void socket.destroy(new Error('given up'));
  signal.addEventListener('abort', abort, { once: true });
  socket.once('error', reject);
  socket.once(event, () => {
    socket.off('error', reject);
    resolve(socket);
  });
  return promise.finally(() => signal.removeEventListener('abort', abort));
}

function lineOf(socket: Socket): Line {
  return { stream: socket, localAddress: socket.localAddress ?? '', cameraAddress: socket.remoteAddress ?? '' };
}
