import { describe, expect, it } from 'vitest';
import { usableServers } from '../../../../../src/peer/webrtc/ice/server-urls.ts';

const ACCOUNT = { username: 'u', credential: 'c' };

describe('ICE servers', () => {
  it('are all used, in their order: STUN servers, and TURN servers by host with the transports of each', () => {
    const { stun, turn, skipped } = usableServers([
      { urls: ['stun:a.example', 'stun:b.example:19302'] },
      { urls: ['turn:c.example?transport=udp', 'turn:c.example:80?transport=tcp', 'turns:c.example'], ...ACCOUNT },
      { urls: ['turns:[2001:db8::1]:443?transport=tcp'], ...ACCOUNT },
    ]);
    expect(skipped).toEqual([]);
    expect(stun).toEqual([
      { host: 'a.example', port: 3478 },
      { host: 'b.example', port: 19_302 },
      { host: 'c.example', port: 3478 },
    ]);
    expect(turn).toEqual([
      [
        { host: 'c.example', port: 3478, transport: 'udp', ...ACCOUNT },
        { host: 'c.example', port: 80, transport: 'tcp', ...ACCOUNT },
        { host: 'c.example', port: 5349, transport: 'tls', ...ACCOUNT },
      ],
      [{ host: '2001:db8::1', port: 443, transport: 'tls', ...ACCOUNT }],
    ]);
  });

  it('by TURN without a transport are tried by UDP, then by TCP', () => {
    const { turn } = usableServers([{ urls: ['turn:t.example'], ...ACCOUNT }]);
    expect(turn[0]?.map(({ transport }) => transport)).toEqual(['udp', 'tcp']);
  });

  it('that are named twice are used once', () => {
    const { stun, turn } = usableServers([
      { urls: ['stun:A.example', 'stun:a.example:3478'] },
      { urls: ['turn:t.example?transport=tcp', 'turn:T.example:3478?transport=tcp'], ...ACCOUNT },
    ]);
    expect(stun).toHaveLength(1);
    expect(turn).toEqual([[{ host: 't.example', port: 3478, transport: 'tcp', ...ACCOUNT }]]);
  });

  it.each([
    ['stuns:s.example', 'STUN is asked over UDP alone'],
    ['stun:s.example?transport=tcp', 'STUN is asked over UDP alone'],
    ['turn:t.example?transport=sctp', 'TURN is spoken over UDP, TCP, and TLS on TCP alone'],
    ['turns:t.example?transport=udp', 'TURN is spoken over UDP, TCP, and TLS on TCP alone'],
    ['http://t.example', 'it is no URL of a STUN or TURN server'],
    ['turn://t.example', 'it is no URL of a STUN or TURN server'],
    ['turn:[t.example]', 'it is no URL of a STUN or TURN server'],
    ['turn:', 'it is no URL of a STUN or TURN server'],
    ['turn:t.example:0', 'its port is none'],
    ['turn:t.example:70000', 'its port is none'],
  ])('that cannot be used are left out and named: %s', (url, why) => {
    const { stun, turn, skipped } = usableServers([{ urls: [url, 'stun:good.example'], ...ACCOUNT }]);
    expect([stun, turn]).toEqual([[{ host: 'good.example', port: 3478 }], []]);
    expect(skipped).toEqual([`${url}: ${why}`]);
  });

  it('by TURN without credentials are left out, and no secret in a URL is told', () => {
    expect(usableServers([{ urls: ['turn:t.example'], username: 'u' }]).skipped).toEqual([
      'turn:t.example: it comes without username and credential',
    ]);
    expect(usableServers([{ urls: ['turn:me:hunter2@t.example\u001b[2J'] }]).skipped).toEqual([
      'turn:***@t.example [2J: it is no URL of a STUN or TURN server',
    ]);
  });

  it('are bounded, each kind by itself', () => {
    const urls = (scheme: string): string[] => Array.from({ length: 20 }, (_, index) => `${scheme}:h${index}.example`);
    const { stun, turn, skipped } = usableServers([{ urls: urls('stun') }, { urls: urls('turn'), ...ACCOUNT }]);
    expect([stun.length, turn.length, skipped.length]).toEqual([8, 8, 24]);
    expect(skipped).toContain('turn:h8.example: there are 8 TURN servers before it');
  });
});
