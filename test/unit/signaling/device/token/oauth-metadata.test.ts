import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { OAuthConfig } from '../../../../../src/config/gateway-config.ts';
import { TlsContext } from '../../../../../src/signaling/device/tls-context.ts';
import { AuthorizationServer } from '../../../../../src/signaling/device/token/authorization-server.ts';
import { CertificateAuthority } from '../../../../support/certificate-authority.ts';
import { OAuthServer, type OAuthServerOptions } from '../../../../support/oauth-server.ts';

const { signal } = new AbortController();
const CLIENT = { id: 'site-7', method: 'client_secret_post', secret: 'hunter2' } as const;

async function serverFor(options: Partial<OAuthServerOptions> = {}): Promise<OAuthServer> {
  const server = await new OAuthServer({ client: CLIENT, ...options }).start();
  onTestFinished(() => server.close());
  return server;
}

/** A token, or code, message and advice of the error. */
async function outcome(oauth: Partial<OAuthConfig>, tls?: TlsContext): Promise<unknown> {
  const authorities = tls && ((): ReturnType<TlsContext['authorities']> => tls.authorities());
  const server = new AuthorizationServer({ oauth: { client: CLIENT, ...oauth }, authorities });
  return server.issueToken(signal).then(
    ({ token }) => token,
    ({ code, message, advice }: Record<string, unknown>) => ({ code, message, advice }),
  );
}

describe('the metadata of an issuer', () => {
  it('are asked for where RFC 8414 says: between host and path of the issuer', async () => {
    const server = await serverFor({ path: '/realms/site' });
    await expect(outcome({ issuer: server.issuer })).resolves.toBe('token-1');
    expect(server.metadataRequests).toEqual(['/.well-known/oauth-authorization-server/realms/site']);
  });

  it('are those of OpenID Connect where there are no others', async () => {
    const server = await serverFor({ path: '/realms/site' });
    server.metadataPath = '/realms/site/.well-known/openid-configuration';
    await expect(outcome({ issuer: server.issuer })).resolves.toBe('token-1');
  });

  it('are asked for once, and again after something went wrong', async () => {
    const server = await serverFor();
    const client = new AuthorizationServer({ oauth: { client: CLIENT, issuer: server.issuer } });
    await client.issueToken(signal);
    await client.issueToken(signal);
    expect(server.metadataRequests).toHaveLength(1);
    server.answer = { status: 404, body: 'moved' };
    await expect(client.issueToken(signal)).rejects.toThrow('HTTP 404');
    server.answer = undefined;
    await expect(client.issueToken(signal)).resolves.toMatchObject({ token: 'token-3' });
    expect(server.metadataRequests).toHaveLength(2);
  });

  it('must be of this very issuer', async () => {
    const server = await serverFor();
    server.metadata = { issuer: 'https://evil.example' };
    await expect(outcome({ issuer: server.issuer })).resolves.toEqual({
      code: 'oauth.metadata',
      message: `The metadata at ${server.issuer}/.well-known/oauth-authorization-server are of the issuer "https://evil.example".`,
      advice: 'Write issuer exactly as the server does, with or without the slash at its end.',
    });
    expect(server.requests).toEqual([]);
  });

  it.each([undefined, 5, 'http://login.example/token', 'https://user:pw@login.example/token', 'nonsense'])(
    'must name an endpoint by https: %s',
    async (endpoint) => {
      const server = await serverFor();
      server.metadata = { token_endpoint: endpoint };
      await expect(outcome({ issuer: server.issuer })).resolves.toMatchObject({ code: 'oauth.metadata' });
    },
  );

  it('that are nowhere are named', async () => {
    const server = await serverFor();
    server.metadataPath = '/nowhere';
    await expect(outcome({ issuer: server.issuer })).resolves.toEqual({
      code: 'oauth.metadata',
      message: `The metadata at ${server.issuer}/.well-known/openid-configuration cannot be had (HTTP 404).`,
      advice: 'Check issuer, or write token_endpoint in its place.',
    });
  });
});

