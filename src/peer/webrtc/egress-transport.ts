import type { Socket } from 'node:dgram';
import type { RTCDtlsTransport } from 'werift';
import type { EgressTransport, SrtpKeys, SrtpProfile } from '../egress/transport.ts';

/** RFC 7714 section 14.2, RFC 5764 section 4.1.2. */
const PROFILES = new Map<number, SrtpProfile>([
  [0x0007, 'AEAD_AES_128_GCM'],
  [0x0001, 'AES_CM_128_HMAC_SHA1_80'],
]);

/** The sending side of a connected werift transport, without its per-packet parsing, cloning and promises. */
export class WeriftEgressTransport implements EgressTransport {
  readonly keys: SrtpKeys;
  readonly #transport: RTCDtlsTransport;

  /** @param transport connected: its SRTP keys exist */
  constructor(transport: RTCDtlsTransport) {
    this.#transport = transport;
    const { srtpSessionKey, srtpSessionSalt, srtpSessionAuthTag, profile } = transport.srtp.localContext;
    const name = PROFILES.get(profile);
    if (name === undefined) throw new Error(`unknown SRTP profile ${profile}`);
    this.keys = { profile: name, key: srtpSessionKey, salt: srtpSessionSalt, authenticationKey: srtpSessionAuthTag };
  }

  send(datagram: Buffer): boolean {
    const { connection } = this.#transport.iceTransport;
    const pair = connection.nominated;
    if (pair === undefined || !hasConsent(connection)) return false;
    const socket = udpSocket(pair.protocol);
    if (socket === undefined) {
      // TURN and TCP: werift frames it. It rejects only when the socket is gone, which ends the session by itself.
      connection.send(datagram).catch(() => undefined);
    } else {
      const [address, port] = pair.remoteAddr;
      socket.send(datagram, port, address);
    }
    return true;
  }

  sendRtcp(compound: Buffer): void {
    const { connection } = this.#transport.iceTransport;
    connection.send(this.#transport.srtcp.encrypt(compound)).catch(() => undefined);
  }

  get backlog(): number {
    const protocol = this.#transport.iceTransport.connection.nominated?.protocol;
    return protocol === undefined ? 0 : backlogOf(protocol);
  }
}

/** RFC 7675: nothing is sent to a peer whose consent ran out. werift keeps this to itself but for its own `send`. */
function hasConsent(connection: unknown): boolean {
  return (connection as { canSendApplicationData(): boolean }).canSendApplicationData();
}

/** As much of werift's candidate protocols as is used here: UDP has `transport`, TURN keeps its own beneath `turn`. */
interface CandidateProtocol {
  transport?: CandidateTransport;
  turn?: { transport: CandidateTransport };
}

type CandidateTransport =
  | { type: 'udp'; socket: Socket; closed: boolean }
  | { type: 'tcp' | 'tls'; stream: { client?: { writableLength: number } } };

/** The socket of a host or reflexive candidate over UDP; undefined for TURN and TCP. */
function udpSocket(protocol: unknown): Socket | undefined {
  const { transport } = protocol as CandidateProtocol;
  return transport?.type === 'udp' && !transport.closed ? transport.socket : undefined;
}

/** Bytes queued in the socket beneath a candidate. */
function backlogOf(protocol: unknown): number {
  const { transport, turn } = protocol as CandidateProtocol;
  const beneath = transport ?? turn?.transport;
  if (beneath === undefined) return 0;
  return beneath.type === 'udp' ? beneath.socket.getSendQueueSize() : (beneath.stream.client?.writableLength ?? 0);
}
