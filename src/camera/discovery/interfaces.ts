import { networkInterfaces } from 'node:os';
import { GatewayError } from '../../base/errors.ts';

/** WS-Discovery's port and multicast groups (WS-Discovery section 2.4). */
export const PORT = 3702;
export const GROUP_IPV4 = '239.255.255.250';
const GROUP_IPV6 = 'ff02::c';

/** A local address from which one interface's link is reached by multicast. */
export interface MulticastEndpoint {
  family: 'IPv4' | 'IPv6';
  /** Of the interface, such as `eth0`. */
  interfaceName: string;
  /** IPv6: link-local, with its scope (`fe80::1%eth0`). */
  address: string;
  /** Where probes go and announcements come; IPv6 with the scope. */
  group: string;
}

/**
 * The addresses of the interfaces that are up: each IPv4 one, since a camera answers only to a network that it has a way
 * to, and the link-local one of IPv6.
 *
 * @param named Names or addresses of interfaces; absent: all. Throws `usage.interface` for one that is not there.
 */
export function multicastEndpoints(
  named?: readonly string[],
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): MulticastEndpoint[] {
  const all = Object.entries(interfaces).flatMap(([name, addresses = []]) =>
    addresses.flatMap(({ family, address }) => endpointOf(name, family, address) ?? []),
  );
  for (const wanted of named ?? []) {
    if (all.some((endpoint) => isMeant(endpoint, wanted))) continue;
    const names = [...new Set(all.map(({ interfaceName }) => interfaceName))].join(', ');
    throw new GatewayError('usage.interface', `No interface ${wanted} is up and has an address; there are: ${names || 'none'}.`);
  }
  return named === undefined ? all : all.filter((endpoint) => named.some((wanted) => isMeant(endpoint, wanted)));
}

/** Names one endpoint among those of this machine. */
export function endpointKey({ interfaceName, address }: MulticastEndpoint): string {
  return `${interfaceName} ${address}`;
}

function endpointOf(interfaceName: string, family: string, address: string): MulticastEndpoint | undefined {
  if (family === 'IPv4') return { family, interfaceName, address, group: GROUP_IPV4 };
  if (!/^fe[89ab][0-9a-f]:/i.test(address)) return undefined;
  const scope = `%${interfaceName}`;
  return { family: 'IPv6', interfaceName, address: `${address}${scope}`, group: `${GROUP_IPV6}${scope}` };
}

function isMeant({ interfaceName, address }: MulticastEndpoint, wanted: string): boolean {
  return interfaceName === wanted || address === wanted;
}
