import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { exportSPKI, importJWK, type JWTPayload, SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JwtVerifier } from '../../../src/access/jwt.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { JwtConfig } from '../../../src/config/gateway-config.ts';
import { HOUR, Issuer, now } from './issuer.ts';

const SECRET = 'a secret of thirty-two characters';

function verifier(config: JwtConfig): JwtVerifier {
  return new JwtVerifier(config, silentLogger);
}

/** Written without the library that verifies. */
function signed(payload: object, header: object = { alg: 'HS256' }, secret: string | Buffer = SECRET): string {
  const text = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

describe('a JSON Web Token by a shared secret', () => {
  const tokens = verifier({ secret: SECRET });
  const exp = now() + HOUR;

  it('opens what its claims say, until its end and some seconds for clocks that differ', async () => {
    const expiresAt = (exp + 30) * 1000;
    await expect(tokens.verify(signed({ exp }))).resolves.toEqual({ role: 'client', expiresAt });
    await expect(tokens.verify(signed({ exp, cameras: ['a', 'b'] }))).resolves.toEqual({
      role: 'client',
      peers: new Set(['a', 'b']),
      expiresAt,
    });
    await expect(tokens.verify(signed({ exp, cameras: [] }))).resolves.toEqual({ role: 'client', peers: new Set(), expiresAt });
    await expect(tokens.verify(signed({ exp, role: 'device', peer: 'gate' }))).resolves.toEqual({
      role: 'device',
      peer: 'gate',
      expiresAt,
    });
  });

  it.each<[string, JWTPayload]>([
    ['another role', { role: 'admin' }],
    ['a device without an id', { role: 'device' }],
    ['a device whose id is none', { role: 'device', peer: '../gate' }],
    ['cameras that are no list', { cameras: 'a' }],
    ['cameras that are no ids', { cameras: [1] }],
  ])('opens nothing by claims that cannot be understood: %s', async (_what, claims) => {
    await expect(tokens.verify(signed({ exp, ...claims }))).resolves.toBeUndefined();
  });

  it('is good while the clocks differ by half a minute, and no longer', async () => {
    await expect(tokens.verify(signed({ exp: now() - 20 }))).resolves.toMatchObject({ role: 'client' });
    await expect(tokens.verify(signed({ exp: now() - 40 }))).resolves.toBeUndefined();
    await expect(tokens.verify(signed({ exp, nbf: now() + 20 }))).resolves.toMatchObject({ role: 'client' });
    await expect(tokens.verify(signed({ exp, nbf: now() + 40 }))).resolves.toBeUndefined();
  });

  it.each([
    ['none', undefined],
    ['an empty one', ''],
    ['no JSON Web Token', 'open-sesame'],
    ['garbage in three parts', 'a.b.c'],
    ['one without an end', signed({})],
    ['one whose end is no number', signed({ exp: 'never' })],
    ['one of another secret', signed({ exp }, { alg: 'HS256' }, 'another secret of that many chars')],
    ['one of no algorithm', signed({ exp }, { alg: 'none' }, '').replace(/[^.]+$/, '')],
    ['one with a critical header that is not known', signed({ exp }, { alg: 'HS256', crit: ['x'], x: 1 })],
    ['one that is too long', signed({ exp, padding: 'x'.repeat(8192) })],
  ])('is not %s', async (_what, token) => {
    await expect(tokens.verify(token)).resolves.toBeUndefined();
  });

  it('is not one of another algorithm, though it is signed by the secret', async () => {
    const secret = new TextEncoder().encode(SECRET.repeat(2));
    const sign = (alg: string): Promise<string> => new SignJWT({ exp }).setProtectedHeader({ alg }).sign(secret);
    const strict = verifier({ secret: SECRET.repeat(2) });
    await expect(strict.verify(await sign('HS256'))).resolves.toMatchObject({ role: 'client' });
    await expect(strict.verify(await sign('HS512'))).resolves.toBeUndefined();
  });

  it('must be by the issuer and for the audience of the config', async () => {
    const strict = verifier({ secret: SECRET, issuer: 'https://id.example', audience: 'gateway' });
    const good = { exp, iss: 'https://id.example', aud: ['other', 'gateway'] };
    await expect(strict.verify(signed(good))).resolves.toMatchObject({ role: 'client' });
    await expect(strict.verify(signed({ ...good, iss: 'https://evil.example' }))).resolves.toBeUndefined();
    await expect(strict.verify(signed({ ...good, aud: 'other' }))).resolves.toBeUndefined();
    await expect(strict.verify(signed({ exp }))).resolves.toBeUndefined();
  });
});

describe('a JSON Web Token by a public key', () => {
  let issuer: Issuer;
  let tokens: JwtVerifier;

  beforeEach(async () => {
    issuer = await new Issuer().listen();
    tokens = verifier({ jwks: issuer.url, audience: 'gateway' });
  });

  afterEach(() => issuer.close());

  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('may be signed by %s', async (alg) => {
    await issuer.addKey('k', alg);
    await expect(tokens.verify(await issuer.sign('k', { cameras: ['a'] }))).resolves.toMatchObject({ peers: new Set(['a']) });
    const [head, body, signature = ''] = (await issuer.sign('k')).split('.');
    const turned = signature.startsWith('A') ? signature.replace('A', 'B') : `A${signature.slice(1)}`;
    await expect(tokens.verify([head, body, turned].join('.'))).resolves.toBeUndefined();
  });

  it('cannot pass a public key off as a shared secret', async () => {
    await issuer.addKey('k', 'RS256');
    const [jwk] = issuer.published;
    if (jwk === undefined) throw new Error('no key');
    const pem = await exportSPKI((await importJWK(jwk)) as CryptoKey);
    const payload = { exp: now() + HOUR, aud: 'gateway' };
    for (const secret of [pem, JSON.stringify(jwk), Buffer.from(jwk.n ?? '', 'base64url')]) {
      await expect(tokens.verify(signed(payload, { alg: 'HS256', kid: 'k' }, secret))).resolves.toBeUndefined();
    }
  });

  it('cannot bring its own key', async () => {
    await issuer.addKey('k', 'ES256');
    const stranger = await new Issuer().listen();
    await stranger.addKey('k', 'ES256');
    await expect(tokens.verify(await stranger.sign('k'))).resolves.toBeUndefined();
    const [jwk] = stranger.published;
    const key = await importJWK({ kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), alg: 'HS256' });
    const token = await new SignJWT({ exp: now() + HOUR, aud: 'gateway' })
      .setProtectedHeader({ alg: 'HS256', kid: 'k', jku: stranger.url, ...(jwk === undefined ? {} : { jwk }) })
      .sign(key);
    await expect(tokens.verify(token)).resolves.toBeUndefined();
    expect(stranger.asked).toBe(0);
    await stranger.close();
  });

  it('is refused where the issuer has a key that is too weak, without an error', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    issuer.published.push({ ...publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' });
    const parts = [
      { alg: 'RS256', kid: 'weak' },
      { exp: now() + HOUR, aud: 'gateway' },
    ];
    const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = createSign('sha256').update(text).sign(privateKey, 'base64url');
    await expect(tokens.verify(`${text}.${signature}`)).resolves.toBeUndefined();
  });

  it('is refused while there are no keys, without an error', async () => {
    await issuer.addKey('k', 'ES256');
    const token = await issuer.sign('k');
    await issuer.close();
    await expect(tokens.verify(token)).resolves.toBeUndefined();
  });
});
