import { describe, expect, it } from 'vitest';
import type { DiscoveredDevice } from '../../../src/camera/discovery/device-list.ts';
import { describeFound, locate, type ConfiguredCamera } from '../../../src/cli/discover-camera.ts';

function device(addresses: string[], xaddrs: string[]): DiscoveredDevice {
  const said = { name: 'Yard', hardware: 'X100', location: null, types: [], scopes: [] };
  return { endpointReference: 'urn:uuid:1', addresses, xaddrs, ...said };
}

describe('describeFound', () => {
  it('shows the port where it is not the usual one', () => {
    expect(describeFound(device(['10.0.0.9'], ['http://10.0.0.9:8000/'])).address).toBe('10.0.0.9:8000');
    expect(describeFound(device(['fe80::1%eth0'], ['http://x:8000/'])).address).toBe('[fe80::1%eth0]:8000');
    expect(describeFound(device(['fe80::1%eth0'], [])).address).toBe('fe80::1%eth0');
  });

  it('says what the camera tells everybody where it was not asked', () => {
    expect(describeFound(device(['10.0.0.9'], []))).toMatchObject({
      name: 'Yard',
      hardware: 'X100',
      model: null,
      videoSources: null,
      credentials: 'unknown',
      reason: null,
      configured: null,
    });
  });

  it('knows a camera of the config by address and port, or by its RTSP host', () => {
    const configured: ConfiguredCamera[] = [
      { id: 'elsewhere', endpointReference: null, onvif: { addresses: ['10.0.0.8'], port: 80 }, rtspAddresses: ['10.0.0.7'] },
      { id: 'behind-nat', endpointReference: null, onvif: { addresses: ['10.0.0.9'], port: 8001 }, rtspAddresses: [] },
      { id: 'onvif', endpointReference: null, onvif: { addresses: ['10.0.0.9'], port: 8002 }, rtspAddresses: [] },
      { id: 'rtsp', endpointReference: null, onvif: null, rtspAddresses: ['10.0.0.6'] },
    ];
    const idOf = (addresses: string[], xaddrs: string[]): string | null =>
      describeFound(device(addresses, xaddrs), undefined, configured).configured;
    expect(idOf(['10.0.0.9'], ['http://10.0.0.9:8002/'])).toBe('onvif');
    expect(idOf(['10.0.0.9'], ['http://10.0.0.9:8003/'])).toBeNull();
    expect(idOf(['2001:db8::6', '10.0.0.6'], [])).toBe('rtsp');
    // What a camera says of its address is no proof.
    expect(idOf(['10.0.0.5'], ['http://10.0.0.8/'])).toBeNull();
  });
});

it('a camera of the config is known by its endpoint reference at any address', () => {
  const moved: ConfiguredCamera[] = [
    { id: 'moved', endpointReference: 'urn:uuid:1', onvif: { addresses: ['10.0.0.20'], port: 80 }, rtspAddresses: [] },
  ];
  expect(describeFound(device(['10.0.0.9'], []), undefined, moved).configured).toBe('moved');
});

describe('locate', () => {
  it('takes addresses as they are, and a name that does not resolve as nowhere', async () => {
    expect(
      await locate([
        { id: 'a', onvif: { host: '10.0.0.1', port: 80 }, rtspHosts: [] },
        { id: 'b', onvif: undefined, rtspHosts: ['::1', 'localhost'] },
      ]),
    ).toEqual([
      { id: 'a', endpointReference: null, onvif: { addresses: ['10.0.0.1'], port: 80 }, rtspAddresses: [] },
      { id: 'b', endpointReference: null, onvif: null, rtspAddresses: expect.arrayContaining(['::1', '127.0.0.1']) as string[] },
    ]);
  });
});
