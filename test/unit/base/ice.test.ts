import { describe, expect, it } from 'vitest';
import { readIceCandidate, readIceServers } from '../../../src/base/ice.ts';

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

  it.each([[17], ['candidate:1'], [[]], [{ candidate: 5 }], [{ candidate: 'x'.repeat(3000) }]])(
    'are refused when malformed: %j',
    (value) => {
      expect(readIceCandidate(value)).toBeUndefined();
    },
  );
});
