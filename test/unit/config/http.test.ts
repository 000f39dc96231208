import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/load.ts';
import { makeCertificate } from '../../support/certificate.ts';

const SECRET = 'a secret of thirty-two characters';
let folder: string;

function http(section: string): ReturnType<typeof parseConfig> {
  return parseConfig(join(folder, 'gateway.yaml'), `http: {${section}}\ncameras: [{id: a, onvif: 192.0.2.1}]`, {});
}

function wrongWith(section: string): string {
  try {
    http(section);
    return '';
  } catch (error) {
    return (error as Error).message.replaceAll(`${folder}/`, '');
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'http-'));
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const [one, other] = [makeCertificate(), makeCertificate()];
  write('cert.pem', one.cert);
  write('key.pem', one.key);
  write('other-key.pem', other.key);
  write('jwt-secret', `${SECRET}\n`);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  write('keys.json', JSON.stringify({ keys: [{ kty: 'RSA' }, publicKey.export({ format: 'jwk' })] }));
  write('empty-set.json', '{"keys": []}');
  write('unusable.json', '{"keys": [{"kty": "RSA"}, {"kty": "oct", "k": "c2VjcmV0"}, 5]}');
  write('no-keys.json', '{"kid": "a"}');
  write('text', 'neither');
  write('two-words', 'my token\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('http.tls', () => {
  const AUTH = 'auth: {tokens: [{token: t}]}';

  it('names files relative to the config, which opens the way beyond loopback', () => {
    expect(http(`listen: "0.0.0.0:8443", tls: {cert: cert.pem, key: key.pem}, ${AUTH}`)).toMatchObject({
      listen: { host: '0.0.0.0', port: 8443 },
      tls: { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
    });
  });

  it.each([
    [
      'cert: cert.pem, key: other-key.pem',
      '1:20: http.tls.cert: the key in other-key.pem does not fit the certificate in cert.pem; ',
    ],
    ['cert: nowhere.pem, key: key.pem', '1:20: http.tls.cert: the file nowhere.pem does not exist; '],
    ['cert: cert.pem, key: nowhere.pem', '1:35: http.tls.key: the file nowhere.pem does not exist; '],
    ['cert: key.pem, key: key.pem', '1:20: http.tls.cert: the file key.pem holds no certificate in PEM; '],
    ['cert: cert.pem, key: text', '1:35: http.tls.key: the file text holds no private key in PEM; '],
    ['cert: cert.pem', '1:8: http.tls.key: is missing; write the name of the file with the private key'],
  ])('must be usable: {%s}', (files, message) => {
    expect(wrongWith(`tls: {${files}}`)).toContain(message);
  });

  it.each([
    ['', 'anybody could watch; add http.auth and http.tls, or listen on 127.0.0.1'],
    [AUTH, 'tokens would travel in clear; add http.tls, or listen on 127.0.0.1'],
    ['tls: {cert: cert.pem, key: key.pem}', 'anybody could watch; add http.auth, or listen on 127.0.0.1'],
  ])('and auth are both needed beyond loopback: {%s}', (section, message) => {
    expect(wrongWith(`listen: "0.0.0.0:8443", ${section}`)).toContain(`http.listen: reaches beyond this machine, and ${message}`);
  });
});

describe('http.auth', () => {
  it('may have an issuer that shares a secret, beside tokens or alone, and a lifetime of sessions', () => {
    expect(http(`auth: {jwt: {secret_file: jwt-secret, issuer: i, audience: u}, session_lifetime: 300}`)).toMatchObject({
      viewerTokens: [],
      jwt: { secret: SECRET, issuer: 'i', audience: 'u' },
      sessionLifetimeSeconds: 300,
    });
    expect(http(`auth: {tokens: [{token: t}], jwt: {secret: "${SECRET}"}}`)).toMatchObject({
      viewerTokens: [{ token: 't' }],
      jwt: { secret: SECRET },
    });
  });

  it('may have an issuer whose keys are at an URL or in a file', () => {
    const url = 'https://id.example/keys?v=1';
    expect(http(`auth: {jwt: {jwks: "${url}", audience: u}}`).jwt).toEqual({ jwks: url, audience: 'u' });
    expect(http(`auth: {jwt: {jwks: keys.json, audience: u}}`).jwt).toEqual({ jwks: join(folder, 'keys.json'), audience: 'u' });
  });

  it.each([
    ['{}', 'http.auth: holds neither tokens nor jwt; write one of them, or leave out auth'],
    ['{session_lifetime: 60}', 'http.auth: holds neither tokens nor jwt'],
    ['{tokens: [{token: "my token"}]}', 'http.auth.tokens[0].token: holds spaces, line breaks or letters beyond ASCII'],
    ['{tokens: [{token: größe}]}', 'http.auth.tokens[0].token: holds spaces'],
    ['{tokens: [{token_file: two-words}]}', 'http.auth.tokens[0].token_file: holds spaces'],
    ['{jwt: {}}', 'http.auth.jwt: does not say how tokens are verified; write secret:, secret_file: or jwks:'],
    ['{jwt: {secret: short-secret}}', 'http.auth.jwt.secret: is a secret that can be guessed from one token'],
    [`{jwt: {secret: "${SECRET}", jwks: keys.json, audience: u}}`, 'http.auth.jwt.jwks: stands beside a secret'],
    ['{jwt: {jwks: keys.json}}', 'http.auth.jwt: would take tokens that were issued for something else; add audience:'],
    [
      '{jwt: {jwks: "http://id.example/keys", audience: u}}',
      'http.auth.jwt.jwks: is not the URL of a key set that nobody can change',
    ],
    ['{jwt: {jwks: nowhere.json, audience: u}}', 'http.auth.jwt.jwks: the file nowhere.json does not exist'],
    ['{jwt: {jwks: text, audience: u}}', 'http.auth.jwt.jwks: the file text is not JSON'],
    ['{jwt: {jwks: no-keys.json, audience: u}}', 'http.auth.jwt.jwks: the file no-keys.json holds no JSON Web Key Set'],
    ['{jwt: {jwks: empty-set.json, audience: u}}', 'http.auth.jwt.jwks: the file empty-set.json holds no public key'],
    ['{jwt: {jwks: unusable.json, audience: u}}', 'http.auth.jwt.jwks: the file unusable.json holds no public key'],
    ['{tokens: [{token: t}], session_lifetime: 1}', 'write a number from 10 to 2000000 (seconds)'],
  ])('must be usable: %s', (auth, message) => {
    expect(wrongWith(`auth: ${auth}`)).toContain(message);
  });

  it('shows no secret', () => {
    expect(wrongWith('auth: {jwt: {secret: short-secret}}')).not.toContain('short-secret');
  });
});
