import { describe, expect, it } from 'vitest';
import { iceServersFor, turnCredentials } from '../../../src/base/turn-credentials.ts';

describe('credentials made from the secret of a TURN server', () => {
  // echo -n 1700003600:session-1 | openssl dgst -sha1 -hmac north-wind -binary | base64
  const KNOWN = { username: '1700003600:session-1', credential: 'xmz17ubyHx2H4F4vENZ4Y5detv0=' };

  it('are the time of their end with whose they are, and its HMAC-SHA1', () => {
    expect(turnCredentials('north-wind', 1_700_000_000, 3600, 'session-1')).toEqual(KNOWN);
  });

  it('end at a whole second, not before their time', () => {
    expect(turnCredentials('north-wind', 1_700_000_000.4, 10.2, 'a').username).toBe('1700000011:a');
  });

  it('take the place of the secret, which is handed to nobody; servers without one stay as they are', () => {
    const given = [
      { urls: ['stun:stun.example.com'] },
      { urls: ['turn:a.example.com'], username: 'u', credential: 'c' },
      { urls: ['turn:b.example.com'], secret: 'north-wind' },
    ];
    const servers = iceServersFor(given, 'session-1', 1_700_000_000, 3600);
    expect(servers).toEqual([given[0], given[1], { urls: ['turn:b.example.com'], ...KNOWN }]);
    expect(JSON.stringify(servers)).not.toContain('north-wind');
  });

  it('last a day where no session says how long', () => {
    const [server] = iceServersFor([{ urls: ['turn:b.example.com'], secret: 's' }], 'x', 1_700_000_000);
    expect(server?.username).toBe('1700086400:x');
  });
});
