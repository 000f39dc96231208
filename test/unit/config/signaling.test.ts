import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/config-error.ts';
import type { CameraConfig, SignalingConfig } from '../../../src/config/gateway-config.ts';
import { parseConfig } from '../../../src/config/load.ts';
import type { Environment } from '../../../src/config/secrets.ts';
import { CertificateAuthority, type Issued } from '../../support/certificate-authority.ts';

/* The section `signaling`, of all cameras and of one. */

const CAMERA = 'cameras: [{id: a, onvif: 192.0.2.1}]';
const SERVER = 'wss://s.example/onvif';

let authority: CertificateAuthority;
let own: Issued;
let other: Issued;
beforeAll(() => {
  authority = new CertificateAuthority();
  [own, other] = [authority.issue(), authority.issue()];
  authority.write('token', 'of-file\n');
  authority.write('spaces', 'a token\n');
  authority.write('empty', '');
  authority.write('secret', 's3cret\n');
  const { privateKey } = generateKeyPairSync('ed25519');
  authority.write('ed25519.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const encrypted = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
  authority.write('encrypted.pem', encrypted);
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  authority.write('short.pem', short.export({ type: 'pkcs8', format: 'pem' }).toString());
  const { kty, crv, x } = privateKey.export({ format: 'jwk' });
  authority.write('public.jwk', JSON.stringify({ kty, crv, x }));
  authority.write('set.jwk', JSON.stringify({ keys: [privateKey.export({ format: 'jwk' })] }));
  authority.write('broken.jwk', '{"kty":');
  mkdirSync(join(authority.folder, 'credentials'));
  authority.write('credentials/token', 'of-systemd');
});
afterAll(() => authority.close());

const path = (name: string): string => join(authority.folder, name);

function load(text: string, environment: Environment = {}): { signaling?: SignalingConfig; cameras: CameraConfig[] } {
  return parseConfig(join(authority.folder, 'gateway.yaml'), text, environment);
}

const signalingOf = (lines: string, environment?: Environment): SignalingConfig | undefined =>
  load(`signaling: {server: "${SERVER}", ${lines}}\n${CAMERA}`, environment).signaling;

/** `line:column: path: message` of each issue, files without their folder. */
function wrongWith(text: string): string[] {
  try {
    load(text);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.issues.map(({ line, column, path, message }) => {
      return `${line}:${column}: ${path}: ${message.replaceAll(`${authority.folder}/`, '')}`;
    });
  }
}

const wrongSignaling = (lines: string): string[] => wrongWith(`signaling:\n  server: "${SERVER}"\n${lines}\n${CAMERA}`);

describe('a valid section', () => {
  it('has a token, a file of one, or OAuth', () => {
    expect(signalingOf('token: T')).toEqual({ server: SERVER, token: 'T' });
    expect(signalingOf('token_file: token')).toEqual({ server: SERVER, tokenFile: path('token') });
    expect(signalingOf('token_file: token', { CREDENTIALS_DIRECTORY: path('credentials') })).toEqual({
      server: SERVER,
      tokenFile: path('credentials/token'),
    });
    expect(signalingOf('authorization: query')).toEqual({ server: SERVER, authorization: 'query' });
  });

  it('has OAuth with a secret, or with a key', () => {
    expect(
      signalingOf('oauth: {issuer: "https://l.example/x", client_id: site, client_secret: s, scope: a b, audience: aud}')?.oauth,
    ).toEqual({
      issuer: 'https://l.example/x',
      client: { id: 'site', method: 'client_secret_basic', secret: 's' },
      scope: 'a b',
      audience: 'aud',
    });
    expect(
      signalingOf(
        'oauth: {token_endpoint: "http://127.0.0.1/t", client_id: site, client_secret_file: secret, method: client_secret_post}',
      )?.oauth,
    ).toEqual({
      tokenEndpoint: 'http://127.0.0.1/t',
      client: { id: 'site', method: 'client_secret_post', secret: { file: path('secret') } },
    });
    expect(
      signalingOf('oauth: {issuer: "https://l.example", client_id: site, key_file: ed25519.pem, key_id: k}')?.oauth?.client,
    ).toEqual({
      id: 'site',
      method: 'private_key_jwt',
      keyFile: path('ed25519.pem'),
      keyId: 'k',
    });
  });

  it('has files of TLS', () => {
    expect(signalingOf(`tls: {ca: ca.pem, cert: ${own.certFile}, key: ${own.keyFile}}`)?.tls).toEqual({
      ca: path('ca.pem'),
      cert: own.certFile,
      key: own.keyFile,
    });
  });

  it('of a camera is a place of its own, and connects to the server of all as they do', () => {
    const common = `signaling: {server: "${SERVER}", token: T, authorization: query, tls: {ca: ca.pem}}`;
    const camera = (lines: string): SignalingConfig | undefined =>
      load(`${common}\ncameras: [{id: a, onvif: 192.0.2.1, signaling: {${lines}}}]`).cameras[0]?.signaling;
    const shared = { server: SERVER, authorization: 'query', tls: { ca: path('ca.pem') } };
    expect(camera('token: T2')).toEqual({ ...shared, token: 'T2' });
    expect(camera('token_file: token, authorization: header')).toEqual({
      ...shared,
      authorization: 'header',
      tokenFile: path('token'),
    });
    // Neither the token nor anything else goes to another server.
    expect(camera('server: "wss://other.example"')).toEqual({ server: 'wss://other.example' });
  });
});

describe('what is wrong is named by its place', () => {
  it.each([
    ['  token: T\n  token_file: token', ['4:3: signaling.token_file: stands beside token; keep one of token, token_file, oauth']],
    [
      '  token_file: token\n  oauth: {issuer: "https://l", client_id: s, client_secret: s}',
      ['4:3: signaling.oauth: stands beside token_file; keep one of token, token_file, oauth'],
    ],
    ['  token: a token', ['3:10: signaling.token: holds spaces, line breaks or letters beyond ASCII; write the token alone']],
    [
      '  token_file: spaces',
      ['3:15: signaling.token_file: holds spaces, line breaks or letters beyond ASCII; write the token alone'],
    ],
    ['  token_file: empty', ['3:15: signaling.token_file: the file empty is empty; write the secret into it']],
    ['  authorization: cookie', ['3:18: signaling.authorization: is "cookie"; write header or query']],
  ])('the token: %s', (lines, expected) => {
    expect(wrongSignaling(lines)).toEqual(expected);
  });

  it.each([
    ['client_id: s, client_secret: s', 'signaling.oauth: names no authorization server; add issuer: or token_endpoint:'],
    [
      'issuer: "https://l", token_endpoint: "https://l", client_id: s, client_secret: s',
      'signaling.oauth.token_endpoint: stands beside issuer; keep one of the two',
    ],
    [
      'issuer: "http://l.example", client_id: s, client_secret: s',
      'signaling.oauth.issuer: is "http://l.example"; write a URL by https, such as https://login.example.com/realms/site',
    ],
    [
      'issuer: "https://l", client_secret: s',
      'signaling.oauth.client_id: is missing; write the id of the gateway at the authorization server',
    ],
    [
      'issuer: "https://l", client_id: s',
      'signaling.oauth: has no secret; add client_secret: or client_secret_file:, or key_file: for private_key_jwt',
    ],
    [
      'issuer: "https://l", client_id: s, client_secret: s, client_secret_file: secret',
      'signaling.oauth.client_secret_file: stands beside client_secret; keep one of the two',
    ],
    [
      'issuer: "https://l", client_id: s, client_secret: s, key_file: ed25519.pem',
      'signaling.oauth.client_secret: is not for the method private_key_jwt; remove it, or write another method:',
    ],
    [
      'issuer: "https://l", client_id: s, client_secret: s, key_id: k',
      'signaling.oauth.key_id: is not for the method client_secret_basic; remove it, or write another method:',
    ],
    [
      'issuer: "https://l", client_id: s, method: private_key_jwt',
      'signaling.oauth: has no key for the method private_key_jwt; add key_file:',
    ],
    [
      'issuer: "https://l", client_id: s, method: tls_client_auth, client_secret: s',
      'signaling.oauth.method: is "tls_client_auth"; write one of client_secret_basic, client_secret_post, private_key_jwt',
    ],
    [
      'issuer: "https://l", client_id: s, key_file: none.pem',
      "signaling.oauth.key_file: the file none.pem does not exist; put it there, readable for the gateway's user",
    ],
    [
      'issuer: "https://l", client_id: s, key_file: ca.pem',
      'signaling.oauth.key_file: the file ca.pem holds no private key in PEM; name the file of the key, not of the certificate',
    ],
    [
      'issuer: "https://l", client_id: s, key_file: encrypted.pem',
      'signaling.oauth.key_file: the key in encrypted.pem is encrypted; write it without a passphrase: openssl pkey -in encrypted.pem',
    ],
    [
      'issuer: "https://l", client_id: s, key_file: short.pem',
      'signaling.oauth.key_file: the key in short.pem is none that signs; make one of RSA (2048 bits or more), P-256 or Ed25519',
    ],
    [
      'issuer: "https://l", client_id: s, key_file: public.jwk',
      'signaling.oauth.key_file: the file public.jwk holds no private key; write the private JWK, with its member d',
    ],
    [
      'issuer: "https://l", client_id: s, key_file: set.jwk',
      'signaling.oauth.key_file: the file set.jwk holds a set of keys; write the one JWK alone',
    ],
    [
      'issuer: "https://l", client_id: s, key_file: broken.jwk',
      'signaling.oauth.key_file: the file broken.jwk is not JSON; write the key as PEM or as one JWK',
    ],
  ])('oauth: %s', (keys, expected) => {
    const issues = wrongSignaling(`  oauth: {${keys}}`);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatch(/^3:\d+: /);
    expect(issues[0]).toContain(expected);
  });

  it('tls: files that are missing, of another kind or do not fit', () => {
    const [cert, key] = [own.certFile, own.keyFile];
    const tls = (keys: string): string[] => wrongSignaling(`  tls: {${keys}}`);
    expect(tls('ca: none.pem')).toEqual([
      "3:13: signaling.tls.ca: the file none.pem does not exist; put it there, readable for the gateway's user",
    ]);
    expect(tls('ca: empty')).toEqual(['3:13: signaling.tls.ca: the file empty is empty; write it again']);
    expect(tls('ca: secret')).toEqual([
      '3:13: signaling.tls.ca: the file secret holds no certificate in PEM; write it as -----BEGIN CERTIFICATE----- ...',
    ]);
    expect(tls(`cert: ${cert}`)).toEqual(['3:9: signaling.tls.cert: stands without its key; add key:']);
    expect(tls(`key: ${key}`)).toEqual(['3:9: signaling.tls.key: stands without its cert; add cert:']);
    const [issue, ...more] = tls(`cert: ${cert}, key: ${other.keyFile}`);
    expect(more).toEqual([]);
    expect(issue).toMatch(
      /^3:15: signaling\.tls\.cert: the key in issued-2\.key does not fit the certificate in issued-1\.pem; /,
    );
  });

  it('in the section of a camera too', () => {
    const text = `cameras:\n- id: a\n  onvif: 192.0.2.1\n  signaling: {server: "${SERVER}", token: T, token_file: token, tls: {cert: ca.pem}}`;
    expect(wrongWith(text)).toEqual([
      '4:58: cameras[0].signaling.token_file: stands beside token; keep one of token, token_file, oauth',
      '4:83: cameras[0].signaling.tls.cert: stands without its key; add key:',
    ]);
  });

  it('never with a secret', () => {
    for (const lines of [
      '  token: "hunter 2"',
      '  oauth: {client_secret: [hunter2]}',
      '  oauth: {client_secret: "hunter 2", key_file: x}',
    ]) {
      expect(JSON.stringify(wrongSignaling(lines))).not.toContain('hunter');
    }
  });
});
