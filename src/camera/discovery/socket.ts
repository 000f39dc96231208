import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';

export type OnDatagram = (datagram: Buffer, remote: RemoteInfo) => void;

/** A bound UDP socket. Rejects with the system's error; what goes wrong later (ICMP, interface down) costs one datagram. */
export async function openSocket(
  options: SocketOptions,
  at: { address: string; port: number },
  onDatagram: OnDatagram,
): Promise<Socket> {
  const socket = createSocket(options);
  const bound = Promise.withResolvers<void>();
  socket.once('error', bound.reject);
  socket.bind({ ...at, exclusive: true }, bound.resolve);
  try {
    await bound.promise;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.off('error', bound.reject);
  socket.on('error', () => undefined);
  socket.on('message', onDatagram);
  return socket;
}
