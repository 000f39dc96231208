import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WAIT } from '../peer/webrtc/loopback-viewer.ts';
import { startSite, type Site } from '../../support/site.ts';

const CAMERA = { id: 'yard', name: 'Yard', rtsp: { main: 'rtsp://127.0.0.1:9/1' } };

async function site(...parameters: Parameters<typeof startSite>): Promise<Site> {
  const started = await startSite(...parameters);
  onTestFinished(() => started.close());
  return started;
}

/** A port of loopback where nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

it('a gateway is ready once its cameras are registered, and not while it ends', async () => {
  const { gateway } = await site([CAMERA, { ...CAMERA, id: 'gate' }]);
  await vi.waitFor(() => expect(gateway.ready()).toEqual({ ready: true, reasons: [] }), WAIT);
  expect(gateway.cameras().map(({ id, signaling }) => [id, signaling.state])).toEqual([
    ['yard', 'registered'],
    ['gate', 'registered'],
  ]);
  const closed = gateway.close();
  expect(gateway.ready().ready).toBe(false);
  await closed;
});

it('a gateway whose signaling server is away says how many cameras wait for it', async () => {
  const server = `ws://127.0.0.1:${await closedPort()}/`;
  const { gateway } = await site([CAMERA], { signaling: { server } });
  expect(gateway.ready()).toEqual({ ready: false, reasons: [expect.stringContaining('1 of 1 cameras') as unknown] });
  expect(gateway.signaling()).toBe(server);
});

it('a gateway without cameras is ready', async () => {
  const { gateway } = await site([]);
  expect(gateway.ready()).toEqual({ ready: true, reasons: [] });
  expect([gateway.cameras(), gateway.sessions()]).toEqual([[], []]);
});

it('a closed gateway listens no more, says so, and may be closed again', async () => {
  const { gateway, url } = await site([CAMERA]);
  await vi.waitFor(() => expect(gateway.ready().ready).toBe(true), WAIT);
  await Promise.all([gateway.close(), gateway.close()]);
  expect(gateway.ready()).toEqual({ ready: false, reasons: ['The gateway is shutting down.'] });
  await expect(fetch(url)).rejects.toThrow('fetch failed');
  expect(await gateway.mediaStats()).toMatchObject({ streams: [], sessions: [] });
});
