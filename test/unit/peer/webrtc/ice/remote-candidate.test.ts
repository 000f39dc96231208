import { describe, expect, it } from 'vitest';
import { isMulticastName, parseCandidate, refusal } from '../../../../../src/peer/webrtc/ice/remote-candidate.ts';

const line = (address: string, port = 5000, rest = 'typ host', transport = 'udp'): string =>
  `candidate:1 1 ${transport} 2122260223 ${address} ${port} ${rest}`;
const refused = (text: string, loopback: 'only' | 'too' | 'never' = 'never'): string | undefined => {
  const parsed = parseCandidate(text);
  if (parsed === undefined) throw new Error(`${text} is malformed`);
  return refusal(parsed, loopback);
};

describe('a candidate of a viewer', () => {
  it('is read as browsers write it', () => {
    const chromium =
      'candidate:842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag Ab1c network-cost 999';
    expect(parseCandidate(chromium)).toEqual({
      foundation: '842163049',
      component: 1,
      transport: 'udp',
      priority: 1_677_729_535,
      host: '203.0.113.9',
      port: 46_154,
      type: 'srflx',
      tcpType: undefined,
      usernameFragment: 'Ab1c',
    });
    expect(parseCandidate('a=candidate:1 1 TCP 1 2001:DB8::1 9 TYP host tcptype Passive')).toMatchObject({
      transport: 'tcp',
      host: '2001:db8::1',
      tcpType: 'passive',
    });
  });

  it.each([
    '',
    'candidate:',
    'candidate:nonsense',
    'candidate:1 1 udp 1 192.0.2.1 70000 typ host',
    'candidate:1 1 udp 1 192.0.2.1 5000 host',
  ])('that is none is told so: "%s"', (text) => expect(parseCandidate(text)).toBeUndefined());

  it.each(['192.168.1.9', '10.0.0.1', '203.0.113.9', '2001:db8::9', 'fd00::1'])('at %s is sent to', (address) =>
    expect(refused(line(address))).toBeUndefined(),
  );

  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '224.0.0.251',
    '239.1.2.3',
    '255.255.255.255',
    '240.0.0.1',
    '::',
    'ff02::fb',
    'fe80::1',
    'fe80::1%eth0',
    '::ffff:192.168.1.9',
    '::ffff:7f00:1',
    '0:0:0:0:0:ffff:a00:1',
  ])('where no viewer can be is not sent to: %s', (address) =>
    expect(refused(line(address), 'too')).toBe('nobody is at its address'),
  );

  it.each(['127.0.0.1', '127.8.9.10', '::1', '0:0:0:0:0:0:0:1'])(
    'on loopback is sent to where that is in use alone: %s',
    (address) => {
      expect(refused(line(address), 'never')).toBe('loopback is not in use');
      expect(refused(line(address), 'only')).toBeUndefined();
      expect(refused(line(address), 'too')).toBeUndefined();
      expect(refused(line('192.168.1.9'), 'only')).toBe('only loopback is in use');
      expect(refused(line('192.168.1.9'), 'too')).toBeUndefined();
    },
  );

  it('at a port of the system is not sent to, but for those of the web on public addresses', () => {
    for (const port of [0, 22, 53, 1023]) expect(refused(line('203.0.113.9', port))).toBe('its port is for services');
    for (const port of [80, 443]) {
      expect(refused(line('203.0.113.9', port))).toBeUndefined();
      for (const address of ['192.168.1.9', '10.0.0.1', '172.16.0.1', '100.64.0.1', 'fd00::1'])
        expect(refused(line(address, port))).toBe('its port is for services');
      expect(refused(line('127.0.0.1', port), 'only')).toBe('its port is for services');
    }
    expect(refused(line('192.168.1.9', 1024))).toBeUndefined();
  });

  it('by a name is looked up by multicast DNS alone, never by DNS', () => {
    expect(refused(line('viewer.example.com'))).toBe('names are looked up by multicast DNS alone');
    const names = ['0b4c1e52-0f0b-4f8e-9d3b-0d7c5d3a9c11.local', 'A.LOCAL', 'a.local.'];
    expect(names.map(isMulticastName)).toEqual([true, true, true]);
    expect(['a.b.local', 'local', '.local', 'a.local.example', '192.168.1.9'].map(isMulticastName)).toEqual(Array(5).fill(false));
  });

  it('over TCP is used where it listens; of other transports, components and types it is left out', () => {
    expect(refused(line('192.0.2.9', 5000, 'typ host tcptype passive', 'tcp'))).toBeUndefined();
    expect(refused(line('192.0.2.9', 9, 'typ host tcptype active', 'tcp'))).toBe('it listens for no TCP');
    expect(refused(line('192.0.2.9', 5000, 'typ host', 'tcp'))).toBe('it listens for no TCP');
    expect(refused(line('192.0.2.9', 5000, 'typ host', 'sctp'))).toBe('its transport is unknown');
    expect(refused(line('192.0.2.9', 5000, 'typ magic'))).toBe('its type is unknown');
    expect(refused('candidate:1 2 udp 1 192.0.2.9 5000 typ host')).toBe('only component 1 is used');
  });
});
