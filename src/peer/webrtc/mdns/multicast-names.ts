import { createSocket, type Socket } from 'node:dgram';
import type { LocalAddress } from '../ice/local-addresses.ts';
import { encodeQuestion, readAddresses, type AddressRecord } from './dns-message.ts';

const PORT = 5353;
const GROUPS = { 4: '224.0.0.251', 6: 'ff02::fb' } as const;
/** When the question is asked, milliseconds (RFC 6762 section 5.2); nobody answers after that who has not before. */
const ASKED_AT_MS = [0, 1000, 3000];
const TIMEOUT_MS = 5000;
/** After the first address: that of the other family may come in a message of its own. */
const GRACE_MS = 50;
const MAX_LOOKUPS = 64;

interface Lookup {
  name: string;
  addresses: Set<string>;
  found: () => void;
}

/** Looks names below `.local` up by multicast DNS (RFC 6762), on the interfaces in use; sockets are open only while there is something to ask. */
export class MulticastNames {
  readonly #lookups = new Set<Lookup>();
  readonly #addresses: () => readonly LocalAddress[];
  #sockets: Socket[] = [];

  constructor(addresses: () => readonly LocalAddress[]) {
    this.#addresses = addresses;
  }

  /** The addresses of a name; empty where nobody answers. */
  async resolve(name: string): Promise<string[]> {
    if (this.#lookups.size >= MAX_LOOKUPS) return [];
    if (this.#lookups.size === 0) this.#open();
    const found = Promise.withResolvers<void>();
    const lookup: Lookup = { name: name.toLowerCase().replace(/\.$/, ''), addresses: new Set(), found: found.resolve };
    this.#lookups.add(lookup);
    const question = encodeQuestion(lookup.name);
    const asking = ASKED_AT_MS.map((delay) => setTimeout(() => this.#ask(question), delay));
    const timeout = setTimeout(found.resolve, TIMEOUT_MS);
    await found.promise;
    for (const timer of [...asking, timeout]) clearTimeout(timer);
    this.#lookups.delete(lookup);
    if (this.#lookups.size === 0) this.#close();
    return [...lookup.addresses];
  }

  #open(): void {
    const byInterface = new Map(this.#addresses().map((address) => [`${address.interfaceName} ${address.family}`, address]));
    this.#sockets = [...byInterface.values()].map((address) => this.#socketOn(address));
  }

  #socketOn({ address, interfaceName, family }: LocalAddress): Socket {
    const socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      reuseAddr: true,
      ...(family === 6 ? { ipv6Only: true } : {}),
    });
    const here = family === 4 ? address : `::%${interfaceName}`;
    socket.on('error', () => this.#drop(socket));
    // What comes from another port is no answer (RFC 6762 section 6).
    socket.on('message', (message, { port }) => {
      if (port === PORT) for (const record of readAddresses(message)) this.#take(record);
    });
    socket.bind({ port: PORT }, () => {
      try {
        socket.addMembership(GROUPS[family], here);
        socket.setMulticastInterface(here);
        socket.setMulticastTTL(255);
      } catch {
        // The interface went away, or takes no multicast.
        this.#drop(socket);
        return;
      }
      // Those who began before the socket was there.
      for (const { name } of this.#lookups) this.#send(socket, family, encodeQuestion(name));
    });
    return socket;
  }

  #ask(question: Buffer): void {
    for (const socket of this.#sockets) {
      const family = familyOf(socket);
      if (family !== undefined) this.#send(socket, family, question);
    }
  }

  #send(socket: Socket, family: 4 | 6, question: Buffer): void {
    socket.send(question, PORT, GROUPS[family], () => undefined);
  }

  #take({ name, address }: AddressRecord): void {
    for (const lookup of this.#lookups) {
      if (lookup.name !== name) continue;
      lookup.addresses.add(address);
      setTimeout(lookup.found, GRACE_MS);
    }
  }

  #drop(socket: Socket): void {
    this.#sockets = this.#sockets.filter((each) => each !== socket);
    closeQuietly(socket);
  }

  #close(): void {
    for (const socket of this.#sockets) closeQuietly(socket);
    this.#sockets = [];
  }
}

/** Undefined while it is not bound. */
function familyOf(socket: Socket): 4 | 6 | undefined {
  try {
    return socket.address().family === 'IPv6' ? 6 : 4;
  } catch {
    return undefined;
  }
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close();
  } catch {
    // It never came to be.
  }
}
