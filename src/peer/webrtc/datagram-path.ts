import type { Socket as UdpSocket } from 'node:dgram';
import type { Socket as TcpSocket } from 'node:net';
import type { CandidatePair } from 'werift';
import { sendsAtOnce } from './udp-socket-guard.ts';

/** Bytes before a datagram in its memory, for the framing of the path by which it goes. */
export const HEADROOM = 4;

/** What became of a datagram: gone, so that its memory may be used again; taken along with its memory; not sent. */
export type Outcome = 'gone' | 'kept' | 'refused';

/** How datagrams leave by one candidate pair of werift's. */
export interface DatagramPath {
  /** @param memory of which `datagram` is the part behind {@link HEADROOM} */
  send(datagram: Buffer, memory: Buffer): Outcome;
  /** Takes all that it is given within this turn of the event loop, however much waits. */
  readonly refusesNothing: boolean;
  /** Bytes that wait in the socket. */
  readonly backlog: number;
}

/** Bytes in a socket over TCP above which nothing more goes in: a picture begins with less, and ends below. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024;

/** As much of werift's candidate protocols as is used here: UDP has `transport`, TURN keeps its own beneath `turn`, TCP has a socket for each address. */
interface CandidateProtocol {
  transport?: UdpBeneath;
  turn?: TurnClient;
  sockets?: ReadonlyMap<string, { socket: TcpSocket }>;
}

interface UdpBeneath {
  type: 'udp';
  socket: UdpSocket;
  closed: boolean;
}

interface StreamBeneath {
  type: 'tcp' | 'tls';
  stream: { client?: TcpSocket };
}

interface TurnClient {
  transport: UdpBeneath | StreamBeneath;
  /** By the address as JSON. */
  channelByAddr: Readonly<Record<string, { number: number; refreshAt: number } | undefined>>;
  /** Those that are being bound, or bound anew. */
  channelBindingByAddr: ReadonlyMap<string, unknown>;
  /** Address and port of the server, resolved. */
  pinnedServerEndpoint?: readonly [string, number];
}

export function pathOf(pair: CandidatePair): DatagramPath {
  const { transport, turn } = pair.protocol as unknown as CandidateProtocol;
  if (transport !== undefined) return new UdpPath(transport, pair.remoteAddr);
  return turn === undefined ? new TcpPath(pair) : new RelayPath(pair, turn);
}

/** A host or reflexive candidate over UDP. */
class UdpPath implements DatagramPath {
  readonly #transport: UdpBeneath;
  readonly #socket: UdpSocket;
  readonly #address: string;
  readonly #port: number;
  readonly #isAtOnce: boolean;

  constructor(transport: UdpBeneath, [address, port]: readonly [string, number]) {
    this.#transport = transport;
    this.#socket = transport.socket;
    this.#address = address;
    this.#port = port;
    this.#isAtOnce = sendsAtOnce(transport.socket);
  }

  get refusesNothing(): boolean {
    return !this.#transport.closed;
  }

  get backlog(): number {
    return this.#transport.closed ? 0 : this.#socket.getSendQueueSize();
  }

  send(datagram: Buffer): Outcome {
    if (this.#transport.closed) return 'refused';
    this.#socket.send(datagram, this.#port, this.#address);
    // The system takes it within the call, or it waits in the socket together with its memory.
    return this.#isAtOnce && this.#socket.getSendQueueCount() === 0 ? 'gone' : 'kept';
  }
}

/** ICE over TCP: each datagram behind its length, RFC 4571 section 2. */
class TcpPath implements DatagramPath {
  readonly refusesNothing = false;
  readonly #pair: CandidatePair;

  constructor(pair: CandidatePair) {
    this.#pair = pair;
  }

  get #socket(): TcpSocket | undefined {
    const { sockets } = this.#pair.protocol as unknown as CandidateProtocol;
    const [address, port] = this.#pair.remoteAddr;
    return sockets?.get(`${address}:${port}`)?.socket;
  }

  get backlog(): number {
    return this.#socket?.writableLength ?? 0;
  }

  send(datagram: Buffer, memory: Buffer): Outcome {
    const socket = this.#socket;
    // One that is gone ends the session by itself.
    if (socket === undefined || !socket.writable || socket.writableLength > MAX_QUEUED_BYTES) return 'refused';
    memory.writeUInt16BE(datagram.length, HEADROOM - 2);
    return write(socket, memory.subarray(HEADROOM - 2, HEADROOM + datagram.length));
  }
}

/** TURN, RFC 8656: as ChannelData where a channel is bound, and by werift, which binds it, where none is. */
class RelayPath implements DatagramPath {
  readonly #pair: CandidatePair;
  readonly #turn: TurnClient;
  readonly #key: string;
  readonly #isAtOnce: boolean;

  constructor(pair: CandidatePair, turn: TurnClient) {
    this.#pair = pair;
    this.#turn = turn;
    this.#key = JSON.stringify(pair.remoteAddr);
    this.#isAtOnce = turn.transport.type === 'udp' && sendsAtOnce(turn.transport.socket);
  }

  get refusesNothing(): boolean {
    const { transport } = this.#turn;
    return transport.type === 'udp' && !transport.closed;
  }

  get backlog(): number {
    const { transport } = this.#turn;
    if (transport.type !== 'udp') return transport.stream.client?.writableLength ?? 0;
    return transport.closed ? 0 : transport.socket.getSendQueueSize();
  }

  send(datagram: Buffer, memory: Buffer): Outcome {
    const { transport, channelByAddr, channelBindingByAddr, pinnedServerEndpoint: server } = this.#turn;
    const channel = channelByAddr[this.#key];
    const isStream = transport.type !== 'udp';
    if (isStream ? this.backlog > MAX_QUEUED_BYTES : transport.closed) return 'refused';
    const isBound = channel !== undefined && channel.refreshAt > Date.now() / 1000 && !channelBindingByAddr.has(this.#key);
    if (!isBound || server === undefined) {
      // It rejects only when the socket is gone, which ends the session by itself.
      this.#pair.protocol.sendData(datagram, this.#pair.remoteAddr).catch(() => undefined);
      return 'kept';
    }
    memory.writeUInt16BE(channel.number, 0);
    memory.writeUInt16BE(datagram.length, 2);
    const end = HEADROOM + datagram.length;
    if (isStream) {
      const { client } = transport.stream;
      if (client?.writable !== true) return 'refused';
      // Section 12.5: over streams filled up to whole words.
      return write(client, memory.subarray(0, end), -end & 3);
    }
    transport.socket.send(memory.subarray(0, end), server[1], server[0]);
    return this.#isAtOnce && transport.socket.getSendQueueCount() === 0 ? 'gone' : 'kept';
  }
}

/**
 * Writes a copy of just its length, with so many zeros behind it. It may wait for long, and what waits is counted by its bytes; memory out of the pool of
 * Node.js would hold on to its neighbours.
 */
function write(socket: TcpSocket, framed: Buffer, padding = 0): Outcome {
  const bytes = Buffer.allocUnsafeSlow(framed.length + padding);
  bytes.set(framed, 0);
  bytes.fill(0, framed.length);
  socket.write(bytes);
  return 'gone';
}
