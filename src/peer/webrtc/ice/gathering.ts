import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import {
  Candidate,
  candidateFoundation,
  candidatePriority,
  serverReflexiveCandidate,
  StunOverTurnProtocol,
  StunProtocol,
  TcpActiveProtocol,
  type Connection,
} from 'werift';
import { guardIngress } from './ingress-guard.ts';
import { isLoopback, type LocalAddress } from './local-addresses.ts';
import { allocateRelay } from './relay.ts';
import type { LoopbackUse } from './remote-candidate.ts';
import type { StunServer, UsableServers } from './server-urls.ts';
import { internalsOf, type AgentInternals, type LocalProtocol } from './werift-connection.ts';

export interface GatheringOptions {
  /** Asked at each gathering: after an ICE restart they may be others. */
  addresses: () => readonly LocalAddress[];
  /** Inclusive; of host candidates. */
  udpPorts: { first: number; last: number } | undefined;
  servers: Pick<UsableServers, 'stun' | 'turn'>;
  /** Whether viewers at such addresses are heard. */
  loopback: LoopbackUse;
  /** All that there is has been announced. */
  onGathered: () => void;
}

/** What a gathering found. */
export interface Gathered {
  /** Addresses of this machine that were to be used. */
  addresses: number;
  /** UDP sockets at them. */
  sockets: number;
  relays: number;
}

/** Requests are at least this far apart (RFC 8445 section 14.2). */
const PACING_MS = 50;
/** The port of what only connects (RFC 6544 section 4.5). */
const DISCARD_PORT = 9;
/** Of the 16 bits of a local preference. */
const MAX_PREFERENCE = 65_535;
/** Of the 13 bits that the direction of a TCP candidate leaves (RFC 6544 section 4.2). */
const MAX_TCP_PREFERENCE = 8191;

/**
 * Gathers in place of werift, which binds to no address, asks one STUN and one TURN server, and asks Google's where none is given: a socket at each
 * address, an active TCP candidate, what all STUN servers see, and a relay at each TURN server.
 */
export class CandidateGathering {
  readonly #connection: Connection;
  readonly #agent: AgentInternals;
  readonly #options: GatheringOptions;
  readonly #closed = new AbortController();
  readonly #names = new Map<string, Promise<readonly string[]>>();
  #gathered: Gathered = { addresses: 0, sockets: 0, relays: 0 };

  constructor(connection: Connection, options: GatheringOptions) {
    this.#connection = connection;
    this.#agent = internalsOf(connection);
    this.#options = options;
  }

