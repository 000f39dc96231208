import { describe, expect, it } from 'vitest';
import { isCandidateLine, readIceCandidate, readIceServers } from '../../../src/base/ice.ts';

describe('ICE servers', () => {
  it('keep urls, user name and credential', () => {
    const server = { urls: ['turn:a', 'turns:a'], username: 'u', credential: 'c' };
    expect(readIceServers([server])).toEqual([server]);
  });

  it('tolerate one string in place of the list, which ONVIF forbids', () => {
    expect(readIceServers([{ urls: 'stun:1.2.3.4' }])).toEqual([{ urls: ['stun:1.2.3.4'] }]);
  });

  it.each([[undefined], [null], ['stun:a'], [{}], [[17, null, { urls: 5 }, { urls: [] }, { urls: ['', 3] }]]])(
    'leave out what is none: %j',
    (value) => {
      expect(readIceServers(value)).toEqual([]);
    },
  );

  it('are bounded', () => {
    const urls = Array.from({ length: 100 }, (_, index) => `stun:${index}`);
    const servers = readIceServers(Array.from({ length: 100 }, () => ({ urls })));
    expect(servers).toHaveLength(16);
    expect(servers[0]?.urls).toHaveLength(16);
  });
});

describe('ICE candidates', () => {
  it('keep the fields of RTCIceCandidateInit and nothing else', () => {
    const candidate = {
      candidate: 'candidate:1 1 udp 1 10.0.0.1 5 typ host',
      sdpMid: '0',
      sdpMLineIndex: 0,
      usernameFragment: 'ab',
    };
    expect(readIceCandidate({ ...candidate, extra: 1, foundation: 'x' })).toEqual(candidate);
  });

  it.each([[''], [null], [undefined], [{}], [{ candidate: '' }], [{ candidate: null }]])(
    'end trickling when empty: %j',
    (value) => {
      expect(readIceCandidate(value)).toEqual({ candidate: '' });
    },
  );

  it('are taken from a line of an SDP too', () => {
    const candidate = 'candidate:1 1 udp 1 10.0.0.1 5 typ host';
    expect(readIceCandidate({ candidate: `a=${candidate}\r\n` })).toEqual({ candidate });
  });

  it.each([
    'candidate:4234997325 1 udp 2043278322 192.0.2.172 44323 typ host',
    'candidate:842163049 1 UDP 1677729535 203.0.113.7 54321 typ srflx raddr 10.0.0.1 rport 54321 generation 0 ufrag Yx7q network-cost 999',
    'candidate:1 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active',
    'candidate:1 1 udp 2113937151 9b36eaac-bb2e-49bb-bb78-21c41c499900.local 61028 typ host',
    'candidate:+/a 255 dtls 0 host.example 65535 typ future',
    '',
  ])('follow RFC 8839: %s', (candidate) => expect(isCandidateLine(candidate)).toBe(true));

  it.each([
    'nonsense',
    'candidate:1',
    'candidate:1 1 udp 1 10.0.0.1 5 host',
    'candidate:1 1 udp 1 10.0.0.1 typ host',
    'candidate:1 1 udp 1 10.0.0.1 0 typ host',
    'candidate:1 1 udp 1 10.0.0.1 65536 typ host',
    'candidate:1 1 udp 1 10.0.0.1 -5 typ host',
    'candidate:1 one udp 1 10.0.0.1 5 typ host',
    'candidate:1 1 udp high 10.0.0.1 5 typ host',
    'candidate:1 1 udp 1 10.0.0.1 5 type host',
    'candidate:1 1 udp 1 10.0.0.1 5 typ ',
    '1 1 udp 1 10.0.0.1 5 typ host',
  ])('do not: %s', (candidate) => expect(isCandidateLine(candidate)).toBe(false));

  it.each([[17], ['candidate:1'], [[]], [{ candidate: 5 }], [{ candidate: 'x'.repeat(3000) }]])(
    'are refused when malformed: %j',
    (value) => {
      expect(readIceCandidate(value)).toBeUndefined();
    },
  );
});
