import { describe, expect, it } from 'vitest';
import { expandTargets } from '../../../../src/camera/discovery/targets.ts';

const resolve = async (name: string): Promise<{ address: string }[]> => {
  if (name === 'camera.example') return [{ address: '192.0.2.7' }, { address: '2001:db8::7' }];
  throw new Error('ENOTFOUND');
};
const expand = (...targets: string[]): Promise<string[]> => expandTargets(targets, resolve);

describe('expandTargets', () => {
  it('takes the hosts of a network, wherever in it the address lies', async () => {
    expect(await expand('192.168.20.5/29')).toEqual([1, 2, 3, 4, 5, 6].map((host) => `192.168.20.${host}`));
    expect(await expand('10.0.0.0/31', '10.0.0.9/32')).toEqual(['10.0.0.0', '10.0.0.1', '10.0.0.9']);
    const many = await expand('172.16.0.0/16');
    expect(many).toHaveLength(65_534);
    expect([many[0], many[255], many.at(-1)]).toEqual(['172.16.0.1', '172.16.1.0', '172.16.255.254']);
  });

  it('takes addresses, and all of a name, each once', async () => {
    expect(await expand('192.0.2.7', 'camera.example', 'fe80::1%eth0')).toEqual(['192.0.2.7', '2001:db8::7', 'fe80::1%eth0']);
  });

  it.each([
    ['10.0.0.0/15', /more than 65536 addresses.*\/16/],
    ['0.0.0.0/0', /more than 65536/],
    ['10.0.0.0/33', /no address that can be asked/],
    ['192.168.1.300', /no address that can be asked/],
    ['239.255.255.250', /no address that can be asked/],
    ['255.255.255.255', /no address that can be asked/],
    ['224.0.0.0/16', /no network of hosts/],
    ['2001:db8::/64', /IPv6 network/],
    ['http://192.168.1.1/', /no address that can be asked/],
    ['', /no address that can be asked/],
  ])('refuses %s', async (target, message) => {
    const failing = expand(target).catch(({ code, message: text, advice }) => ({ code, text: `${text} ${advice}` }));
    expect(await failing).toEqual({ code: 'usage.target', text: expect.stringMatching(message) as string });
  });

  it('refuses more addresses than a /16 in all', async () => {
    await expect(expand('10.0.0.0/16', '10.1.0.0/28')).rejects.toMatchObject({ code: 'usage.target' });
  });

  it('names the host that does not resolve', async () => {
    await expect(expand('nowhere.example')).rejects.toMatchObject({
      code: 'discovery.unknown_host',
      message: expect.stringContaining('nowhere.example') as string,
    });
  });
});
