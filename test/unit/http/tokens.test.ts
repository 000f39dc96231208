import { describe, expect, it } from 'vitest';
import { SignJWT } from 'jose';
import { Access } from '../../../src/access/access.ts';
import type { CamerasAnswer, SessionsAnswer } from '../../../src/base/api.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { ask, certificateOfTest, start, startBeyondLoopback } from './fixture.ts';
import { cameraInfo, sessionInfo } from './stub-view.ts';

describe('token', () => {
  const viewerTokens = [{ token: 'open-sesame' }, { token: 'one-camera', cameras: ['yard'] }];

  it.each(['/api/cameras', '/api/sessions'])('is asked for at %s', async (path) => {
    const { url } = await start({ viewerTokens });
    const replies = [
      await ask(url + path),
      await ask(url + path, { authorization: 'Bearer wrong' }),
      await ask(`${url}${path}?token=`),
      await ask(`${url}${path}?token=open`),
    ];
    expect(replies.map((reply) => reply.status)).toEqual([401, 401, 401, 401]);
    expect(replies[0]?.headers['www-authenticate']).toBe('Bearer');
    const advice = expect.stringMatching(/^Send a token of http\.auth/) as unknown;
    expect(JSON.parse(replies[0]?.body ?? '')).toMatchObject({ error: { code: 'http.unauthorized', advice } });
  });

  it('opens the API as a bearer token and in the address', async () => {
    const { url } = await start({ viewerTokens });
    expect((await ask(`${url}/api/cameras`, { authorization: 'Bearer open-sesame' })).status).toBe(200);
    expect((await ask(`${url}/api/cameras?token=open-sesame`)).status).toBe(200);
  });

  it('is not asked for by health, readiness and the page, nor by metrics on loopback', async () => {
    const { url } = await start({ viewerTokens });
    const statuses = await Promise.all(
      ['/healthz', '/readyz', '/', '/metrics'].map(async (path) => (await ask(url + path)).status),
    );
    expect(statuses).toEqual([200, 200, 200, 200]);
  });

  it('is asked for by metrics beyond loopback', async () => {
    const { url } = await startBeyondLoopback(viewerTokens);
    expect((await ask(`${url}/metrics`)).status).toBe(401);
    expect((await ask(`${url}/metrics`, { authorization: 'Bearer open-sesame' })).status).toBe(200);
  });

  it('that is for some cameras shows these, their sessions, and no metrics beyond loopback', async () => {
    const { url, view } = await startBeyondLoopback(viewerTokens);
    view.cameraList = [cameraInfo(), cameraInfo({ id: 'yard' })];
    view.sessionList = [sessionInfo({ camera: 'front-door' }), sessionInfo({ camera: 'yard' })];
    const authorization = { authorization: 'Bearer one-camera' };
    const { cameras } = JSON.parse((await ask(`${url}/api/cameras`, authorization)).body) as CamerasAnswer;
    expect(cameras.map(({ id }) => id)).toEqual(['yard']);
    const { sessions } = JSON.parse((await ask(`${url}/api/sessions`, authorization)).body) as SessionsAnswer;
    expect(sessions.map(({ camera }) => camera)).toEqual(['yard']);
    expect((await ask(`${url}/metrics`, authorization)).status).toBe(401);
  });

  it('may be a JSON Web Token, until it ends', async () => {
    const secret = 'a secret of thirty-two characters';
    const sign = (exp: number): Promise<string> =>
      new SignJWT({ exp, cameras: ['yard'] }).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
    const { url, view } = await start({ access: new Access({ viewerTokens, jwt: { secret }, log: silentLogger }) });
    view.cameraList = [cameraInfo(), cameraInfo({ id: 'yard' })];
    const now = Date.now() / 1000;
    const reply = await ask(`${url}/api/cameras`, { authorization: `Bearer ${await sign(now + 60)}` });
    expect((JSON.parse(reply.body) as CamerasAnswer).cameras.map(({ id }) => id)).toEqual(['yard']);
    expect((await ask(`${url}/api/cameras`, { authorization: `Bearer ${await sign(now - 60)}` })).status).toBe(401);
    expect((await ask(`${url}/api/cameras`, { authorization: 'Bearer open-sesame' })).status).toBe(200);
  });

  it('of a device opens nothing', async () => {
    const access = new Access({ viewerTokens, log: silentLogger });
    access.addDevice('camera-token', 'yard');
    const { url } = await start({ access });
    expect((await ask(`${url}/api/cameras`, { authorization: 'Bearer camera-token' })).status).toBe(401);
  });

  it('must be configured to listen beyond loopback, and TLS too', async () => {
    const listen = { host: '0.0.0.0', port: 0 };
    const tls = certificateOfTest();
    const unprotected = { code: 'http.unprotected', advice: expect.stringContaining('http.tls') as string };
    await expect(start({ listen })).rejects.toMatchObject(unprotected);
    await expect(start({ listen, tls })).rejects.toMatchObject(unprotected);
    await expect(start({ listen, viewerTokens })).rejects.toMatchObject(unprotected);
  });
});
