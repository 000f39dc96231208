import { BlockList, isIP } from 'node:net';
import { parseNetwork } from '../../config/addresses.ts';
import type { AdoptFilter } from '../../config/gateway-config.ts';

/** What a filter looks at. */
export interface Adoptable {
  name: string | null;
  /** The model, as it stands in the scopes of discovery. */
  hardware: string | null;
  /** Where it would be reached. */
  address: string;
}

/** Whether a device fits one of the filters; it fits one when it fits all its keys. */
export function isAdoptable(device: Adoptable, adopt: 'none' | 'all' | readonly AdoptFilter[]): boolean {
  if (typeof adopt === 'string') return adopt === 'all';
  return adopt.some(({ name, model, address }) => {
    if (name === undefined && model === undefined && address === undefined) return false;
    return (
      (name === undefined || fits(device.name, name)) &&
      (model === undefined || fits(device.hardware, model)) &&
      (address === undefined || isWithin(device.address, address))
    );
  });
}

function fits(text: string | null, pattern: string): boolean {
  if (text === null) return false;
  const expression = pattern.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&').replaceAll(/\*+/g, '.*');
  return new RegExp(`^${expression}$`, 'is').test(text);
}

function isWithin(address: string, pattern: string): boolean {
  const network = parseNetwork(pattern);
  if (network === undefined) return fits(address, pattern);
  const version = isIP(address);
  if (version === 0) return false;
  const list = new BlockList();
  list.addSubnet(network.address, network.prefix, network.family);
  return list.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
