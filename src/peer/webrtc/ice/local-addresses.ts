import { isIPv6 } from 'node:net';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import type { IceSettings } from '../../../plane/messages.ts';

/** An address of this machine that viewers may be told. */
export interface LocalAddress {
  address: string;
  interfaceName: string;
  family: 4 | 6;
}

/** Each costs every viewer a socket. */
const MAX_ADDRESSES = 16;
/** Bridges and cables of containers and virtual machines: behind them is nobody who watches. By name (`interfaces`) they are used. */
const INTERNAL_INTERFACES = /^(docker|veth|virbr|vmnet|cni|cali|flannel|lxcbr|podman|br-[\da-f]{12}$)/;

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;

/** The addresses from which ICE sends, each by a socket of its own: all but link-local ones, or those of the interfaces that the settings name. */
export function localAddresses(settings: Pick<IceSettings, 'interfaces' | 'loopbackOnly'>, all?: Interfaces): LocalAddress[] {
  if (settings.loopbackOnly) return [{ address: '127.0.0.1', interfaceName: 'lo', family: 4 }];
  const { interfaces } = settings;
  return addressesOf(all ?? networkInterfaces())
    .filter(({ interfaceName, address, internal }) =>
      interfaces === undefined
        ? !internal && !INTERNAL_INTERFACES.test(interfaceName)
        : interfaces.includes(interfaceName) || interfaces.includes(address),
    )
    .slice(0, MAX_ADDRESSES)
    .map(({ address, interfaceName, family }) => ({ address, interfaceName, family }));
}

export function isLoopback({ address }: LocalAddress): boolean {
  return address.startsWith('127.') || address === '::1';
}

function addressesOf(interfaces: Interfaces): (LocalAddress & { internal: boolean })[] {
  return Object.entries(interfaces)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .flatMap(([interfaceName, list = []]) =>
      list
        .filter(({ address }) => !/^(169\.254\.|fe[89ab])/i.test(address))
        .map(({ address, internal }) => ({
          interfaceName,
          address,
          internal,
          family: isIPv6(address) ? (6 as const) : (4 as const),
        })),
    );
}
