import { printable } from '../../base/printable.ts';
import type { DeviceDescription } from './message.ts';

/** One device by its endpoint reference; lists are the union of all its answers. */
export interface DiscoveredDevice extends DeviceDescription {
  /** From the scopes `onvif://www.onvif.org/name/...` and so on; null where there is none. */
  name: string | null;
  hardware: string | null;
  location: string | null;
  /** The addresses that its answers came from, the first first; IPv6 link-local ones with their scope (`fe80::1%eth0`). */
  addresses: string[];
}

/** Devices kept of one search; a forger of answers gets no more memory than this. */
const MAX_DEVICES = 65_536;
/** Most entries of a merged list; one answer alone is bounded already. */
const MAX_UNION = 128;

/** The devices that answered, each once. */
export class DeviceList {
  readonly #devices = new Map<string, DiscoveredDevice>();

  get all(): DiscoveredDevice[] {
    return [...this.#devices.values()];
  }

  /** Merges an answer that came from `address`; returns the device where it was not known. */
  add(description: DeviceDescription, address: string): DiscoveredDevice | undefined {
    const known = this.#devices.get(description.endpointReference);
    if (known === undefined && this.#devices.size >= MAX_DEVICES) return undefined;
    const device = deviceOf(
      {
        endpointReference: description.endpointReference,
        xaddrs: union(known?.xaddrs, description.xaddrs),
        types: union(known?.types, description.types),
        scopes: union(known?.scopes, description.scopes),
      },
      union(known?.addresses, [address]),
    );
    this.#devices.set(device.endpointReference, device);
    return known === undefined ? device : undefined;
  }
}

export function deviceOf(description: DeviceDescription, addresses: string[]): DiscoveredDevice {
  const { scopes } = description;
  return {
    ...description,
    name: scopeValue(scopes, 'name'),
    hardware: scopeValue(scopes, 'hardware'),
    location: scopeValue(scopes, 'location'),
    addresses,
  };
}

function union(known: readonly string[] | undefined, added: readonly string[]): string[] {
  return [...new Set([...(known ?? []), ...added])].slice(0, MAX_UNION);
}

/** `onvif://www.onvif.org/name/Front%20door` -> `Front door` (ONVIF Core 7.3.3.2). */
function scopeValue(scopes: readonly string[], category: string): string | null {
  const prefix = `onvif://www.onvif.org/${category}/`;
  const scope = scopes.find((candidate) => candidate.toLowerCase().startsWith(prefix) && candidate.length > prefix.length);
  if (scope === undefined) return null;
  const value = scope.slice(prefix.length);
  try {
    return printable(decodeURIComponent(value));
  } catch {
    return printable(value);
  }
}