  /** From now on it is what gathers when werift wants to. */
  start(): void {
    this.#agent.gatherCandidates = () => {
      this.gather();
      // werift would not begin to check before the last server has answered.
      return Promise.resolve();
    };
    this.#connection.stateChanged.subscribe((state) => {
      if (state === 'closed') this.#closed.abort();
    });
  }

  /** Of the last gathering, as far as it has come. */
  get gathered(): Readonly<Gathered> {
    return this.#gathered;
  }

  /** @param inUse At an ICE restart by what the viewer is still reached; other relays are given up. */
  gather(inUse?: unknown): void {
    const { generation } = this.#agent;
    const tellEnd = (): void => {
      if (this.#agent.generation === generation && !this.#closed.signal.aborted) this.#options.onGathered();
    };
    this.#agent.localCandidatesStart = true;
    this.#gather(inUse).then(tellEnd, tellEnd);
  }

  async #gather(inUse: unknown): Promise<void> {
    const agent = this.#agent;
    const addresses = this.#options.addresses();
    const { servers } = this.#options;
    this.#gathered = { addresses: addresses.length, sockets: 0, relays: 0 };
    this.#names.clear();
    await this.#dropGone(addresses, inUse);
    for (const protocol of agent.protocols) this.#announceAgain(protocol);
    const isLocal = addresses.every(isLoopback);
    const relays = servers.turn.map(async (transports, rank) => {
      const localAddress = isLocal ? addresses[0]?.address : undefined;
      const relay = await allocateRelay(transports, { localAddress, signal: this.#closed.signal });
      if (relay !== undefined) await this.#addRelay(relay, rank);
    });
    const hosts = addresses.map(async (address, rank) => {
      const socket = await this.#socketAt(address, rank);
      this.#gathered.sockets += 1;
      if (isLocal || !isLoopback(address)) await this.#askStunServers(socket, address, rank);
    });
    // All of them are awaited, whichever fails: where the viewer is gone by now, they all do.
    await Promise.allSettled([...hosts, ...relays, this.#addTcpOf(addresses)]);
  }

  /** Sockets at addresses that this machine had, and relays, which may have gone with the network. */
  async #dropGone(addresses: readonly LocalAddress[], inUse: unknown): Promise<void> {
    const gone = this.#agent.protocols.filter((protocol) =>
      protocol instanceof StunOverTurnProtocol
        ? protocol !== inUse
        : !addresses.some(({ address }) => address === protocol.localIp),
    );
    this.#agent.protocols = this.#agent.protocols.filter((protocol) => !gone.includes(protocol));
    await Promise.allSettled(gone.map((protocol) => protocol.close()));
  }

  /** What an ICE restart keeps (RFC 8445 section 9). */
  #announceAgain({ localCandidate }: LocalProtocol): void {
    if (localCandidate === undefined) return;
    localCandidate.generation = this.#agent.generation;
    localCandidate.ufrag = this.#agent.localUsername;
    this.#agent.appendLocalCandidate(localCandidate);
  }

  async #socketAt({ address, family }: LocalAddress, rank: number): Promise<StunProtocol> {
    const kept = this.#agent.protocols.find((protocol) => protocol instanceof StunProtocol && protocol.localIp === address);
    if (kept instanceof StunProtocol) return kept;
    const { udpPorts } = this.#options;
    const socket = new StunProtocol();
    await socket.connectionMade(family === 4, udpPorts && [udpPorts.first, udpPorts.last], {
      [family === 4 ? 'udp4' : 'udp6']: address,
    });
    socket.localIp = address;
    const preference = candidatePriority('host', { localPreference: MAX_PREFERENCE - rank });
    const [, port] = socket.getExtraInfo();
    const foundation = candidateFoundation('host', 'udp', address);
    await this.#add(socket, new Candidate(foundation, 1, 'udp', preference, address, port, 'host'));
    return socket;
  }

  async #addTcpOf(addresses: readonly LocalAddress[]): Promise<void> {
    for (const [rank, address] of addresses.entries()) await this.#addTcp(address, rank);
  }

  /** Browsers listen for none, so that they make nothing of it; others do (RFC 6544). */
  async #addTcp({ address }: LocalAddress, rank: number): Promise<void> {
    if (this.#agent.protocols.some((protocol) => protocol instanceof TcpActiveProtocol && protocol.localIp === address)) return;
    const protocol = new TcpActiveProtocol();
    await protocol.connectionMade(address);
    const options = { transport: 'tcp', tcptype: 'active', otherPreference: MAX_TCP_PREFERENCE - rank };
    const foundation = candidateFoundation('host', 'tcp', address);
    const priority = candidatePriority('host', options);
    await this.#add(
      protocol,
      new Candidate(foundation, 1, 'tcp', priority, address, DISCARD_PORT, 'host', undefined, undefined, 'active'),
    );
  }

  async #addRelay(relay: StunOverTurnProtocol, rank: number): Promise<void> {
    const { relayedAddress, mappedAddress } = relay.turn;
    const [address, port] = relayedAddress;
    const foundation = candidateFoundation('relay', 'udp', address);
    const priority = candidatePriority('relay', { localPreference: MAX_PREFERENCE - rank });
    await this.#add(relay, new Candidate(foundation, 1, 'udp', priority, address, port, 'relay', ...mappedAddress));
    this.#gathered.relays += 1;
  }

  /** @throws when the agent was closed meanwhile; the protocol is closed too then */
  async #add(protocol: LocalProtocol, candidate: Candidate): Promise<void> {
    if (this.#closed.signal.aborted) {
      await protocol.close();
      this.#closed.signal.throwIfAborted();
    }
    candidate.generation = this.#agent.generation;
    candidate.ufrag = this.#agent.localUsername;
    protocol.localCandidate = candidate;
    this.#agent.ensureProtocol(protocol);
    guardIngress(this.#connection, protocol, this.#options.loopback);
    this.#agent.protocols.push(protocol);
    this.#agent.pairLocalProtocol(protocol);
    this.#agent.appendLocalCandidate(candidate);
  }

  /** One candidate for each address that the servers see the socket at; where the servers agree, that is one. */
  async #askStunServers(socket: StunProtocol, { address, family }: LocalAddress, rank: number): Promise<void> {
    const seen = new Set([`${address} ${socket.localCandidate?.port}`]);
    const { signal } = this.#closed;
    const asked = this.#options.servers.stun.map(async (server, order) => {
      const target = (await this.#addressesOf(server)).find((each) => isIP(each) === family);
      await new Promise((resolve) => setTimeout(resolve, order * PACING_MS));
      if (target === undefined || signal.aborted) return;
      const candidate = await serverReflexiveCandidate(socket, [target, server.port]);
      if (candidate === undefined || signal.aborted || seen.has(`${candidate.host} ${candidate.port}`)) return;
      seen.add(`${candidate.host} ${candidate.port}`);
      candidate.priority = candidatePriority('srflx', { localPreference: MAX_PREFERENCE - rank });
      candidate.generation = this.#agent.generation;
      candidate.ufrag = this.#agent.localUsername;
      this.#agent.appendLocalCandidate(candidate);
    });
    await Promise.allSettled(asked);
  }

  #addressesOf({ host }: StunServer): Promise<readonly string[]> {
    const known = this.#names.get(host);
    if (known !== undefined) return known;
    const looked = isIP(host) === 0 ? resolve(host) : Promise.resolve([host]);
    this.#names.set(host, looked);
    return looked;
  }
}

async function resolve(host: string): Promise<readonly string[]> {
  const addresses = await lookup(host, { all: true });
  return addresses.map(({ address }) => address);
}
