import type { RemoteInfo, Socket } from 'node:dgram';
import { GatewayError } from '../../base/errors.ts';
import { deviceOf, type DiscoveredDevice } from './device-list.ts';
import { endpointKey, GROUP_IPV4, multicastEndpoints, PORT, type MulticastEndpoint } from './interfaces.ts';
import { parseAnnouncement } from './message.ts';
import { openSocket } from './socket.ts';

/** Interfaces come and go (cables, DHCP, VPNs); this often it is looked which there are, milliseconds. */
const RESCAN_INTERVAL_MS = 15_000;
/** Announcements are sent several times over (SOAP-over-UDP 1.0 appendix I); so many of the last are known again. */
const MAX_SEEN = 1024;

export interface DiscoveryListenerOptions {
  /** Names or local addresses of interfaces; absent: all. Those that come up later are listened on then. */
  interfaces?: readonly string[];
  /** UDP port of the groups; default 3702. 0: any, see {@link DiscoveryListener.port}; for tests, with IPv4 alone. */
  port?: number;
  /** A device says that it is there: it was started, or its address changed. */
  onHello: (device: DiscoveredDevice) => void;
  /** A device says that it leaves. Anybody can send this: a reason to look, not to forget the device. */
  onBye: (endpointReference: string, address: string) => void;
}

/** Hears the Hello and Bye of ONVIF devices until it is closed. It only listens: nothing is sent, nobody is answered. */
export class DiscoveryListener {
  readonly #options: DiscoveryListenerOptions;
  /** One socket for all IPv4 interfaces: Linux hands each of several the datagrams of all. */
  #ipv4: Socket | undefined;
  /** What is listened on; IPv6 has a socket for each interface. */
  readonly #joined = new Map<string, { endpoint: MulticastEndpoint; socket: Socket }>();
  readonly #seen = new Set<string>();
  #rescan: NodeJS.Timeout | undefined;
  #scanning: Promise<void> = Promise.resolve();
  #closed = false;
  #ignored = 0;

  constructor(options: DiscoveryListenerOptions) {
    this.#options = options;
  }

  /** Datagrams that were neither Hello nor Bye of an ONVIF device: PCs, probes of others, printers, junk. */
  get ignored(): number {
    return this.#ignored;
  }

  /** UDP port of the IPv4 group. */
  get port(): number {
    return this.#ipv4?.address().port ?? this.#options.port ?? PORT;
  }

  /** Throws `discovery.failed` where another program holds the port alone. */
  async start(): Promise<void> {
    try {
      this.#ipv4 = await this.#open('udp4', GROUP_IPV4);
    } catch (error) {
      throw new GatewayError('discovery.failed', `Announcements of cameras cannot be heard on UDP port ${this.port}.`, {
        advice: 'End the program that holds the port for itself.',
        cause: error,
      });
    }
    const scan = (): void => {
      this.#scanning = this.#scan();
    };
    scan();
    this.#rescan = setInterval(scan, RESCAN_INTERVAL_MS).unref();
    await this.#scanning;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#rescan);
    await this.#scanning;
    const sockets = new Set([...this.#joined.values()].map(({ socket }) => socket));
    if (this.#ipv4 !== undefined) sockets.add(this.#ipv4);
    this.#ipv4 = undefined;
    this.#joined.clear();
    for (const socket of sockets) socket.close();
  }

  /** Joins on what came up and leaves what went. */
  async #scan(): Promise<void> {
    const current = new Map(this.#endpoints().map((endpoint) => [endpointKey(endpoint), endpoint]));
    for (const [key, { endpoint, socket }] of this.#joined) {
      if (current.has(key)) continue;
      this.#joined.delete(key);
      if (endpoint.family === 'IPv6') socket.close();
      else ignoreFailure(() => socket.dropMembership(GROUP_IPV4, endpoint.address));
    }
    for (const [key, endpoint] of current) {
      if (this.#joined.has(key)) continue;
      // Where it fails the interface went down again, or is not fit for multicast.
      const socket = await this.#join(endpoint).catch(() => undefined);
      if (socket !== undefined) this.#joined.set(key, { endpoint, socket });
    }
  }

  /** Those wanted that are there now. */
  #endpoints(): MulticastEndpoint[] {
    const { interfaces } = this.#options;
    if (this.#closed) return [];
    const all = multicastEndpoints();
    if (interfaces === undefined) return all;
    return all.filter(({ interfaceName, address }) => interfaces.includes(interfaceName) || interfaces.includes(address));
  }

  async #join({ family, interfaceName, address, group }: MulticastEndpoint): Promise<Socket | undefined> {
    if (family === 'IPv4') {
      this.#ipv4?.addMembership(GROUP_IPV4, address);
      return this.#ipv4;
    }
    const socket = await this.#open('udp6', group);
    try {
      socket.addMembership(group, `::%${interfaceName}`);
      return socket;
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  /** Bound to the group: what comes straight to this machine is for the programs that bound its addresses. */
  #open(type: 'udp4' | 'udp6', address: string): Promise<Socket> {
    return openSocket({ type, reuseAddr: true }, { address, port: this.port }, (...received) => this.#receive(...received));
  }

  #receive(datagram: Buffer, remote: RemoteInfo): void {
    const announcement = parseAnnouncement(datagram);
    if (announcement === undefined) {
      this.#ignored += 1;
      return;
    }
    const { kind, messageId, device } = announcement;
    if (messageId !== undefined && this.#isCopy(messageId)) return;
    if (kind === 'hello') this.#options.onHello(deviceOf(device, [remote.address]));
    else this.#options.onBye(device.endpointReference, remote.address);
  }

  #isCopy(messageId: string): boolean {
    if (this.#seen.has(messageId)) return true;
    this.#seen.add(messageId);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MAX_SEEN) break;
      this.#seen.delete(oldest);
    }
    return false;
  }
}

function ignoreFailure(action: () => void): void {
  try {
    action();
  } catch {
    // The kernel left the group with the interface.
  }
}
