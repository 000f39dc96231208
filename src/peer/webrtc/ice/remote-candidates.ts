import { Candidate, type CandidatePair, type Connection } from 'werift';
import type { IceCandidate } from '../../../base/ice.ts';
import {
  isMulticastName,
  kindRefusal,
  parseCandidate,
  refusal,
  type LoopbackUse,
  type RemoteCandidate,
} from './remote-candidate.ts';

export interface RemoteCandidatesOptions {
  loopback: LoopbackUse;
  /** Looks a name up by multicast DNS; absent: such candidates are left out. */
  resolve: ((name: string) => Promise<string[]>) | undefined;
}

/** More than any browser has, and few enough that all pairs are checked within seconds. */
const MAX_CANDIDATES = 64;
const MAX_NAMES = 16;
/**
 * Pairs by the kind of the viewer's candidate, from our own addresses and from our relays: a hundred of what it names (RFC 8445 section 6.1.2.5).
 * Relays come last, and must find a place on a box with many addresses, where they alone may work.
 */
const MAX_DIRECT_PAIRS: Readonly<Record<string, number>> = { host: 46, srflx: 15, relay: 15, prflx: 8 };
const MAX_RELAYED_PAIRS: Readonly<Record<string, number>> = { host: 8, srflx: 8, relay: 8, prflx: 8 };

/** The viewer's candidates: what it names is looked at before anything is sent there. */
export class RemoteCandidates {
  readonly #connection: Connection;
  readonly #options: RemoteCandidatesOptions;
  #accepted = 0;
  #names = 0;

  constructor(connection: Connection, options: RemoteCandidatesOptions) {
    this.#connection = connection;
    this.#options = options;
    connection.options.filterCandidatePair = (pair) => hasPlace(pair, connection.checkList);
  }

  /** Candidates that were taken since the last restart. */
  get accepted(): number {
    return this.#accepted;
  }

  /** An ICE restart: the viewer names its candidates anew. */
  restart(): void {
    this.#accepted = 0;
    this.#names = 0;
  }

  /**
   * Takes one; what cannot be used is left out.
   *
   * @throws Error when it is malformed
   */
  async add({ candidate, usernameFragment }: IceCandidate): Promise<void> {
    const parsed = parseCandidate(candidate);
    if (parsed === undefined) throw new Error('it is malformed');
    const generation = usernameFragment ?? parsed.usernameFragment;
    const { remoteUsername } = this.#connection;
    if (generation !== undefined && remoteUsername !== '' && generation !== remoteUsername) return;
    if (!isMulticastName(parsed.host)) await this.#addAddress(parsed);
    else if (this.#options.resolve !== undefined && kindRefusal(parsed) === undefined && this.#names < MAX_NAMES) {
      this.#names += 1;
      const addresses = await this.#options.resolve(parsed.host);
      if (this.#connection.remoteUsername === remoteUsername)
        for (const host of addresses) await this.#addAddress({ ...parsed, host });
    }
  }

  async #addAddress(parsed: RemoteCandidate): Promise<void> {
    if (refusal(parsed, this.#options.loopback) !== undefined || this.#accepted >= MAX_CANDIDATES) return;
    this.#accepted += 1;
    const { foundation, component, transport, priority, host, port, type, tcpType } = parsed;
    // A check of the viewer told it before the viewer did (RFC 8445 section 7.3.1.3).
    const known = this.#connection.remoteCandidates.find(
      (each) => each.type === 'prflx' && each.host === host && each.port === port && each.transport.toLowerCase() === transport,
    );
    if (known !== undefined) {
      known.type = type;
      return;
    }
    // Without the generation that Chromium writes: werift compares it with a count of its own.
    const candidate = new Candidate(foundation, component, transport, priority, host, port, type, undefined, undefined, tcpType);
    await this.#connection.addRemoteCandidate(candidate);
  }
}

function hasPlace(pair: CandidatePair, pairs: readonly CandidatePair[]): boolean {
  const isRelayed = ({ localCandidate }: CandidatePair): boolean => localCandidate.type === 'relay';
  const { type } = pair.remoteCandidate;
  const limit = (isRelayed(pair) ? MAX_RELAYED_PAIRS : MAX_DIRECT_PAIRS)[type] ?? 0;
  return pairs.filter((each) => isRelayed(each) === isRelayed(pair) && each.remoteCandidate.type === type).length < limit;
}
