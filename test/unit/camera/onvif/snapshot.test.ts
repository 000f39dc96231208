import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SnapshotClient, type SnapshotClientOptions } from '../../../../src/camera/onvif/snapshot.ts';
import { formatChallenge, verifyAuthorization, type Challenge } from '../../../../src/camera/rtsp/auth.ts';
import { connectTo, errorOf } from './scripted-camera.ts';

const JPEG = Buffer.concat([Buffer.of(0xff, 0xd8, 0xff, 0xe0), Buffer.from('picture')]);
const CREDENTIALS = { username: 'viewer', password: 's3cret' };
const REALM = 'camera';
const NONCE = 'a-nonce';

const digest = (algorithm: 'MD5' | 'SHA-256'): Challenge => ({
  scheme: 'Digest',
  realm: REALM,
  nonce: NONCE,
  algorithm,
  qop: true,
  stale: false,
});
const basic: Challenge = { scheme: 'Basic', realm: REALM };

type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** The web page of a camera, and a client of it. */
async function setUp(serve: Serve, options: Partial<SnapshotClientOptions> = {}) {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const located: string[] = [];
  const client = new SnapshotClient({
    host: '127.0.0.1',
    tls: undefined,
    ...CREDENTIALS,
    timeoutMs: 5000,
    signal: new AbortController().signal,
    locate: (token) => {
      located.push(token);
      return Promise.resolve({ secure: false, port, path: `/snap.cgi?channel=${token}&auth=secret` });
    },
    ...options,
  });
  return { client, requests, located, port };
}

const picture: Serve = (_, response) => void response.end(JPEG);

/** Gives the picture to who answers one of these challenges rightly. */
const guarded =
  (...challenges: Challenge[]): Serve =>
  (request, response) => {
    const isIn = verifyAuthorization(request.headers.authorization, {
      method: 'GET',
      credentials: CREDENTIALS,
      realm: REALM,
      isCurrentNonce: (nonce) => nonce === NONCE,
      allowBasic: challenges.some(({ scheme }) => scheme === 'Basic'),
    });
    if (isIn === 'accepted') response.end(JPEG);
    else response.writeHead(401, { 'WWW-Authenticate': challenges.map(formatChallenge) }).end();
  };

const schemes = (requests: readonly IncomingMessage[]): (string | undefined)[] =>
  requests.map(({ headers }) => headers.authorization?.split(' ')[0]);

