import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Access } from '../../../src/access/access.ts';
import type { SessionsAnswer } from '../../../src/base/api.ts';
import { GatewayError } from '../../../src/base/errors.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { HttpServer } from '../../../src/http/server.ts';
import { ask, PAGE, raw, start, startBeyondLoopback } from './fixture.ts';
import { cameraInfo, sessionInfo, StubView } from './stub-view.ts';

describe('health and readiness', () => {
  it('says that the process is alive even when it is not ready', async () => {
    const { url, view } = await start();
    view.readiness = { ready: false, reasons: ['Not yet.'] };
    const reply = await ask(`${url}/healthz`);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body)).toEqual({ status: 'ok' });
  });

  it('answers 503 with the reasons until ready, then 200', async () => {
    const { url, view } = await start();
    view.readiness = { ready: false, reasons: ['1 of 2 cameras has not registered.'] };
    const before = await ask(`${url}/readyz`);
    view.readiness = { ready: true, reasons: [] };
    const after = await ask(`${url}/readyz`);
    expect([before.status, after.status]).toEqual([503, 200]);
    expect(JSON.parse(before.body)).toEqual({ ready: false, reasons: ['1 of 2 cameras has not registered.'] });
  });
});

describe('API', () => {
  it('gives the cameras with the clock of the gateway and where to connect', async () => {
    const { url, view } = await start();
    view.cameraList = [cameraInfo()];
    const before = Date.now();
    const reply = await ask(`${url}/api/cameras`);
    const answer = JSON.parse(reply.body) as { now: number };
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(answer).toEqual({ now: expect.any(Number), signaling: '/signaling', cameras: [cameraInfo()] });
    expect(answer.now).toBeGreaterThanOrEqual(before);
    expect(answer.now).toBeLessThanOrEqual(Date.now());
  });

  it('gives what discovery found, where there is discovery, and only to who may see everything', async () => {
    const viewerTokens = [{ token: 'all' }, { token: 'one-camera', cameras: ['yard'] }];
    const { url, view } = await start({ viewerTokens });
    const answerTo = async (token: string): Promise<object> =>
      JSON.parse((await ask(`${url}/api/cameras`, { authorization: `Bearer ${token}` })).body) as object;
    view.foundDevices = [];
    expect(await answerTo('all')).toMatchObject({ found: [] });
    expect(await answerTo('one-camera')).not.toHaveProperty('found');
    view.foundDevices = undefined;
    expect(await answerTo('all')).not.toHaveProperty('found');
  });

  it('gives the sessions', async () => {
    const { url } = await start();
    expect(JSON.parse((await ask(`${url}/api/sessions`)).body)).toEqual({ sessions: [] });
  });

  it('gives those sessions alone whose SSRC is asked for', async () => {
    const { url, view } = await start();
    view.sessionList = [1, 2, 3].map((videoSsrc) => sessionInfo({ videoSsrc }));
    const given = async (query: string): Promise<number[]> => {
      const { sessions } = JSON.parse((await ask(`${url}/api/sessions?${query}`)).body) as SessionsAnswer;
      return sessions.map(({ videoSsrc }) => videoSsrc);
    };
    expect(await given('videoSsrc=3&videoSsrc=1')).toEqual([1, 3]);
    expect(await given('videoSsrc=4')).toEqual([]);
    expect(await given('')).toEqual([1, 2, 3]);
    expect(await given('videoSsrc=4294967295')).toEqual([]);
    for (const wrong of ['', '-1', '1.5', 'x', '1,2', '4294967296']) {
      const reply = await ask(`${url}/api/sessions?videoSsrc=1&videoSsrc=${wrong}`);
      expect([reply.status, JSON.parse(reply.body)]).toMatchObject([400, { error: { code: 'http.video_ssrc' } }]);
    }
  });

  it('answers 404 as JSON for an unknown path', async () => {
    const { url } = await start();
    const reply = await ask(`${url}/api/nothing`);
    expect(reply.status).toBe(404);
    expect(JSON.parse(reply.body)).toMatchObject({ error: { code: 'http.not_found' } });
  });

  it('answers 500 without inner details when the gateway fails', async () => {
    const { url, view } = await start();
    view.sessions = () => {
      throw new Error('rtsp://admin:secret@camera');
    };
    const reply = await ask(`${url}/api/sessions`);
    expect(reply.status).toBe(500);
    expect(reply.body).not.toContain('secret');
  });
});

