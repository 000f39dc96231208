import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { Digest } from '../../../../src/camera/onvif/digest.ts';
import { verifyAuthorization } from '../../../../src/camera/rtsp/auth.ts';
import { connect, errorOf, soap, startCamera, WORKING, type Answer, type Request } from './scripted-camera.ts';

const CREDENTIALS = { username: 'jürgen "x"', password: 'pä:ß' };

const field = (authorization: string | undefined, name: string): string | undefined =>
  new RegExp(`\\b${name}="?([^",]+)`).exec(authorization ?? '')?.[1];

/** A camera that takes HTTP Digest alone; `isCurrent` decides about the nonce of a request. */
function digestCamera(challenges: () => string[], isCurrent: (nonce: string) => boolean): Record<string, Answer> {
  const guarded = (answer: Answer | undefined) => (request: Request, response: ServerResponse) => {
    const verdict = verifyAuthorization(request.headers.authorization, {
      method: 'POST',
      credentials: CREDENTIALS,
      realm: 'cam',
      isCurrentNonce: isCurrent,
    });
    if (verdict === 'accepted') response.end(soap(typeof answer === 'string' ? answer : ''));
    else response.writeHead(401, { 'www-authenticate': challenges() }).end();
  };
  return Object.fromEntries(Object.entries(WORKING).map(([name, answer]) => [name, guarded(answer)]));
}

describe('HTTP Digest towards a camera', () => {
  it('costs one more round trip once: the nonce is used again, counted up in hexadecimal digits', async () => {
    const { port, requests } = await startCamera(
      digestCamera(
        () => ['Digest realm="cam", qop="auth", nonce="n1"'],
        () => true,
      ),
    );
    const device = await connect(port, CREDENTIALS);
    for (let call = 0; call < 15; call += 1) await device.profiles();
    const [unanswered, ...answered] = requests.map(({ headers }) => headers.authorization);
    expect(unanswered).toBeUndefined();
    expect(answered.every((value) => value !== undefined)).toBe(true);
    const counts = answered.map((value) => Number.parseInt(field(value, 'nc') ?? '', 16));
    expect(counts).toEqual(counts.map((_, index) => index + 1));
    expect(field(answered[15], 'nc')).toBe('00000010');
  });

  it('takes a new nonce when the camera wants one, stale or not said so', async () => {
    for (const stale of ['', ', stale=true']) {
      let current = 'n1';
      const camera = digestCamera(
        () => [`Digest realm="cam", qop="auth", nonce="${current}"${stale}`],
        (nonce) => nonce === current,
      );
      const { port, requests } = await startCamera(camera);
      const device = await connect(port, CREDENTIALS);
      current = 'n2';
      const before = requests.length;
      await device.profiles();
      const [refused, accepted] = requests.slice(before).map(({ headers }) => headers.authorization);
      expect([field(refused, 'nonce'), field(accepted, 'nonce')]).toEqual(['n1', 'n2']);
      expect(field(accepted, 'nc')).toBe('00000001');
    }
  });

  it.each([
    [
      'several headers, the strongest last',
      ['Basic realm="x"', 'Digest realm="cam", nonce="m"', 'Digest realm="cam", nonce="s", algorithm=SHA-256'],
      's',
    ],
    [
      'several in one header',
      ['Basic realm="x", Digest realm="cam", nonce="m", algorithm=MD5, Digest algorithm="SHA-256", nonce="s", realm="cam"'],
      's',
    ],
    [
      'one that nobody knows beside MD5',
      ['Digest realm="cam", nonce="z", algorithm=SHA-512-256', 'Digest realm="cam",nonce="m",'],
      'm',
    ],
    ['the qop list in any order', ['digest realm="cam", qop="auth-int, auth", nonce="q", opaque="o=,p"'], 'q'],
  ])('answers %s', async (_, challenges, nonce) => {
    const { port, requests } = await startCamera(
      digestCamera(
        () => challenges,
        (used) => used === nonce,
      ),
    );
    expect((await connect(port, CREDENTIALS)).information.model).toBe('X1');
    expect(field(requests.at(-1)?.headers.authorization, 'nonce')).toBe(nonce);
  });

  it('never answers Basic, nor an algorithm that it does not have', async () => {
    for (const challenges of [['Basic realm="cam"'], ['Digest realm="cam", nonce="1", algorithm=SHA-512-256, qop="auth"'], []]) {
      const { port, requests } = await startCamera(
        digestCamera(
          () => challenges,
          () => true,
        ),
      );
      expect((await errorOf(connect(port, CREDENTIALS))).code).toBe('camera.unauthorized');
      expect(requests.map(({ headers }) => headers.authorization).filter((value) => value !== undefined)).toEqual([]);
    }
  });

  it('tries a wrong password once for each request, since each try counts towards a locked account', () => {
    const digest = new Digest(CREDENTIALS);
    const challenge = ['Digest realm="cam", nonce="1"'];
    expect(digest.authorize('POST', '/')).toBeUndefined();
    expect(digest.challenged(challenge, false)).toBe(true);
    expect(digest.authorize('POST', '/')).toBeDefined();
    expect(digest.challenged(challenge, true)).toBe(false);
    expect(digest.authorize('POST', '/')).toBeUndefined();
  });

  it('shows a wrong password to a camera that makes a nonce for each answer no more often than that', async () => {
    let made = 0;
    const { port, requests } = await startCamera(
      digestCamera(
        () => [`Digest realm="cam", nonce="${(made += 1)}"`],
        () => true,
      ),
    );
    expect((await errorOf(connect(port, { ...CREDENTIALS, password: 'wrong' }))).code).toBe('camera.unauthorized');
    const tries = requests.filter(({ headers }) => headers.authorization !== undefined).map(({ name }) => name);
    expect(tries.filter((name) => name === 'GetSystemDateAndTime').length).toBeLessThanOrEqual(2);
    expect(tries.length).toBeLessThanOrEqual(2);
  });

  it('says nothing where the config has no credentials', async () => {
    const { port, requests } = await startCamera(
      digestCamera(
        () => ['Digest realm="cam", nonce="1"'],
        () => true,
      ),
    );
    expect((await errorOf(connect(port, { username: '', password: '' }))).message).toContain('asks for user name and password');
    expect(requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });
});
