import { describe, expect, it } from 'vitest';
import { onvifAddressOf } from '../../../../src/camera/discovery/device-address.ts';

function device(addresses: string[], xaddrs: string[]): { addresses: string[]; xaddrs: string[] } {
  return { addresses, xaddrs };
}

describe('onvifAddressOf', () => {
  it.each([
    ['the address that answered', ['10.0.0.9'], ['http://10.0.0.9/onvif/device_service'], { host: '10.0.0.9', port: 80 }],
    ['port and path', ['10.0.0.9'], ['http://10.0.0.9:8000/other?x'], { host: '10.0.0.9', port: 8000, path: '/other?x' }],
    ['its own of several', ['10.0.0.9'], ['http://169.254.1.1:81/', 'http://10.0.0.9:82/'], { host: '10.0.0.9', port: 82 }],
    ['never a third host', ['10.0.0.9'], ['http://192.0.2.66:8000/'], { host: '10.0.0.9', port: 8000 }],
    ['IPv4 first', ['fe80::1%eth0', '2001:db8::1', '10.0.0.9'], ['http://[2001:db8::1]:81/'], { host: '10.0.0.9', port: 81 }],
    ['link-local last', ['fe80::1%eth0', '2001:db8::1'], ['http://[2001:db8::1]:81/'], { host: '2001:db8::1', port: 81 }],
    ['the scope of link-local', ['fe80::1%eth0'], [], { host: 'fe80::1%eth0', port: 80 }],
    ['http rather than https', ['10.0.0.9'], ['https://10.0.0.9/', 'http://10.0.0.9:81/'], { host: '10.0.0.9', port: 81 }],
    [
      'https where that is all',
      ['10.0.0.9'],
      ['https://10.0.0.9/onvif/device_service'],
      { host: '10.0.0.9', port: 443, secure: true },
    ],
  ])('takes %s', (_what, addresses, xaddrs, expected) => {
    expect(onvifAddressOf(device(addresses, xaddrs))).toEqual(expected);
  });
});
