import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP, isIPv6 } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { ReorderBuffer } from '../../media/rtp/reorder-buffer.ts';
import { RTP_HEADER_LENGTH } from '../../media/rtp/packet.ts';
import { SourceChoice } from '../../media/rtp/source-choice.ts';
import { noUdpPorts } from './failure.ts';
import type { PortPair, TransportAnswer } from './transport-header.ts';

export interface UdpMediaOptions {
  /** The stream's URL without secrets, for error texts. */
  place: string;
  /** Our own address of the RTSP connection. */
  localAddress: string;
  /** The camera's address of the RTSP connection: packets are taken from there, and sent nowhere else. */
  cameraAddress: string;
  clock: Clock;
  onRtp: (packet: Buffer, arrivalMs: number) => void;
  onRtcp: (packet: Buffer, arrivalMs: number) => void;
}

interface ReceivedPacket {
  sequenceNumber: number;
  bytes: Buffer;
  arrivalMs: number;
}

/** Half of the ports are odd, some are taken. */
const BIND_ATTEMPTS = 64;
/** A keyframe comes at the speed of the network; the system may grant less. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024;
/** Longer than packets overtake each other within a site; what is lost is not sent again, so that waiting longer gains nothing. */
const REORDER_LIMITS = { maxDelayMs: 50, maxPackets: 512 };
/** No packet waits this long for another; when only late ones come, their numbers have started again. */
const RESTART_MS = 500;
const MAX_UNSENT_BYTES = 64 * 1024;

/** An RTP header and an empty receiver report: what players send to open the way through NAT and stateful firewalls. */
const PUNCH_RTP = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const PUNCH_RTCP = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 0]);

/** One track over UDP unicast: a pair of ports (RFC 3550 section 11: RTP even, RTCP the next), order, and who may send. */
export class UdpMedia {
  readonly #options: UdpMediaOptions;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #senders: Set<string>;
  #serverPorts: PortPair | undefined;
  #source = new SourceChoice();
  #order = new ReorderBuffer<ReceivedPacket>(REORDER_LIMITS);
  /** Since when packets come and none is handed on. */
  #heldSinceMs: number | undefined;
  #refused = 0;
  #closed = false;

  /** @throws GatewayError `rtsp.udp` when there is no free pair of ports. */
  static async open(options: UdpMediaOptions): Promise<UdpMedia> {
    let cause: unknown;
    for (let attempt = 0; attempt < BIND_ATTEMPTS; attempt += 1) {
      const rtp = await bind(options.localAddress, 0);
      const { port } = rtp.address();
      try {
        if (port % 2 === 0) return new UdpMedia(options, rtp, await bind(options.localAddress, port + 1));
      } catch (error) {
        cause = error;
      }
      rtp.close();
    }
    throw noUdpPorts(options.place, cause);
  }

  private constructor(options: UdpMediaOptions, rtp: Socket, rtcp: Socket) {
    this.#options = options;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#senders = new Set([withoutZone(options.cameraAddress)]);
    rtp.on('message', (bytes, from) => this.#onRtp(bytes, from));
    rtcp.on('message', (bytes, from) => this.#onRtcp(bytes, from));
    for (const socket of [rtp, rtcp]) {
      // What cannot be sent now is lost, as any datagram may be.
      socket.on('error', () => undefined);
    }
  }

  /** Ours, to ask for. */
  get clientPorts(): PortPair {
    return { rtp: this.#rtp.address().port, rtcp: this.#rtcp.address().port };
  }

  /** Datagrams that came from elsewhere, of another stream, or were no RTP. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes what the camera answered. Its `source` may send to us as well; we send to the camera itself only. */
  accept({ serverPorts, ssrc, source }: TransportAnswer): void {
    this.#serverPorts = serverPorts;
    this.#source = new SourceChoice(ssrc);
    if (source !== undefined && isIP(source) !== 0) this.#senders.add(withoutZone(source));
    this.punch();
  }

  /** Opens the way for packets from the camera: a firewall lets in what answers to something. */
  punch(): void {
    this.#send(this.#rtp, this.#serverPorts?.rtp, PUNCH_RTP);
    this.#send(this.#rtcp, this.#serverPorts?.rtcp, PUNCH_RTCP);
  }

  /** On a track that we send, the backchannel; false when the packet was dropped. */
  sendRtp(packet: Uint8Array): boolean {
    return this.#send(this.#rtp, this.#serverPorts?.rtp, packet);
  }

  /** False when the packet was dropped. */
  sendRtcp(packet: Uint8Array): boolean {
    return this.#send(this.#rtcp, this.#serverPorts?.rtcp, packet);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rtp.close();
    this.#rtcp.close();
  }

  #send(socket: Socket, port: number | undefined, packet: Uint8Array): boolean {
    if (port === undefined || this.#closed || socket.getSendQueueSize() > MAX_UNSENT_BYTES) return false;
    socket.send(packet, port, this.#options.cameraAddress, () => undefined);
    return true;
  }

  #onRtp(bytes: Buffer, from: RemoteInfo): void {
    if (bytes.length < RTP_HEADER_LENGTH || bytes.readUInt8(0) >> 6 !== 2 || !this.#isFromCamera(from)) {
      this.#refused += 1;
      return;
    }
    const arrivalMs = this.#options.clock.now();
    const source = this.#source.hear(bytes.readUInt32BE(8), arrivalMs);
    if (source === 'other') {
      this.#refused += 1;
      return;
    }
    if (source === 'new') this.#order = new ReorderBuffer(REORDER_LIMITS);
    const packet = { sequenceNumber: bytes.readUInt16BE(2), bytes, arrivalMs };
    let ordered = this.#order.push(packet, arrivalMs);
    if (ordered.length === 0 && arrivalMs - (this.#heldSinceMs ??= arrivalMs) > RESTART_MS) {
      this.#order = new ReorderBuffer(REORDER_LIMITS);
      ordered = this.#order.push(packet, arrivalMs);
    }
    if (ordered.length > 0) this.#heldSinceMs = undefined;
    for (const next of ordered) this.#options.onRtp(next.bytes, next.arrivalMs);
  }

  #onRtcp(bytes: Buffer, from: RemoteInfo): void {
    if (this.#isFromCamera(from)) this.#options.onRtcp(bytes, this.#options.clock.now());
    else this.#refused += 1;
  }

  #isFromCamera(from: RemoteInfo): boolean {
    return this.#senders.has(withoutZone(from.address));
  }
}

function bind(address: string, port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  socket.once('error', (error) => {
    socket.close();
    reject(error);
  });
  socket.bind({ address, port, exclusive: true }, () => {
    socket.removeAllListeners('error');
    resolve(socket);
  });
  return promise;
}

/** The zone of a link-local IPv6 address is said here and there only. */
function withoutZone(address: string): string {
  return address.replace(/%.*$/, '').toLowerCase();
}
