import { lookup } from 'node:dns/promises';
import { isIPv4, isIPv6 } from 'node:net';
import { GatewayError } from '../../base/errors.ts';

/** Addresses of one search: a /16. At 200 packets a second that takes 22 minutes. */
const MAX_ADDRESSES = 65_536;
const LEAST_PREFIX = 16;

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

/** The addresses of a host name; rejects where it has none. */
type Resolve = (name: string) => Promise<readonly { address: string }[]>;

/**
 * The addresses that are meant by addresses, host names and IPv4 networks such as `192.168.20.0/24` (without its network and
 * broadcast address), each once. Throws `usage.target` for what is none of these or is more than a /16, and
 * `discovery.unknown_host` for a name that does not resolve.
 */
export async function expandTargets(
  targets: readonly string[],
  resolve: Resolve = (name) => lookup(name, { all: true }),
): Promise<string[]> {
  const addresses = new Set<string>();
  for (const target of targets) {
    for (const address of await addressesOf(target, resolve)) addresses.add(address);
    if (addresses.size > MAX_ADDRESSES) throw usage(`These are more than ${MAX_ADDRESSES} addresses.`, 'Search in several runs.');
  }
  return [...addresses];
}

async function addressesOf(target: string, resolve: Resolve): Promise<readonly string[]> {
  if (isIPv6(target) || (isIPv4(target) && isUnicast(numberOf(target)))) return [target];
  const [, network = '', bits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(target) ?? [];
  if (isIPv6(network)) {
    throw usage(
      `${target} is an IPv6 network, which has too many addresses to ask each.`,
      'Name the addresses, or search by --interface.',
    );
  }
  if (isIPv4(network) && Number(bits) <= 32) return networkAddresses(target, numberOf(network), Number(bits));
  // A name of digits and dots only is a mistyped address.
  if (!HOST_NAME.test(target) || /^[\d.]+$/.test(target)) {
    throw usage(
      `${target} is no address that can be asked.`,
      'Write an address, a host name or a network such as 192.168.20.0/24.',
    );
  }
  try {
    return (await resolve(target)).map(({ address }) => address);
  } catch (error) {
    throw new GatewayError('discovery.unknown_host', `The name ${target} does not resolve to an address.`, {
      advice: 'Check its spelling, or write the address.',
      cause: error,
    });
  }
}

function networkAddresses(target: string, address: number, prefix: number): string[] {
  if (prefix < LEAST_PREFIX)
    throw usage(`${target} has more than ${MAX_ADDRESSES} addresses.`, 'Write networks of /16 or smaller.');
  const size = 2 ** (32 - prefix);
  const first = address - (address % size);
  if (!isUnicast(first)) throw usage(`${target} is no network of hosts.`, 'Write a network such as 192.168.20.0/24.');
  // RFC 3021: both addresses of a /31 are hosts.
  const reserved = prefix <= 30 ? 1 : 0;
  return Array.from({ length: size - 2 * reserved }, (_, index) => textOf(first + reserved + index));
}

function isUnicast(address: number): boolean {
  const first = Math.floor(address / 2 ** 24);
  return first > 0 && first < 224;
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

function textOf(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

function usage(message: string, advice: string): GatewayError {
  return new GatewayError('usage.target', message, { advice });
}