describe('page', () => {
  it('is served with headers that let nothing foreign run and no address leak', async () => {
    const { url } = await start();
    const { headers, body } = await ask(`${url}/?token=secret`);
    expect(body).toBe('<!doctype html>');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(headers['content-security-policy']).toContain("frame-ancestors 'self'");
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers['permissions-policy']).toContain('microphone=(self), camera=()');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['cache-control']).toBe('no-cache');
  });

  it('lets browsers keep files whose name carries a hash', async () => {
    const { url } = await start();
    expect((await ask(`${url}/assets/main-1a2b.js`)).headers['cache-control']).toContain('immutable');
  });

  it('serves nothing but its own files', async () => {
    const { url, port } = await start();
    expect((await ask(`${url}/package.json`)).status).toBe(404);
    expect(await raw(port, 'GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1.1 404/,
    );
  });

  it('is loaded again after a failure', async () => {
    let attempts = 0;
    const { url } = await start({
      loadPage: () => (++attempts === 1 ? Promise.reject(new GatewayError('http.page_missing', 'Gone.')) : Promise.resolve(PAGE)),
    });
    expect((await ask(url)).status).toBe(200);
  });
});

describe('methods', () => {
  it('answers HEAD with the headers of GET and no body', async () => {
    const { url } = await start();
    const reply = await ask(url, {}, 'HEAD');
    expect([reply.status, reply.body, reply.headers['content-length']]).toEqual([200, '', '15']);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('refuses %s', async (method) => {
    const { url } = await start();
    const reply = await ask(`${url}/api/cameras`, {}, method);
    expect([reply.status, reply.headers.allow]).toEqual([405, 'GET, HEAD']);
  });
});

describe('DNS rebinding', () => {
  it.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', 'localhost@evil.example', '192.0.2.1'])(
    'refuses the host %j on loopback',
    async (host) => {
      const { url } = await start();
      expect((await ask(`${url}/api/cameras`, { host })).status).toBe(421);
    },
  );

  it.each(['localhost', 'LOCALHOST:8080', '127.0.0.1:1', '127.1.2.3', '[::1]:8080', 'gateway.localhost'])(
    'lets the host %j in',
    async (host) => {
      const { url } = await start();
      expect((await ask(`${url}/api/cameras`, { host })).status).toBe(200);
    },
  );

  it('refuses an empty host', async () => {
    const { port } = await start();
    expect(await raw(port, 'GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 421/);
  });

  it('holds for WebSocket handshakes too', async () => {
    const { port } = await start({ signalingUpgrade: (_request, socket) => socket.end('taken') });
    const handshake = (host: string): string =>
      `GET /signaling HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    expect(await raw(port, handshake('evil.example'))).toMatch(/^HTTP\/1.1 421/);
    expect(await raw(port, handshake(`localhost:${port}`))).toBe('taken');
  });

  it('lets any host in beyond loopback, where the token protects', async () => {
    const { url } = await startBeyondLoopback([{ token: 't' }]);
    expect((await ask(`${url}/healthz`, { host: 'nvr.example' })).status).toBe(200);
  });
});

describe('bounds', () => {
  it('refuses headers beyond 8 KB', async () => {
    const { port } = await start();
    const text = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(9000)}\r\n\r\n`;
    expect(await raw(port, text)).toMatch(/^HTTP\/1.1 431/);
  });

  it('refuses a WebSocket at another path, and at /signaling when no signaling server is here', async () => {
    const { port } = await start();
    for (const path of ['/other', '/signaling']) {
      const text = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
      expect(await raw(port, text)).toMatch(/^HTTP\/1.1 404/);
    }
  });

  it('survives a WebSocket client that resets the connection', async () => {
    const upgraded = Promise.withResolvers<void>();
    const { url, port } = await start({ signalingUpgrade: () => upgraded.resolve() });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /signaling HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await upgraded.promise;
    socket.resetAndDestroy();
    expect((await ask(`${url}/healthz`)).status).toBe(200);
  });
});

describe('start and close', () => {
  it('names the place when the port is taken', async () => {
    const { port } = await start();
    await expect(start({ listen: { host: '127.0.0.1', port } })).rejects.toMatchObject({
      code: 'http.listen',
      message: `Another program already listens on 127.0.0.1:${port}.`,
    });
  });

  it('ends idle connections and WebSockets at close, which may be called twice', async () => {
    const upgraded = Promise.withResolvers<void>();
    const { url, port, server } = await start({ signalingUpgrade: () => upgraded.resolve() });
    const idle = connect(port, '127.0.0.1');
    const webSocket = connect(port, '127.0.0.1');
    webSocket.write('GET /signaling HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await Promise.all([once(idle, 'connect'), upgraded.promise]);
    const ended = [idle, webSocket].map((socket: Socket) => once(socket.resume(), 'close'));
    await Promise.all([server.close(), server.close()]);
    await Promise.all(ended);
    const refused = get(`${url}/healthz`);
    const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNREFUSED');
  });

  it('can be closed without having started', async () => {
    const server = new HttpServer({
      listen: { host: '127.0.0.1', port: 0 },
      view: new StubView(),
      log: silentLogger,
      access: new Access({ viewerTokens: [], log: silentLogger }),
    });
    await expect(server.close()).resolves.toBeUndefined();
  });
});
