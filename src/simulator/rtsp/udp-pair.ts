import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { GatewayError } from '../../base/errors.ts';

type Listener = (bytes: Buffer, from: RemoteInfo) => void;

const ATTEMPTS = 50;

/** Two UDP sockets on ports n (even, RTP) and n+1 (RTCP), as RFC 3550 section 11 wants them. Serves all clients of a camera. */
export class UdpPair {
  readonly ports: readonly [number, number];
  readonly #rtp: Socket;
  readonly #rtcp: Socket;

  private constructor(rtp: Socket, rtcp: Socket) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.ports = [rtp.address().port, rtcp.address().port];
  }

  /** Takes whatever pair of ports the system has. */
  static async open(host: string, onRtp: Listener, onRtcp: Listener): Promise<UdpPair> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const rtp = await bind(host, 0);
      const { port } = rtp.address();
      const rtcp = port % 2 === 0 ? await bind(host, port + 1).catch(() => undefined) : undefined;
      if (rtcp !== undefined) {
        rtp.on('message', onRtp);
        rtcp.on('message', onRtcp);
        return new UdpPair(rtp, rtcp);
      }
      rtp.close();
    }
    throw new GatewayError('simulator.no-udp-ports', `No pair of UDP ports is free on ${host}.`, {
      advice: 'Close programs that hold many UDP ports.',
    });
  }

  sendRtp(bytes: Buffer, port: number, address: string): void {
    this.#rtp.send(bytes, port, address, ignore);
  }

  sendRtcp(bytes: Buffer, port: number, address: string): void {
    this.#rtcp.send(bytes, port, address, ignore);
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }
}

async function bind(host: string, port: number): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(port, host);
  try {
    await once(socket, 'listening');
  } catch (error) {
    socket.close();
    throw error;
  }
  // A client that is gone answers with ICMP errors; its session ends by its timeout.
  socket.on('error', ignore);
  return socket;
}

function ignore(): void {}
