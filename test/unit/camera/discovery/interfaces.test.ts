import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../../../src/base/errors.ts';
import { multicastEndpoints } from '../../../../src/camera/discovery/interfaces.ts';

function ipv4(address: string): NetworkInterfaceInfo {
  return { family: 'IPv4', address, netmask: '255.255.255.0', mac: '00:00:00:00:00:00', internal: false, cidr: null };
}

function ipv6(address: string): NetworkInterfaceInfo {
  const common = { netmask: 'ffff:ffff:ffff:ffff::', mac: '00:00:00:00:00:00', internal: false, cidr: null };
  return { family: 'IPv6', address, scopeid: 2, ...common };
}

const machine = {
  lo: [ipv4('127.0.0.1'), ipv6('::1')],
  eth0: [ipv4('192.168.1.5'), ipv4('10.0.0.5'), ipv6('2001:db8::5'), ipv6('fe80::5')],
  wlan0: [ipv4('192.168.2.5')],
};

const addresses = (named?: string[]): string[] => multicastEndpoints(named, machine).map(({ address }) => address);

describe('multicastEndpoints', () => {
  it('takes every IPv4 address and the link-local IPv6 one, with its scope, of all interfaces', () => {
    expect(addresses()).toEqual(['127.0.0.1', '192.168.1.5', '10.0.0.5', 'fe80::5%eth0', '192.168.2.5']);
    expect(multicastEndpoints(['eth0'], machine).map(({ group }) => group)).toEqual([
      '239.255.255.250',
      '239.255.255.250',
      'ff02::c%eth0',
    ]);
  });

  it('takes only those named, by name or by address', () => {
    expect(addresses(['wlan0', '10.0.0.5'])).toEqual(['10.0.0.5', '192.168.2.5']);
    expect(addresses(['fe80::5%eth0'])).toEqual(['fe80::5%eth0']);
    expect(addresses([])).toEqual([]);
  });

  it('says which there are where one that is named is not', () => {
    expect(() => addresses(['eth0', 'eth1'])).toThrow(GatewayError);
    expect(() => addresses(['eth0', 'eth1'])).toThrow(/^No interface eth1 .* there are: lo, eth0, wlan0\.$/);
  });
});
