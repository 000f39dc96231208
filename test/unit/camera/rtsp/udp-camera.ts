import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { RtspRequest } from '../../../../src/camera/rtsp/message.ts';
import type { Answer } from './scripted-camera.ts';

/** The media side of a camera that sends by UDP from a pair of its ports, which need not be neighbours. */
export class UdpCamera {
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  /** What came to the two ports. */
  readonly received: { rtp: Buffer[]; rtcp: Buffer[] } = { rtp: [], rtcp: [] };
  #clientPorts: [rtp: number, rtcp: number] = [0, 0];

  private constructor(rtp: Socket, rtcp: Socket) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    rtp.on('message', (bytes) => this.received.rtp.push(bytes));
    rtcp.on('message', (bytes) => this.received.rtcp.push(bytes));
  }

  static async open(address: string): Promise<UdpCamera> {
    const sockets = [createSocket('udp4'), createSocket('udp4')] as const;
    for (const socket of sockets) {
      socket.bind(0, address);
      await once(socket, 'listening');
    }
    return new UdpCamera(...sockets);
  }

  get serverPorts(): string {
    return `${this.#rtp.address().port}-${this.#rtcp.address().port}`;
  }

  get clientPorts(): readonly [rtp: number, rtcp: number] {
    return this.#clientPorts;
  }

  /** Answers SETUP over UDP, and refuses it over TCP. */
  setUp(request: RtspRequest, parameters = ''): Answer {
    const asked = request.headers.get('Transport') ?? '';
    const [, rtp, rtcp] = /^RTP\/AVP;unicast;client_port=(\d+)-(\d+)$/.exec(asked) ?? [];
    if (rtp === undefined) return { status: 461 };
    this.sendTo([Number(rtp), Number(rtcp)]);
    return {
      headers: [
        ['Transport', `${asked};server_port=${this.serverPorts}${parameters}`],
        ['Session', '12345678;timeout=60'],
      ],
    };
  }

  sendTo(clientPorts: [rtp: number, rtcp: number]): void {
    this.#clientPorts = clientPorts;
  }

  sendRtp(packet: Buffer): void {
    this.#rtp.send(packet, this.#clientPorts[0], '127.0.0.1');
  }

  sendRtcp(packet: Buffer): void {
    this.#rtcp.send(packet, this.#clientPorts[1], '127.0.0.1');
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }
}
