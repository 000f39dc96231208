import { once } from 'node:events';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { GatewayError } from '../../../src/base/errors.ts';
import type { CameraOptions } from '../../../src/camera/camera.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
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

/** Notes when TCP connections are begun; gives the list, which grows, of those to a port. */
function watchConnects(): (port: number) => number[] {
  const times = new Map<unknown, number[]>();
  const of = (port: unknown): number[] => {
    const found = times.get(port) ?? [];
    times.set(port, found);
    return found;
  };
  const connect = Reflect.get(Socket.prototype, 'connect') as (...parameters: unknown[]) => Socket;
  const spy = vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket, ...parameters: unknown[]) {
    const [options] = parameters.flat() as [{ port?: unknown } | undefined];
    of(Number(options?.port)).push(performance.now());
    return Reflect.apply(connect, this, parameters);
  });
  onTestFinished(() => spy.mockRestore());
  return of;
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

it('the cameras of a gateway neither connect nor register at the same moment', async () => {
  const times: Record<'onvif' | 'signaling' | 'rtsp', number[]> = { onvif: [], signaling: [], rtsp: [] };
  const tcp = createServer((socket) => socket.destroy()).listen(0);
  const ws = new WebSocketServer({ port: 0, host: '127.0.0.1' }).on('connection', (socket) => socket.close());
  await Promise.all([once(tcp, 'listening'), once(ws, 'listening')]);
  onTestFinished(() => void [tcp.close(), ws.close()]);
  const port = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;
  // When they begin: a server in the same thread, where that is busy, sees what came one after the other at once.
  const begun = watchConnects();
  const onvif = (index: number): CameraOptions => ({
    ...{ id: `onvif-${index}`, name: 'ONVIF', onvif: { host: `192.0.2.${index}`, port: 80 } },
    connect: () => {
      times.onvif.push(performance.now());
      return Promise.reject(new GatewayError('camera.unreachable', 'It is away.'));
    },
  });
  // Each by an address of its own, as on a real site.
  const rtsp = (index: number): CameraOptions => ({
    ...{ id: `rtsp-${index}`, name: 'RTSP', rtsp: { main: `rtsp://127.0.0.${index}:${port(tcp)}/` } },
  });
  const numbers = [1, 2, 3, 4, 5, 6];
  await site([...numbers.map(onvif), ...numbers.map(rtsp)], {
    media: { ...DEFAULT_MEDIA_SETTINGS, pull: 'always' },
    signaling: { server: `ws://127.0.0.1:${port(ws)}/` },
  });
  times.rtsp = begun(port(tcp));
  times.signaling = begun(port(ws));
  await vi.waitFor(() => expect(Object.values(times).map(({ length }) => length >= 12)).toEqual([true, true, true]), WAIT);
  // Who is busy begins a little after its turn, and takes what came meanwhile in one go: seldom.
  for (const taken of Object.values(times)) {
    const together = taken.slice(1).filter((at, index) => at - (taken[index] ?? 0) < 12);
    expect(together.length).toBeLessThan(taken.length / 3);
  }
});