describe('the picture of a camera', () => {
  it('is fetched from where the camera says, which is asked once for each profile', async () => {
    const { client, requests, located } = await setUp(picture);
    expect(await client.fetch('main', false)).toEqual(JPEG);
    await client.fetch('main', false);
    await client.fetch('sub', false);
    expect(located).toEqual(['main', 'sub']);
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /snap.cgi?channel=main&auth=secret',
      'GET /snap.cgi?channel=main&auth=secret',
      'GET /snap.cgi?channel=sub&auth=secret',
    ]);
    expect(schemes(requests)).toEqual([undefined, undefined, undefined]);
  });

  it.each(['MD5', 'SHA-256'] as const)(
    'is given to who knows the password by Digest (%s), which is answered ahead afterwards',
    async (algorithm) => {
      const { client, requests } = await setUp(guarded(basic, digest(algorithm)));
      expect(await client.fetch('main', false)).toEqual(JPEG);
      expect(await client.fetch('main', false)).toEqual(JPEG);
      expect(schemes(requests)).toEqual([undefined, 'Digest', 'Digest']);
    },
  );

  it('is given by Basic where the camera knows nothing else', async () => {
    const { client, requests } = await setUp(guarded(basic));
    expect(await client.fetch('main', false)).toEqual(JPEG);
    expect(schemes(requests)).toEqual([undefined, 'Basic']);
  });

  it('is not asked for by Basic where no config names the address: the password stays here', async () => {
    const { client, requests } = await setUp(guarded(basic));
    const error = await errorOf(client.fetch('main', true));
    expect(error.code).toBe('camera.unauthorized');
    expect(error.advice).toContain('password in clear');
    expect(schemes(requests)).toEqual([undefined]);
    const other = await setUp(guarded(basic, digest('MD5')));
    expect(await other.client.fetch('main', true)).toEqual(JPEG);
  });

  it.each([
    ['Digest', [digest('MD5')]],
    ['Basic', [basic]],
  ])('is refused to who has a wrong password (%s), which is tried once', async (_, challenges) => {
    const { client, requests } = await setUp(guarded(...challenges), { password: 'wr0ng' });
    const error = await errorOf(client.fetch('main', false));
    expect(error.code).toBe('camera.unauthorized');
    expect(`${error.message} ${error.advice}`).not.toMatch(/wr0ng|auth=secret/);
    expect(requests).toHaveLength(2);
  });

  it('is not asked for with a password that nobody has', async () => {
    const { client, requests } = await setUp(guarded(basic, digest('MD5')), { username: '', password: '' });
    expect((await errorOf(client.fetch('main', false))).message).toContain('asks for user name and password');
    expect(requests).toHaveLength(1);
  });

  it('is none where something else comes than a JPEG, and is asked for at a new address then', async () => {
    const { client, located } = await setUp((_, response) => void response.setHeader('Content-Type', 'image/jpeg').end('<html>'));
    const error = await errorOf(client.fetch('main', false));
    expect(error.code).toBe('camera.snapshot');
    expect(error.message).toMatch(
      /^The address for pictures of the camera at 127\.0\.0\.1:\d+ gives something else than a JPEG\.$/,
    );
    await errorOf(client.fetch('main', false));
    expect(located).toEqual(['main', 'main']);
  });

  it.each([404, 500, 204])('is none where the answer is HTTP status %s, whatever its body', async (status) => {
    const { client } = await setUp((_, response) => void response.writeHead(status).end(status === 204 ? undefined : JPEG));
    expect((await errorOf(client.fetch('main', false))).message).toContain(`HTTP status ${status}`);
  });

  it.each(['http://127.0.0.1:1/elsewhere', 'http://evil.example/snap.jpg', '/snap.jpg'])(
    'is not followed to %s',
    async (location) => {
      const { client, requests } = await setUp((_, response) => void response.writeHead(302, { Location: location }).end(JPEG));
      expect((await errorOf(client.fetch('main', false))).code).toBe('camera.redirected');
      expect(requests).toHaveLength(1);
    },
  );

  it('is not read beyond 10 MiB', async () => {
    const { client } = await setUp((_, response) => {
      response.write(JPEG);
      const more = Buffer.alloc(1024 * 1024);
      const write = (): void => void (response.destroyed || response.write(more, write));
      write();
    });
    expect((await errorOf(client.fetch('main', false))).message).toContain('sends more than 10485760 bytes');
  });

  it('is not waited for longer than the time that it has', async () => {
    const { client } = await setUp((_, response) => void response.write(JPEG), { timeoutMs: 100 });
    expect((await errorOf(client.fetch('main', false))).code).toBe('camera.timeout');
  });

  it('is not asked for where the camera is not there', async () => {
    const { client } = await setUp(picture, { locate: () => Promise.resolve({ secure: false, port: 9, path: '/' }) });
    expect((await errorOf(client.fetch('main', false))).code).toBe('camera.unreachable');
  });

  it('is fetched from the host by which the camera is reached, whatever host its answer names', async () => {
    const { device } = await connectTo(
      {
        GetSnapshotUri: '<r><MediaUri><Uri>http://10.9.8.7:8899/picture?ch=1</Uri></MediaUri></r>',
        'GET /picture?ch=1': (_, response) => void response.end(JPEG),
      },
      'ver10/media',
    );
    expect(await device.snapshot('0', false)).toEqual(JPEG);
  });
});
