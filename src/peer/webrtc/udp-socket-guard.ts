import type { Socket } from 'node:dgram';
import { UdpTransport } from 'werift';

/** werift's own preparation of a socket, which is private to its class. */
interface Prototype {
  init: (this: UdpTransport) => Promise<void>;
}

/** `view` is sent what was kept since the last keyframe at once, which Linux's usual 208 KiB do not hold; Linux gives what it allows. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * werift looks for a free port and then binds it without listening for errors: a port that another program took in between would end the whole
 * process. Guards every UDP socket that it makes from now on: such an error fails the one candidate. Gives them a larger receive buffer, too. Takes
 * effect once.
 */
export function guardUdpSockets(): void {
  const prototype = UdpTransport.prototype as unknown as Prototype;
  const { init } = prototype;
  if (guarded.has(init)) return;
  const guardedInit = async function (this: UdpTransport): Promise<void> {
    const socket: Socket = this.socket;
    socket.once('listening', () => socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES));
    const failed = new Promise<never>((_, reject) => socket.on('error', reject));
    // Errors after it was bound concern single datagrams, which are lost as datagrams are.
    failed.catch(() => undefined);
    await Promise.race([init.call(this), failed]);
  };
  guarded.add(guardedInit);
  prototype.init = guardedInit;
}

const guarded = new WeakSet<Prototype['init']>();
