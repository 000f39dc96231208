import { randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { GatewayError } from '../base/errors.ts';
import {
  buildBye,
  buildHello,
  buildMatches,
  isMeant,
  parseQuery,
  type DiscoverableDevice,
  type MessageOrigin,
} from './discovery-message.ts';

const GROUP = '239.255.255.250';
const PORT = 3702;

export interface DiscoveryResponderOptions {
  /** IPv4 addresses of the interfaces to answer on. With loopback addresses alone no packet leaves the machine. Default 127.0.0.1. */
  addresses?: readonly string[];
  /** UDP port of the group; default 3702. A test that wants to be alone says 0 and asks {@link DiscoveryResponder.port}. */
  port?: number;
}

/**
 * Answers WS-Discovery for any number of cameras of this process, and says Hello and Bye for them. Queries come by multicast
 * or straight to an interface's address.
 */
export class DiscoveryResponder {
  readonly #addresses: readonly string[];
  readonly #devices = new Set<DiscoverableDevice>();
  readonly #instanceId = Math.floor(Date.now() / 1000);
  #port: number;
  #messages = 0;
  /** Bound to the group: what comes by multicast. */
  #group: Socket | undefined;
  /** One for each interface, bound to its address: what comes straight, and all that is sent. */
  #direct: Socket[] = [];

  constructor(options: DiscoveryResponderOptions = {}) {
    this.#addresses = options.addresses ?? ['127.0.0.1'];
    this.#port = options.port ?? PORT;
  }

  get port(): number {
    return this.#port;
  }

  /** Binds its sockets; throws `simulator.port-taken` where the port is another program's alone. */
  async start(): Promise<void> {
    try {
      this.#group = await this.#bind(GROUP);
      this.#port = this.#group.address().port;
      for (const address of this.#addresses) {
        this.#group.addMembership(GROUP, address);
        const socket = await this.#bind(address);
        socket.setMulticastInterface(address);
        socket.setMulticastTTL(isLoopback(address) ? 0 : 1);
        socket.setMulticastLoopback(true);
        this.#direct.push(socket);
      }
    } catch (error) {
      await this.close();
      throw new GatewayError(
        'simulator.port-taken',
        `WS-Discovery cannot use UDP port ${this.#port} on ${this.#addresses.join(', ')}.`,
        {
          advice: 'Start the simulator without discovery, or end the program that holds the port.',
          cause: error,
        },
      );
    }
  }

  /** Says Bye for all devices and ends. */
  async close(): Promise<void> {
    await Promise.all([...this.#devices].map((device) => this.remove(device)));
    const sockets = [...this.#direct, ...(this.#group === undefined ? [] : [this.#group])];
    this.#direct = [];
    this.#group = undefined;
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  /** From now on the device is found; says Hello for it. */
  async add(device: DiscoverableDevice): Promise<void> {
    this.#devices.add(device);
    await this.#announce(buildHello(device, this.#nextOrigin()));
  }

  /** Says Bye for the device; does nothing for one that is not there. */
  async remove(device: DiscoverableDevice): Promise<void> {
    if (this.#devices.delete(device)) await this.#announce(buildBye(device, this.#nextOrigin()));
  }

  async #bind(address: string): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    socket.bind(this.#port, address);
    try {
      await once(socket, 'listening');
    } catch (error) {
      socket.close();
      throw error;
    }
    // An unreachable asker (ECONNREFUSED by ICMP) is not our trouble.
    socket.on('error', () => undefined);
    socket.on('message', (datagram, from) => this.#receive(datagram, from));
    return socket;
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    // Source port 0 means that no answer is expected (RFC 768), and nothing can be sent there.
    if (from.port === 0) return;
    // The group may bring in what another program joined on a real interface: loopback answers loopback only.
    const socket = this.#direct.find((_, index) => isLoopback(this.#addresses[index] ?? '') === isLoopback(from.address));
    if (socket === undefined) return;
    const query = parseQuery(datagram.toString('utf8'));
    if (query === undefined) return;
    for (const device of this.#devices) {
      if (isMeant(query, device)) socket.send(buildMatches(query, device, this.#nextOrigin()), from.port, from.address);
    }
  }

  async #announce(message: string): Promise<void> {
    await Promise.all(
      this.#direct.map((socket) => new Promise<void>((resolve) => socket.send(message, this.#port, GROUP, () => resolve()))),
    );
  }

  #nextOrigin(): MessageOrigin {
    this.#messages += 1;
    return { messageId: `urn:uuid:${randomUUID()}`, instanceId: this.#instanceId, messageNumber: this.#messages };
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.');
}
