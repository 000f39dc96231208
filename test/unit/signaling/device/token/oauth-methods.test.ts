import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { OAuthClient, OAuthConfig } from '../../../../../src/config/gateway-config.ts';
import { AuthorizationServer } from '../../../../../src/signaling/device/token/authorization-server.ts';
import { OAuthServer, type OAuthClientEntry, type OAuthServerOptions } from '../../../../support/oauth-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'oauth-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { signal } = new AbortController();
/** Everything that form-urlencoding and Basic would trip over. */
const ID = 'site 7:gateway+ä';
const SECRET = 's3cret:with %20 and +&=é';

async function serverFor(client: OAuthClientEntry, options: Partial<OAuthServerOptions> = {}): Promise<OAuthServer> {
  const server = await new OAuthServer({ client, ...options }).start();
  onTestFinished(() => server.close());
  return server;
}

function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

function clientOf(server: OAuthServer, client: OAuthClient, more: Partial<OAuthConfig> = {}): AuthorizationServer {
  return new AuthorizationServer({ oauth: { tokenEndpoint: server.tokenEndpoint, client, ...more } });
}

describe('a client with a secret', () => {
  it.each(['client_secret_basic', 'client_secret_post'] as const)('shows it by %s, encoded as the RFC says', async (method) => {
    const server = await serverFor({ id: ID, method, secret: SECRET });
    const issued = await clientOf(server, { id: ID, method, secret: SECRET }).issueToken(signal);
    expect(issued).toEqual({ token: 'token-1', lifetime: 3600 });
  });

  it('has it from a file that is read for each token', async () => {
    const server = await serverFor({ id: ID, method: 'client_secret_basic', secret: SECRET });
    const file = written('secret', 'old\n');
    const client = clientOf(server, { id: ID, method: 'client_secret_basic', secret: { file } });
    await expect(client.issueToken(signal)).rejects.toMatchObject({ code: 'oauth.refused' });
    writeFileSync(file, `${SECRET}\n`);
    await expect(client.issueToken(signal)).resolves.toMatchObject({ token: 'token-1' });
    rmSync(file);
    await expect(client.issueToken(signal)).rejects.toMatchObject({
      code: 'oauth.client',
      message: `The file ${file} does not exist.`,
    });
  });

  it('asks for scope and audience where they are given, and for nothing else', async () => {
    const server = await serverFor({ id: ID, method: 'client_secret_basic', secret: SECRET });
    const client: OAuthClient = { id: ID, method: 'client_secret_basic', secret: SECRET };
    await clientOf(server, client, { scope: 'signaling register', audience: 'https://signaling.example' }).issueToken(signal);
    await clientOf(server, client).issueToken(signal);
    expect(server.requests.map((form) => Object.fromEntries(form))).toEqual([
      { grant_type: 'client_credentials', scope: 'signaling register', audience: 'https://signaling.example' },
      { grant_type: 'client_credentials' },
    ]);
  });
});

const PAIRS: [string, () => { privateKey: KeyObject; publicKey: KeyObject }][] = [
  ['RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['ES384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['ES512', () => generateKeyPairSync('ec', { namedCurve: 'P-521' })],
  ['EdDSA', () => generateKeyPairSync('ed25519')],
];

describe('a client with a private key', () => {
  it.each(PAIRS)('signs by %s, as its key is, with a key in PEM', async (algorithm, generate) => {
    const { privateKey, publicKey } = generate();
    const server = await serverFor({ id: ID, method: 'private_key_jwt', publicKey, algorithm, keyId: 'key-7' });
    const keyFile = written('key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const client = clientOf(server, { id: ID, method: 'private_key_jwt', keyFile, keyId: 'key-7' });
    await client.issueToken(signal);
    await expect(client.issueToken(signal)).resolves.toMatchObject({ token: 'token-2' });
    expect(server.assertions[0]?.['jti']).not.toBe(server.assertions[1]?.['jti']);
    expect(server.requests[0]?.get('client_id')).toBe(ID);
    expect(server.requests[0]?.has('client_secret')).toBe(false);
  });

  it('takes the kid and the algorithm of a JWK, and a kid of the config before that', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'of-jwk', alg: 'PS256' };
    const keyFile = written('key.jwk', JSON.stringify(jwk));
    const entry = { id: ID, method: 'private_key_jwt', publicKey, algorithm: 'PS256' } as const;
    const first = await serverFor({ ...entry, keyId: 'of-jwk' });
    await clientOf(first, { id: ID, method: 'private_key_jwt', keyFile }).issueToken(signal);
    const second = await serverFor({ ...entry, keyId: 'of-config' });
    await clientOf(second, { id: ID, method: 'private_key_jwt', keyFile, keyId: 'of-config' }).issueToken(signal);
    expect([first.issued, second.issued]).toEqual([['token-1'], ['token-1']]);
  });

  it('is refused with another key, and says what to check', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const { privateKey } = generateKeyPairSync('ed25519');
    const server = await serverFor({ id: ID, method: 'private_key_jwt', publicKey, algorithm: 'EdDSA' });
    const keyFile = written('other.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    await expect(clientOf(server, { id: ID, method: 'private_key_jwt', keyFile }).issueToken(signal)).rejects.toMatchObject({
      code: 'oauth.refused',
      message: `The authorization server ${server.tokenEndpoint} gave no token (invalid_client: bad signature).`,
      advice: 'Check client_id with its secret or key, and that this client may use the method that is configured.',
    });
  });
});
