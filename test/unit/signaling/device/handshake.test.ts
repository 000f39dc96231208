import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocketServer } from 'ws';
import { fixedToken } from '../../../../src/signaling/device/token/token-source.ts';
import { failureOf, listen, register, expectRegistered } from './registration-bench.ts';

const TOKEN = 'a+b/c=~.-_';

/** A server that takes any device. What its handshake said is kept. */
async function server(): Promise<{
  url: string;
  handshakes: { path: string; headers: IncomingHttpHeaders; register: unknown }[];
}> {
  const handshakes: { path: string; headers: IncomingHttpHeaders; register: unknown }[] = [];
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket, { url = '', headers }) => {
    socket.on('message', (data: Buffer) => {
      const { id, method, params } = JSON.parse(data.toString()) as Record<string, unknown>;
      if (method === 'register') handshakes.push({ path: url, headers, register: params });
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: method === 'register' ? { id: 'cam-7' } : null }));
    });
  });
  return { url: `ws://127.0.0.1:${await listen(http)}`, handshakes };
}

/** What is said of a server that answers each request of HTTP so. */
async function saidOf(status: number, headers: Record<string, string> = {}): Promise<unknown> {
  const http = createServer((_request, response) => response.writeHead(status, headers).end('no'));
  http.on('upgrade', (_request, socket) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.end(`HTTP/1.1 ${status} Said\r\n${lines.join('')}Content-Length: 2\r\n\r\nno`);
  });
  return await failureOf({ server: `ws://127.0.0.1:${await listen(http)}/onvif?key=hunter2`, tokens: fixedToken('hunter2') });
}

describe('the token', () => {
  it('is shown by the header Authorization, and by register', async () => {
    const { url, handshakes } = await server();
    await expectRegistered(register({ server: `${url}/onvif?site=1`, tokens: fixedToken(TOKEN) }));
    expect(handshakes).toMatchObject([
      {
        path: '/onvif?site=1',
        headers: { authorization: `Bearer ${TOKEN}`, 'sec-websocket-protocol': 'webrtc.onvif.org' },
        register: { authorization: TOKEN, name: 'Front door', capabilities: ['subProtocols', 'extend'] },
      },
    ]);
  });

  it.each([
    ['/onvif?site=1&x=a%20b', '/onvif?site=1&x=a%20b&access_token='],
    ['/onvif', '/onvif?access_token='],
    ['', '/?access_token='],
  ])('is shown by the query of %s, then not by the header', async (path, expected) => {
    const { url, handshakes } = await server();
    await expectRegistered(register({ server: `${url}${path}`, tokens: fixedToken(TOKEN), authorization: 'query' }));
    const [handshake] = handshakes;
    expect(handshake?.path).toBe(`${expected}a%2Bb%2Fc%3D~.-_`);
    expect(handshake?.headers.authorization).toBeUndefined();
    expect(handshake?.headers['cache-control']).toBe('no-store');
    expect(handshake?.register).toMatchObject({ authorization: TOKEN });
  });

  it('is left out everywhere where there is none', async () => {
    const { url, handshakes } = await server();
    await expectRegistered(register({ server: url, authorization: 'query' }));
    expect(handshakes[0]).toMatchObject({ path: '/', register: { name: 'Front door' } });
    expect(handshakes[0]?.headers.authorization).toBeUndefined();
    expect(handshakes[0]?.register).not.toHaveProperty('authorization');
  });

  it('stands in no reason', async () => {
    const options = { tokens: fixedToken('hunter2'), authorization: 'query' } as const;
    expect(JSON.stringify(await failureOf({ server: 'ws://127.0.0.1:9/x?key=hunter2', ...options }))).not.toContain('hunter2');
    expect(JSON.stringify(await failureOf({ server: 'http://127.0.0.1:9/x?key=hunter2', ...options }))).not.toContain('hunter2');
  });
});

