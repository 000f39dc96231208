import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DiscoveredDevice } from '../../../src/camera/discovery/device-list.ts';
import { askCamera, describeFound, locate, type ConfiguredCamera } from '../../../src/cli/discover-camera.ts';

function device(addresses: string[], xaddrs: string[]): DiscoveredDevice {
  const said = { name: 'Yard', hardware: 'X100', location: null, types: [], scopes: [] };
  return { endpointReference: 'urn:uuid:1', addresses, xaddrs, ...said };
}

describe('describeFound', () => {
  it('shows the port where it is not the usual one', () => {
    expect(describeFound(device(['10.0.0.9'], ['http://10.0.0.9:8000/'])).address).toBe('10.0.0.9:8000');
    expect(describeFound(device(['fe80::1%eth0'], ['http://x:8000/'])).address).toBe('[fe80::1%eth0]:8000');
    expect(describeFound(device(['fe80::1%eth0'], [])).address).toBe('[fe80::1%eth0]');
  });

  it('shows https where the camera has nothing else', () => {
    expect(describeFound(device(['10.0.0.9'], ['https://10.0.0.9/'])).address).toBe('https://10.0.0.9');
    expect(describeFound(device(['10.0.0.9'], ['https://10.0.0.9:8443/'])).address).toBe('https://10.0.0.9:8443');
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

it('a camera that has https alone is asked by TLS', async () => {
  const { promise: heard, resolve } = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data);
    });
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const found = device(['127.0.0.1'], [`https://127.0.0.1:${port}/onvif/device_service`]);
  await askCamera(found, { username: 'viewer', password: 'secret' }, new AbortController().signal);
  // A TLS record of the type handshake (RFC 8446 section 5.1).
  expect((await heard)[0]).toBe(22);
});

describe('locate', () => {
  it('has a camera of the config that is reached by https known by whatever port it says', async () => {
    const located = await locate([{ id: 'a', onvif: { host: '10.0.0.9', port: 443, secure: true }, rtspHosts: [] }]);
    expect(describeFound(device(['10.0.0.9'], ['http://10.0.0.9/']), undefined, located).configured).toBe('a');
  });

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
