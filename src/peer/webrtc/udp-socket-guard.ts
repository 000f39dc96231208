import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import { UdpTransport } from 'werift';

/** werift's own preparation of a socket, which is private to its class. */
interface Prototype {
  init: (this: Prepared) => Promise<void>;
}

/** What is prepared: werift has made the socket, and listens to it, but has not bound it. */
interface Prepared {
  readonly socketType: 'udp4' | 'udp6';
  socket: Socket;
}

type MessageListener = (datagram: Buffer, from: RemoteInfo) => void;

/** `view` is sent what was kept since the last keyframe at once, which Linux's usual 208 KiB do not hold; Linux gives what it allows. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * werift looks for a free port and then binds it without listening for errors: a port that another program took in between would end the whole
 * process. Guards every UDP socket that it makes from now on: such an error fails the one candidate. Gives them a larger receive buffer, too, and has
 * them send within the call (see {@link sendsAtOnce}). Takes effect once.
 */
export function guardUdpSockets(): void {
  const prototype = UdpTransport.prototype as unknown as Prototype;
  const { init } = prototype;
  if (guarded.has(init)) return;
  const guardedInit = async function (this: Prepared): Promise<void> {
    const socket = promptSocket(this.socketType);
    for (const listener of this.socket.listeners('message')) socket.on('message', listener as MessageListener);
    this.socket.close();
    this.socket = socket;
    socket.once('listening', () => socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES));
    const failed = new Promise<never>((_, reject) => socket.on('error', reject));
    // Errors after it was bound concern single datagrams, which are lost as datagrams are.
    failed.catch(() => undefined);
    await Promise.race([init.call(this), failed]);
  };
  guarded.add(guardedInit);
  prototype.init = guardedInit;
}

/**
 * True where `send` hands a datagram to the system before it returns, unless others wait in the socket: Node looks up even what is an address already,
 * later and at some cost, but for sockets whose lookup answers at once.
 */
export function sendsAtOnce(socket: Socket): boolean {
  return prompt.has(socket);
}

const guarded = new WeakSet<Prototype['init']>();
const prompt = new WeakSet<Socket>();

function promptSocket(type: 'udp4' | 'udp6'): Socket {
  let isBound = false;
  let known: string | undefined;
  const socket = createSocket({
    type,
    lookup: (host, options, callback) => {
      // Who binds a socket listens for the end of it only after the call.
      if (isBound && (host === known || isIP(host) !== 0)) {
        known = host;
        callback(null, host, type === 'udp6' ? 6 : 4);
      } else lookup(host, options, callback);
    },
  });
  socket.once('listening', () => (isBound = true));
  prompt.add(socket);
  return socket;
}