describe('the subprotocol', () => {
  it.each([
    ['none', false],
    ['another', 'chat'],
  ] as const)('must be agreed to: %s is refused', async (_what, chosen) => {
    const http = createServer();
    const sockets = new WebSocketServer({ server: http, handleProtocols: () => chosen });
    let messages = 0;
    sockets.on('connection', (socket) => socket.on('message', () => (messages += 1)));
    const url = `ws://127.0.0.1:${await listen(http)}/chat`;
    await expect(failureOf({ server: url, tokens: fixedToken('hunter2') })).resolves.toEqual({
      code: 'signaling.subprotocol',
      message: `The signaling server ${url} does not speak webrtc.onvif.org.`,
      advice: 'Check the path of signaling.server.',
    });
    expect(messages).toBe(0);
  });
});

describe('an answer by HTTP in place of a WebSocket', () => {
  it.each([
    [401, 'signaling.unauthorized', 'refused the token (HTTP 401)'],
    [403, 'signaling.forbidden', 'does not let this camera register (HTTP 403)'],
    [404, 'signaling.refused', 'answered with HTTP 404 instead of a WebSocket'],
    [503, 'signaling.refused', 'answered with HTTP 503 instead of a WebSocket'],
  ])('%i is said', async (status, code, message) => {
    const said = await saidOf(status);
    expect(said).toMatchObject({ code, message: expect.stringContaining(message) as string });
    expect(JSON.stringify(said)).not.toContain('hunter2');
  });

  it('a redirect is not followed, also not on the same host, and where to is said', async () => {
    const other = await server();
    const target = other.url.replace('ws', 'http');
    await expect(saidOf(302, { Location: `${target}/elsewhere?key=hunter2` })).resolves.toMatchObject({
      code: 'signaling.redirected',
      message: expect.stringContaining(`redirects to ${target}/elsewhere?key=*** (HTTP 302).`) as string,
      advice: 'The token is for the configured server only; where the other is right, write it as signaling.server.',
    });
    await expect(saidOf(308, { Location: '/other' })).resolves.toMatchObject({
      code: 'signaling.redirected',
      message: expect.stringMatching(/redirects to http:\/\/127\.0\.0\.1:\d+\/other \(HTTP 308\)/) as string,
    });
    await expect(saidOf(301)).resolves.toMatchObject({ code: 'signaling.redirected' });
    expect(other.handshakes).toEqual([]);
  });
});

describe('a server that is none', () => {
  it.each([
    ['bytes of something else', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a key that does not fit', 'HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n'],
    ['another upgrade', 'HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n'],
  ])('is named: %s', async (_what, bytes) => {
    const port = await listen(createTcpServer((socket) => void socket.end(bytes)));
    await expect(failureOf({ server: `ws://127.0.0.1:${port}/x` })).resolves.toEqual({
      code: 'signaling.refused',
      message: `The signaling server ws://127.0.0.1:${port}/x did not answer as a WebSocket server does.`,
      advice: 'Check the path of signaling.server.',
    });
  });

  it('that hangs up is tried again', async () => {
    let connections = 0;
    const port = await listen(
      createTcpServer((socket) => {
        connections += 1;
        socket.destroy();
      }),
    );
    await expect(failureOf({ server: `ws://127.0.0.1:${port}` })).resolves.toMatchObject({ code: 'signaling.unreachable' });
    await expect.poll(() => connections).toBeGreaterThan(3);
  });

  it.each([
    ['says nothing', () => {}],
    [
      'says a byte now and then',
      (say: (text: string) => void) => {
        say('HTTP/1.1 101 Switching Protocols\r\nX: ');
        const timer = setInterval(() => say('x'), 5);
        onTestFinished(() => clearInterval(timer));
      },
    ],
  ])('takes the connection and %s: it is given up in time', async (_what, talk) => {
    const port = await listen(createTcpServer((socket) => talk((text) => void socket.write(text))));
    await expect(failureOf({ server: `ws://127.0.0.1:${port}`, timeoutMs: 60 })).resolves.toEqual({
      code: 'signaling.silent',
      message: `The signaling server ws://127.0.0.1:${port}/ did not answer the WebSocket handshake within 0.06 s.`,
      advice: 'Check that this is a signaling server; it is tried again.',
    });
  });
});