describe('a token endpoint', () => {
  it.each([
    ['no JSON', '<html>', 'oauth.answer'],
    ['no object', [], 'oauth.answer'],
    ['no token', { token_type: 'Bearer' }, 'oauth.answer'],
    ['another kind of token', { access_token: 'x', token_type: 'DPoP' }, 'oauth.answer'],
    ['a token that breaks the header', { access_token: 'x\r\nHost: evil', token_type: 'Bearer' }, 'oauth.answer'],
  ])('that answers with %s is named', async (_what, body, code) => {
    const server = await serverFor();
    server.answer = { status: 200, body };
    const answer = await outcome({ tokenEndpoint: server.tokenEndpoint });
    expect(answer).toMatchObject({ code, message: expect.stringContaining(server.tokenEndpoint) as string });
  });

  it('that answers without an end is not read to it', async () => {
    const server = await serverFor();
    server.answer = { status: 200, body: { access_token: 'x', token_type: 'Bearer', more: 'x'.repeat(70_000) } };
    await expect(outcome({ tokenEndpoint: server.tokenEndpoint })).resolves.toMatchObject({
      code: 'oauth.answer',
      message: `The answer of ${server.tokenEndpoint} is longer than 64 KiB.`,
    });
  });

  it.each([
    [{ expires_in: 60 }, 60],
    [{ expires_in: '60' }, 60],
    [{ expires_in: -1 }, undefined],
    [{ expires_in: 'soon' }, undefined],
    [{}, undefined],
  ])('says how long the token lives, or not: %j', async (said, lifetime) => {
    const server = await serverFor();
    server.answer = { status: 200, body: { access_token: 'x', token_type: 'bearer', ...said } };
    const client = new AuthorizationServer({ oauth: { client: CLIENT, tokenEndpoint: server.tokenEndpoint } });
    await expect(client.issueToken(signal)).resolves.toEqual({ token: 'x', ...(lifetime === undefined ? {} : { lifetime }) });
  });

  it('that redirects is not followed, and where to is said', async () => {
    const [server, other] = [await serverFor(), await serverFor()];
    server.answer = { status: 307, body: '', headers: { Location: `${other.tokenEndpoint}?k=secret` } };
    await expect(outcome({ tokenEndpoint: server.tokenEndpoint })).resolves.toMatchObject({
      code: 'oauth.redirected',
      message: `The authorization server ${server.tokenEndpoint} redirects to ${other.tokenEndpoint}?k=*** (HTTP 307), which is not followed.`,
    });
    expect(other.requests).toEqual([]);
  });

  it.each([
    ['invalid_client', 'Check client_id with its secret or key'],
    ['unauthorized_client', 'Allow this client the grant'],
    ['invalid_scope', 'Check scope.'],
    ['something_new', 'Check the settings of this client'],
  ])('that says %s is quoted, with what to do, and without our secret', async (error, advice) => {
    const server = await serverFor();
    server.answer = { status: 400, body: { error, error_description: 'no client with the secret hunter2' } };
    const answer = await outcome({ tokenEndpoint: server.tokenEndpoint });
    expect(answer).toEqual({
      code: 'oauth.refused',
      message: `The authorization server ${server.tokenEndpoint} gave no token (${error}).`,
      advice: expect.stringContaining(advice) as string,
    });
    server.answer = { status: 400, body: { error, error_description: 'AADSTS70011:\n wrong' } };
    await expect(outcome({ tokenEndpoint: server.tokenEndpoint })).resolves.toMatchObject({
      message: expect.stringContaining(`(${error}: AADSTS70011: wrong)`) as string,
    });
  });

  it('that is away, or ill, is tried again', async () => {
    const server = await serverFor();
    server.answer = { status: 503, body: '' };
    await expect(outcome({ tokenEndpoint: server.tokenEndpoint })).resolves.toMatchObject({
      code: 'oauth.answer',
      message: `The authorization server ${server.tokenEndpoint} answered with HTTP 503 instead of a token.`,
    });
    await server.close();
    await expect(outcome({ tokenEndpoint: 'http://127.0.0.1:9/token?secret=x' })).resolves.toMatchObject({
      code: 'oauth.unreachable',
      message: 'The authorization server http://127.0.0.1:9/token?secret=*** cannot be reached (ECONNREFUSED).',
    });
  });

  it('that is still being asked when the gateway ends is given up', async () => {
    const silent = createServer(() => {});
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const ending = new AbortController();
    const tokenEndpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/token`;
    const asked = new AuthorizationServer({ oauth: { client: CLIENT, tokenEndpoint } }).issueToken(ending.signal);
    await once(silent, 'connection');
    ending.abort();
    // Not by its time-out.
    await expect(asked).rejects.toThrow('cannot be reached (ABORT_ERR)');
  });
});

describe('an authorization server by https', () => {
  let authority: CertificateAuthority;
  beforeAll(() => {
    authority = new CertificateAuthority();
  });
  afterAll(() => authority.close());

  it('is asked only when its certificate is by a known authority', async () => {
    const server = await serverFor({ tls: authority.issue() });
    await expect(outcome({ issuer: server.issuer })).resolves.toMatchObject({
      code: 'oauth.tls',
      message: expect.stringContaining('is by an authority that is not known here') as string,
    });
    await expect(outcome({ issuer: server.issuer }, new TlsContext({ ca: authority.file }))).resolves.toBe('token-1');
  });

  it('does not send us to an endpoint in clear, not even on this machine', async () => {
    const server = await serverFor({ tls: authority.issue() });
    server.metadata = { token_endpoint: 'http://127.0.0.1:9/token' };
    await expect(outcome({ issuer: server.issuer }, new TlsContext({ ca: authority.file }))).resolves.toMatchObject({
      code: 'oauth.metadata',
    });
  });
});
