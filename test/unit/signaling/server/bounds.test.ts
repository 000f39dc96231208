import { connect } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Site } from '../fixture.ts';

/* What one peer may take of the server, so that it is there for the others. */

let site: Site;

afterEach(async () => {
  vi.useRealTimers();
  await site.close();
});

describe('a peer that takes too much', () => {
  it('does not fill the server with sockets that never register', async () => {
    site = await new Site({ limits: { unregisteredPerAddress: 2 } }).listen();
    const viewer = await site.peer('viewer');
    const [first, second, third] = [await site.peer(null), await site.peer(null), await site.peer(null)];
    await vi.waitFor(() => expect(first.closeCode).toBe(1006));
    expect(site.server.stats).toMatchObject({ connections: 3, refusedConnections: 1 });
    await second.request('register', { authorization: 'viewer' });
    // Whoever comes now is one of two again, and those who registered stay.
    await site.peer(null);
    await third.request('register', { authorization: 'viewer' });
    await expect(viewer.request('connect', { peer: 'nowhere' })).rejects.toThrow('480');
    expect(site.server.stats).toMatchObject({ connections: 4, clients: 3, refusedConnections: 1 });
  });

  it('keeps nobody out who comes from the same address, as behind a reverse proxy', async () => {
    site = await new Site({ limits: { unregisteredPerAddress: 8 } }).listen();
    await Promise.all(Array.from({ length: 24 }, () => site.peer(null).catch(() => undefined)));
    await vi.waitFor(() => expect(site.server.stats.connections).toBe(8));
    await site.peer('yard-device');
    await site.peer('viewer');
    expect(site.server.stats).toMatchObject({ connections: 9, devices: 1, clients: 1 });
  });

  it.each([
    ['without the subprotocol', '', {}, '400'],
    ['beyond the limit', 'Sec-WebSocket-Protocol: webrtc.onvif.org\r\n', { connections: 0 }, '503'],
  ])('keeps no socket by a handshake %s that it leaves half open', async (_what, header, limits, status) => {
    site = await new Site({ limits }).listen();
    const socket = connect({ port: site.port, host: '127.0.0.1', allowHalfOpen: true });
    const heard: Buffer[] = [];
    socket.on('error', () => {}).on('data', (data: Buffer) => heard.push(data));
    socket.write(
      `GET /signaling HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${header}` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await vi.waitFor(() => expect(Buffer.concat(heard).toString()).toContain(`HTTP/1.1 ${status} `));
    await vi.waitFor(async () => expect(await site.openSockets()).toBe(0));
    socket.destroy();
  });

  it('is cut off some time after it unregistered', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    site = await new Site({ limits: { registerTimeoutMs: 60_000 } }).listen();
    const peer = await site.peer('viewer');
    vi.advanceTimersByTime(60_000);
    await peer.request('unregister');
    vi.advanceTimersByTime(60_000);
    await expect(peer.closed()).resolves.toBe(1008);
  });

  it('may not try tokens for ever', async () => {
    site = await new Site({ limits: { refusedTokens: 3 } }).listen();
    const peer = await site.peer('viewer');
    for (let attempt = 1; attempt <= 4; attempt += 1)
      await expect(peer.request('connect', { peer: 'yard', authorization: `guess-${attempt}` })).rejects.toThrow('401');
    await expect(peer.closed()).resolves.toBe(1008);
  });

  it('is cut off when it does not read what others send it', async () => {
    site = await new Site({ limits: { framesPerSecond: 10_000 } }).listen();
    const [device, client] = [await site.peer('yard-device'), await site.peer('viewer')];
    const opening = client.request('connect', { peer: 'yard' });
    device.respond((await device.call('connect'))['id'], {});
    const { session } = (await opening) as { session: string };
    device.socket.pause();
    const candidate = { candidate: `candidate:${'x'.repeat(100_000)}` };
    // Beyond what the system buffers on loopback there is one megabyte at the server.
    const flood = setInterval(() => client.notify('trickle', { session, candidate }), 1);
    await vi.waitFor(() => expect(site.server.stats.devices).toBe(0), { timeout: 20_000 });
    clearInterval(flood);
    const notice = await client.frame((frame) => frame['error'] !== undefined);
    expect(notice).toMatchObject({ error: { code: 1002, session } });
  });

  it('cannot take its place back by the connection that it left for another', async () => {
    site = await new Site().listen();
    const before = await site.peer('yard-device');
    // It does not see that it was closed, and is cut off a second later.
    before.socket.pause();
    const after = await site.peer('yard-device');
    before.send({ jsonrpc: '2.0', id: 7, method: 'register', params: {} });
    await vi.waitFor(() => expect(site.server.stats).toMatchObject({ devices: 1, connections: 1 }), { timeout: 5000 });
    await expect(after.request('register')).rejects.toThrow('400 Registered already');
  });

  it('is no camera with many viewers: it may send for each of them what a peer may', async () => {
    site = await new Site({ limits: { framesPerSecond: 5 } }).listen();
    const device = await site.peer('yard-device');
    device.socket.on('message', (data: Buffer) => {
      const { id, method, params } = JSON.parse(data.toString()) as { id: number; method: string; params: { session: string } };
      if (method !== 'connect') return;
      device.respond(id, {});
      for (let index = 0; index < 12; index += 1) device.notify('trickle', { session: params.session, candidate: {} });
    });
    const viewers = await Promise.all(Array.from({ length: 8 }, () => site.peer('viewer')));
    await Promise.all(viewers.map((viewer) => viewer.request('connect', { peer: 'yard' })));
    for (const viewer of viewers) {
      await vi.waitFor(() => expect(viewer.frames.filter(({ method }) => method === 'trickle')).toHaveLength(12));
    }
    expect(site.server.stats).toMatchObject({ devices: 1, sessions: 8 });
    for (let index = 0; index < 200; index += 1) device.notify('trickle', { session: 'none', candidate: {} });
    await expect(device.closed()).resolves.toBe(1008);
  });
});
