import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';

const CAMERA = 'cameras: [{id: a, rtsp: {main: "rtsp://192.168.1.2/1"}}]\n';
const ice = (webrtc: string): unknown => parseConfig('f', `webrtc: {${webrtc}}\n${CAMERA}`, {}).media.ice;

describe('webrtc.advertise', () => {
  it.each([
    ['203.0.113.7', { address: '203.0.113.7' }],
    ['2001:db8::7', { address: '2001:db8::7' }],
    ['203.0.113.7:60000', { address: '203.0.113.7', firstPort: 60_000 }],
    ['[2001:db8::7]:60000', { address: '2001:db8::7', firstPort: 60_000 }],
  ])('is an address, and where the NAT has other ports the first of them: %s', (written, advertised) => {
    expect(ice(`udp_ports: 50000-50009, advertise: ["${written}"]`)).toMatchObject({ advertise: [advertised] });
  });

  it.each([
    'nat.example.com',
    'nat.example.com:60000',
    '203.0.113.7:0',
    '203.0.113.7:70000',
    '[203.0.113.7]:60000',
    '203.0.113.300',
  ])('is nothing else: %s', (written) =>
    expect(() => ice(`udp_ports: 50000-50009, advertise: ["${written}"]`)).toThrow('write an IP address such as'),
  );

  it('with ports needs the range that they lead to, and room for all of it', () => {
    expect(() => ice('advertise: ["203.0.113.7:60000"]')).toThrow(
      'names the first port of a range, and there is none; add webrtc.udp_ports',
    );
    expect(() => ice('udp_ports: 50000-50009, advertise: ["203.0.113.7:65527"]')).toThrow(
      'has no room for the 10 ports of webrtc.udp_ports',
    );
    expect(ice('udp_ports: 50000-50009, advertise: ["203.0.113.7:65526"]')).toMatchObject({ advertise: [{ firstPort: 65_526 }] });
  });
});

describe('webrtc.interfaces', () => {
  it('is a list of names or addresses, and not an empty one', () => {
    expect(ice('interfaces: [eth0, 10.8.0.2]')).toMatchObject({ interfaces: ['eth0', '10.8.0.2'] });
    expect(() => ice('interfaces: []')).toThrow('write the name of an interface, or leave the key out for all');
  });
});
