import { describe, expect, it } from 'vitest';
import { UsernameTokenVerifier } from '../../../../src/simulator/onvif/username-token.ts';
import { parseXml } from '../../../../src/simulator/onvif/xml.ts';
import { securityHeader } from './soap-client.ts';

const NOW = Date.parse('2026-11-21T10:00:00Z');

function token(changes: { username?: string; password?: string; offsetMs?: number; nonce?: Buffer } = {}) {
  const { username = 'viewer', password = 'secret', offsetMs = 0, nonce } = changes;
  const created = new Date(NOW + offsetMs).toISOString();
  return parseXml(securityHeader({ username, password, created, ...(nonce === undefined ? {} : { nonce }) }));
}

const verifier = () => new UsernameTokenVerifier('viewer', 'secret');

describe('UsernameTokenVerifier', () => {
  // The example of ONVIF's Application Programmer's Guide.
  it('accepts a digest made by somebody else', () => {
    const header = parseXml(`<Security><UsernameToken><Username>user</Username>
      <Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">tuOSpGlFlIXsozq4HFNeeGeFLEI=</Password>
      <Nonce>LKqI6G/AikKCQrN0zqZFlg==</Nonce><Created>2010-09-16T07:50:45Z</Created></UsernameToken></Security>`);
    const user = new UsernameTokenVerifier('user', 'userpassword');
    expect(user.verify(header, Date.parse('2010-09-16T07:50:46Z'))).toBe(true);
  });

  it.each([
    ['another password', { password: 'Secret' }],
    ['another user', { username: 'admin' }],
    ['a Created 5.001 s in the past', { offsetMs: -5_001 }],
    ['a Created a minute in the future', { offsetMs: 60_000 }],
  ])('refuses %s', (_, changes) => {
    expect(verifier().verify(token(changes), NOW)).toBe(false);
  });

  it.each([-5_000, 0, 5_000])('accepts a Created that is off by %d ms', (offsetMs) => {
    expect(verifier().verify(token({ offsetMs }), NOW)).toBe(true);
  });

  it('accepts a nonce once', () => {
    const users = verifier();
    const nonce = Buffer.from('0123456789abcdef');
    expect(users.verify(token({ nonce }), NOW)).toBe(true);
    expect(users.verify(token({ nonce }), NOW)).toBe(false);
    expect(users.verify(token({ nonce, offsetMs: 1_000 }), NOW + 1_000)).toBe(false);
    expect(users.verify(token(), NOW)).toBe(true);
  });

  it('does not let a wrong password use a nonce up', () => {
    const users = verifier();
    const nonce = Buffer.from('0123456789abcdef');
    expect(users.verify(token({ nonce, password: 'wrong' }), NOW)).toBe(false);
    expect(users.verify(token({ nonce }), NOW)).toBe(true);
  });

  it('refuses a password in plain text and a token without nonce', () => {
    const plain = `<Security><UsernameToken><Username>viewer</Username><Password>secret</Password></UsernameToken></Security>`;
    expect(verifier().verify(parseXml(plain), NOW)).toBe(false);
    expect(verifier().verify(parseXml('<Security/>'), NOW)).toBe(false);
  });
});
