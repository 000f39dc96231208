import type { DeviceDescription } from './message.ts';
import { deviceOf, type DiscoveredDevice } from './device-list.ts';

/** A device that is on the network now. Its addresses come the newest first. */
export interface PresentDevice extends DiscoveredDevice {
  /** Milliseconds since 1970 when it was first heard of. */
  since: number;
  /** Of its addresses those at which it answered the last search, or said Hello since. */
  answering: string[];
}

/** What a sign of life has changed. */
export type Change = 'new' | 'new address' | 'none' | 'refused';

/** Devices of the largest sites, and then some; a forger of answers gets no more memory than this. */
const MAX_DEVICES = 1024;
const MAX_ADDRESSES = 8;
/** Of one device: what is shown and matched, not all that fits into a datagram. */
const MAX_SCOPES = 32;
const MAX_XADDRS = 8;
const MAX_LENGTH = 256;
/** Searches in a row without an answer after which a device, or one of its addresses, is gone. UDP loses some, and multicast by Wi-Fi many. */
const MAX_MISSED = 3;

interface Entry {
  description: DeviceDescription;
  since: number;
  /** By address the search in which it was last heard there; the newest last. */
  heard: Map<string, number>;
}

/** The devices of a network over time, by their endpoint references: who is there, and where. */
export class PresentDevices {
  readonly #entries = new Map<string, Entry>();
  #search = 0;
  #refused = 0;

  /** Signs of life of devices for which there was no room. */
  get refused(): number {
    return this.#refused;
  }

  get all(): PresentDevice[] {
    return [...this.#entries.values()].map((entry) => this.#deviceOf(entry));
  }

  get(endpointReference: string): PresentDevice | undefined {
    const entry = this.#entries.get(endpointReference);
    return entry && this.#deviceOf(entry);
  }

  /** Takes a sign of life: an answer, or a Hello. */
  note(device: DiscoveredDevice, now: number): Change {
    const known = this.#entries.get(device.endpointReference);
    if (known === undefined && this.#entries.size >= MAX_DEVICES) {
      this.#refused += 1;
      return 'refused';
    }
    const entry = known ?? { description: device, since: now, heard: new Map<string, number>() };
    entry.description = newest(entry.description, device);
    this.#entries.set(device.endpointReference, entry);
    let change: Change = known === undefined ? 'new' : 'none';
    for (const address of device.addresses) {
      if (known !== undefined && !entry.heard.has(address)) change = 'new address';
      entry.heard.delete(address);
      entry.heard.set(address, this.#search);
    }
    for (const oldest of entry.heard.keys()) {
      if (entry.heard.size <= MAX_ADDRESSES) break;
      entry.heard.delete(oldest);
    }
    return change;
  }

  /** Ends a search of the whole network: who did not answer has missed one. */
  endSearch(): void {
    for (const [endpointReference, { heard }] of this.#entries) {
      for (const [address, search] of heard) if (this.#search - search >= MAX_MISSED) heard.delete(address);
      if (heard.size === 0) this.#entries.delete(endpointReference);
    }
    this.#search += 1;
  }

  #deviceOf({ description, since, heard }: Entry): PresentDevice {
    const addresses = [...heard.keys()].toReversed();
    const answering = addresses.filter((address) => (heard.get(address) ?? 0) >= this.#search - 1);
    return { ...deviceOf(description, addresses), since, answering };
  }
}

/** What it says now; a Hello may leave out what an answer had. */
function newest(known: DeviceDescription, { endpointReference, xaddrs, types, scopes }: DeviceDescription): DeviceDescription {
  const short = (items: readonly string[]): string[] => items.filter(({ length }) => length <= MAX_LENGTH);
  return {
    endpointReference,
    xaddrs: (xaddrs.length === 0 ? known.xaddrs : short(xaddrs)).slice(0, MAX_XADDRS),
    types: (types.length === 0 ? known.types : short(types)).slice(0, MAX_XADDRS),
    scopes: (scopes.length === 0 ? known.scopes : short(scopes)).slice(0, MAX_SCOPES),
  };
}
