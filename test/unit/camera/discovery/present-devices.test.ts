import { describe, expect, it } from 'vitest';
import type { DiscoveredDevice } from '../../../../src/camera/discovery/device-list.ts';
import { PresentDevices } from '../../../../src/camera/discovery/present-devices.ts';

function device(endpointReference: string, addresses: string[], more: Partial<DiscoveredDevice> = {}): DiscoveredDevice {
  const said = { xaddrs: [], types: [], scopes: [], name: null, hardware: null, location: null };
  return { endpointReference, addresses, ...said, ...more };
}

describe('the devices of a network', () => {
  it('stay over two searches that they miss, and are gone after the third', () => {
    const devices = new PresentDevices();
    expect(devices.note(device('a', ['10.0.0.1']), 5)).toBe('new');
    devices.endSearch();
    expect(devices.get('a')).toMatchObject({ addresses: ['10.0.0.1'], answering: ['10.0.0.1'], since: 5 });
    devices.endSearch();
    expect(devices.get('a')).toMatchObject({ addresses: ['10.0.0.1'], answering: [] });
    devices.endSearch();
    expect(devices.all).toHaveLength(1);
    devices.endSearch();
    expect(devices.all).toEqual([]);
  });

  it('are at the addresses where they are heard, the newest first, and leave each by itself', () => {
    const devices = new PresentDevices();
    devices.note(device('a', ['10.0.0.1']), 0);
    expect(devices.note(device('a', ['10.0.0.1']), 0)).toBe('none');
    devices.endSearch();
    expect(devices.note(device('a', ['10.0.0.2']), 0)).toBe('new address');
    expect(devices.get('a')).toMatchObject({ addresses: ['10.0.0.2', '10.0.0.1'], answering: ['10.0.0.2', '10.0.0.1'] });
    devices.endSearch();
    expect(devices.get('a')?.answering).toEqual(['10.0.0.2']);
    devices.note(device('a', ['10.0.0.2']), 0);
    devices.endSearch();
    devices.note(device('a', ['10.0.0.2']), 0);
    devices.endSearch();
    expect(devices.get('a')?.addresses).toEqual(['10.0.0.2']);
  });

  it('say what they said last, and keep what a Hello leaves out', () => {
    const devices = new PresentDevices();
    const scopes = ['onvif://www.onvif.org/name/Gate'];
    devices.note(device('a', ['10.0.0.1'], { xaddrs: ['http://10.0.0.1/'], scopes }), 0);
    devices.note(device('a', ['10.0.0.2'], { xaddrs: ['http://10.0.0.2/'] }), 0);
    expect(devices.get('a')).toMatchObject({ xaddrs: ['http://10.0.0.2/'], name: 'Gate' });
  });

  it('are bounded, each and all, and what is too much is counted', () => {
    const devices = new PresentDevices();
    const many = (length: number, of: (index: number) => string): string[] => Array.from({ length }, (_, index) => of(index));
    const scopes = [...many(100, (index) => `onvif://www.onvif.org/x/${index}`), 'x'.repeat(10_000)];
    devices.note(
      device(
        'a',
        many(20, (index) => `10.0.0.${index}`),
        { scopes, xaddrs: many(100, (index) => `http://h/${index}`) },
      ),
      0,
    );
    expect(devices.get('a')?.addresses).toEqual(many(8, (index) => `10.0.0.${19 - index}`));
    expect(devices.get('a')?.scopes).toHaveLength(32);
    expect(devices.get('a')?.xaddrs).toHaveLength(8);
    devices.note(device('long', ['10.0.0.1'], { scopes: ['x'.repeat(10_000)] }), 0);
    expect(devices.get('long')?.scopes).toEqual([]);

    for (const index of many(1100, String)) devices.note(device(`b${index}`, ['10.0.1.1']), 0);
    expect(devices.all).toHaveLength(1024);
    expect(devices.refused).toBe(78);
    expect(devices.note(device('a', ['10.0.0.1']), 0)).not.toBe('refused');
  });
});
