import type { Connection, RTCPeerConnection } from 'werift';
import type { IceCandidate, IceServer } from '../../../base/ice.ts';
import { CandidateGathering } from '../ice/gathering.ts';
import { localAddresses, type LocalAddress } from '../ice/local-addresses.ts';
import { RemoteCandidates } from '../ice/remote-candidates.ts';
import { readCredentials } from '../ice/restart-offer.ts';
import { usableServers } from '../ice/server-urls.ts';
import { MulticastNames } from '../mdns/multicast-names.ts';

/** ICE of a headless viewer: as the device's, and it reaches a gateway on its own machine. */
export class HeadlessIce {
  readonly #connection: Connection;
  readonly #remote: RemoteCandidates;
  /** An offer came that restarts ICE. */
  #restarting = false;

  /** @param peer with a transport that has gathered nothing */
  constructor(peer: RTCPeerConnection, iceServers: readonly IceServer[], onGathered: () => void) {
    const [transport] = peer.iceTransports;
    if (transport === undefined) throw new Error('the connection has no transport');
    this.#connection = transport.connection as Connection;
    const names = new MulticastNames(addresses);
    const servers = usableServers(iceServers);
    new CandidateGathering(this.#connection, { addresses, udpPorts: undefined, servers, loopback: 'too', onGathered }).start();
    this.#remote = new RemoteCandidates(this.#connection, { loopback: 'too', resolve: (name) => names.resolve(name) });
  }

  /** Before an offer that is not the first is applied. */
  noteOffer(offer: string): void {
    this.#restarting = readCredentials(offer)?.usernameFragment !== this.#connection.remoteUsername;
    if (this.#restarting) this.#remote.restart();
  }

  /** The answer was applied: werift starts no ICE again where DTLS stands. */
  answered(): void {
    if (!this.#restarting) return;
    this.#restarting = false;
    this.#connection.connect().catch(() => undefined);
  }

  addCandidate(candidate: IceCandidate): Promise<void> {
    return this.#remote.add(candidate);
  }
}

function addresses(): LocalAddress[] {
  return [...localAddresses({ loopbackOnly: false }), ...localAddresses({ loopbackOnly: true })];
}
