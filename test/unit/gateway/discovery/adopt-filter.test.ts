import { describe, expect, it } from 'vitest';
import { isAdoptable } from '../../../../src/gateway/discovery/adopt-filter.ts';

const GATE = { name: 'Gate (Ost)', hardware: 'DS-2CD2143G2', address: '192.168.1.64' };

describe('a found device', () => {
  it('is adopted by all, and by none not', () => {
    expect([isAdoptable(GATE, 'all'), isAdoptable(GATE, 'none'), isAdoptable(GATE, [])]).toEqual([true, false, false]);
  });

  it.each([
    [{ name: 'gate*' }, true],
    [{ name: 'gate' }, false],
    [{ name: 'Gate (Ost)' }, true],
    [{ name: '*' }, true],
    [{ name: 'Gate .Ost.' }, false],
    [{ model: 'DS-2CD*' }, true],
    [{ model: '*2143*' }, true],
    [{ model: 'IPC*' }, false],
    [{ address: '192.168.1.64' }, true],
    [{ address: '192.168.1.0/24' }, true],
    [{ address: '192.168.1.0/27' }, false],
    [{ address: '192.168.1.*' }, true],
    [{ address: '192.168.2.*' }, false],
    [{ address: '2001:db8::/32' }, false],
    [{ name: 'Gate*', model: 'IPC*' }, false],
    [{ name: 'Gate*', model: 'DS*', address: '192.168.0.0/16' }, true],
    [{}, false],
  ])('fits a filter when it fits all of it: %j %s', (filter, expected) => {
    expect(isAdoptable(GATE, [filter])).toBe(expected);
  });

  it('needs to fit one of several', () => {
    expect(isAdoptable(GATE, [{ name: 'Yard' }, { model: 'DS*' }])).toBe(true);
  });

  it('that does not say its name or model fits no filter on them', () => {
    const silent = { ...GATE, name: null, hardware: null };
    expect(isAdoptable(silent, [{ name: '*' }])).toBe(false);
    expect(isAdoptable(silent, [{ address: '192.168.1.0/24' }])).toBe(true);
  });

  it('is compared by IPv6 too, link-local addresses with their scope by pattern only', () => {
    const ipv6 = { ...GATE, address: '2001:db8::64' };
    expect(isAdoptable(ipv6, [{ address: '2001:db8::/32' }])).toBe(true);
    expect(isAdoptable(ipv6, [{ address: '192.168.1.0/24' }])).toBe(false);
    expect(isAdoptable({ ...GATE, address: 'fe80::1%eth0' }, [{ address: 'fe80:*' }])).toBe(true);
  });
});
