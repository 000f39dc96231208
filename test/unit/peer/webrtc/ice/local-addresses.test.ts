import type { NetworkInterfaceInfo } from 'node:os';
import { expect, it } from 'vitest';
import { isLoopback, localAddresses } from '../../../../../src/peer/webrtc/ice/local-addresses.ts';

const info = (address: string): NetworkInterfaceInfo =>
  ({ address, internal: address.startsWith('127.') }) as NetworkInterfaceInfo;
const MACHINE = {
  lo: [info('127.0.0.1')],
  eth1: [info('10.0.0.2'), info('2001:db8::2'), info('fe80::2')],
  eth0: [info('192.168.1.2'), info('169.254.7.7')],
  docker0: [info('172.17.0.1')],
  'br-0123456789ab': [info('172.18.0.1')],
  vethab12: [info('172.19.0.1')],
};
const used = (interfaces?: string[]): string[] =>
  localAddresses({ loopbackOnly: false, ...(interfaces === undefined ? {} : { interfaces }) }, MACHINE).map(
    ({ address }) => address,
  );

it('all addresses are used but those of loopback, of links and of bridges to containers', () => {
  expect(used()).toEqual(['192.168.1.2', '10.0.0.2', '2001:db8::2']);
});

it('those of the interfaces that are named are used, by name or address, whatever they are', () => {
  expect(used(['eth1'])).toEqual(['10.0.0.2', '2001:db8::2']);
  expect(used(['192.168.1.2', 'docker0', 'lo'])).toEqual(['172.17.0.1', '192.168.1.2', '127.0.0.1']);
  expect(used(['eth9'])).toEqual([]);
});

it('of very many the first are used', () => {
  const many = { eth0: Array.from({ length: 40 }, (_, index) => info(`10.0.0.${index + 1}`)) };
  expect(localAddresses({ loopbackOnly: false }, many)).toHaveLength(16);
});

it('the demo uses loopback alone', () => {
  const [only, ...others] = localAddresses({ loopbackOnly: true }, MACHINE);
  expect([only?.address, others]).toEqual(['127.0.0.1', []]);
  expect(only && isLoopback(only)).toBe(true);
});
