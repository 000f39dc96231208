import type { CandidatePair, RTCDtlsTransport } from 'werift';
import type { EgressTransport, SrtpKeys, SrtpProfile } from '../egress/transport.ts';
import { DatagramBurst } from './datagram-burst.ts';
import { pathOf, type DatagramPath } from './datagram-path.ts';

/** RFC 7714 section 14.2, RFC 5764 section 4.1.2. */
const PROFILES = new Map<number, SrtpProfile>([
  [0x0007, 'AEAD_AES_128_GCM'],
  [0x0001, 'AES_CM_128_HMAC_SHA1_80'],
]);

/** Bytes in a socket beyond which RTCP is left out: pictures and sound wait by then, and reports of now would come when they are of use no more. */
const MAX_RTCP_BACKLOG_BYTES = 512 * 1024;

/** Of this thread: what a viewer is sent is filled in, and passed on, before another one's turn. */
const burst = new DatagramBurst();

/** The sending side of a connected werift transport, without its per-packet parsing, cloning and promises. */
export class WeriftEgressTransport implements EgressTransport {
  readonly keys: SrtpKeys;
  readonly #transport: RTCDtlsTransport;
  readonly #formerPath: () => CandidatePair | undefined;
  #pair: CandidatePair | undefined;
  #path: DatagramPath | undefined;

  /**
   * @param transport connected: its SRTP keys exist
   * @param formerPath by which to send while an ICE restart looks for another one
   */
  constructor(transport: RTCDtlsTransport, formerPath: () => CandidatePair | undefined) {
    this.#transport = transport;
    this.#formerPath = formerPath;
    const { srtpSessionKey, srtpSessionSalt, srtpSessionAuthTag, profile } = transport.srtp.localContext;
    const name = PROFILES.get(profile);
    if (name === undefined) throw new Error(`unknown SRTP profile ${profile}`);
    // werift derives two bytes more of salt than GCM has.
    const salt = name === 'AEAD_AES_128_GCM' ? srtpSessionSalt.subarray(0, 12) : srtpSessionSalt;
    this.keys = { profile: name, key: srtpSessionKey, salt, authenticationKey: srtpSessionAuthTag };
  }

  datagram(length: number): Buffer {
    return burst.datagram(length);
  }

  send(datagram: Buffer): boolean {
    const path = this.#currentPath();
    return path !== undefined && burst.send(path, datagram);
  }

  cork(): void {
    burst.cork();
  }

  uncork(): void {
    burst.uncork();
  }

  sendRtcp(compound: Buffer): void {
    if (this.backlog > MAX_RTCP_BACKLOG_BYTES) return;
    const encrypted = this.#transport.srtcp.encrypt(compound);
    const datagram = this.datagram(encrypted.length);
    encrypted.copy(datagram);
    this.send(datagram);
    // A goodbye may be the last before the socket is closed.
    burst.flush();
  }

  get backlog(): number {
    return this.#currentPath()?.backlog ?? 0;
  }

  #currentPath(): DatagramPath | undefined {
    const { connection } = this.#transport.iceTransport;
    const pair = hasConsent(connection) ? connection.nominated : this.#formerPath();
    if (pair !== this.#pair) {
      this.#pair = pair;
      this.#path = pair && pathOf(pair);
    }
    return this.#path;
  }
}

/** RFC 7675: nothing is sent to a peer whose consent ran out. werift keeps this to itself but for its own `send`. */
function hasConsent(connection: unknown): boolean {
  return (connection as { canSendApplicationData(): boolean }).canSendApplicationData();
}
