import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { silentLogger } from '../../../../src/base/log.ts';
import {
  type DeviceSignalingState,
  SignalingDevice,
  type SignalingDeviceOptions,
} from '../../../../src/signaling/device/device.ts';
import { fixedToken } from '../../../../src/signaling/device/token/token-source.ts';
import { FakeHost, Site, registered } from '../fixture.ts';
import { ScriptedServer } from './scripted-server.ts';

describe('the device at a server of another vendor', () => {
  let server: ScriptedServer;
  let host: FakeHost;
  let device: SignalingDevice;

  function start(options: Partial<SignalingDeviceOptions> = {}): void {
    host = new FakeHost();
    device = new SignalingDevice({
      server: server.url,
      tokens: fixedToken('secret'),
      name: 'Front door',
      host,
      log: silentLogger,
      retry: { firstMs: 5, maxMs: 20 },
      ...options,
    });
    device.start();
  }

  beforeEach(async () => {
    server = await new ScriptedServer().listening();
  });

  afterEach(async () => {
    await device.close();
    server.close();
  });

  it('registers at once, with the token in header and request', async () => {
    start();
    await registered(device);
    expect(server.headers).toEqual(['Bearer secret']);
    expect(server.messages).toMatchObject([
      {
        jsonrpc: '2.0',
        method: 'register',
        params: { authorization: 'secret', name: 'Front door', capabilities: ['subProtocols', 'extend'] },
      },
    ]);
    expect(device.state).toEqual({ state: 'registered', peer: 'cam-7', reason: null });
  });

  it('unregisters on close', async () => {
    start();
    await registered(device);
    await device.close();
    expect(server.messages.map(({ method }) => method)).toEqual(['register', 'unregister']);
    expect(server.connections).toBe(1);
    expect(device.state).toMatchObject({ state: 'failed', peer: null, reason: { code: 'signaling.closed' } });
  });

  it('comes back after each loss, with a token asked for anew', async () => {
    let asked = 0;
    start({ tokens: { ...fixedToken(undefined), current: () => `token-${(asked += 1)}` } });
    await registered(device);
    server.drop();
    await vi.waitFor(() => expect(server.headers).toEqual(['Bearer token-1', 'Bearer token-2']));
    await registered(device);
  });

  it('finds out that the server is gone without a word, and comes back', async () => {
    start({ pingIntervalMs: 10 });
    await vi.waitFor(() => expect(server.connections).toBeGreaterThan(1));
  });

  it('keeps trying when it is refused, and says why', async () => {
    server.registration = { error: { code: 401, message: 'token expired: secret' } };
    const states: DeviceSignalingState[] = [];
    start({ onState: (state) => states.push(state) });
    await vi.waitFor(() => expect(server.connections).toBeGreaterThan(2));
    expect(device.state).toMatchObject({ state: 'failed', peer: null, reason: { code: 'signaling.unauthorized' } });
    expect(JSON.stringify(states)).not.toContain('secret');
    server.registration = { result: { id: 'cam-7' } };
    await registered(device);
  });

  it('does not take a registration without an id', async () => {
    server.registration = { result: {} };
    start();
    await vi.waitFor(() => expect(device.state).toMatchObject({ state: 'failed', reason: { code: 'signaling.register' } }));
  });
});

describe('a server that cannot be used is named with its cause', () => {
  async function reasonFor(url: string): Promise<unknown> {
    const device = new SignalingDevice({
      server: url,
      name: 'x',
      host: new FakeHost(),
      log: silentLogger,
      retry: { firstMs: 5, maxMs: 5 },
    });
    device.start();
    try {
      return await vi.waitFor(() => {
        if (device.state.state !== 'failed') throw new Error(device.state.state);
        return device.state.reason;
      });
    } finally {
      await device.close();
    }
  }

  it('nobody listens', async () => {
    const site = await new Site().listen();
    const { port } = site;
    await site.close();
    await expect(reasonFor(`ws://user:hunter2@127.0.0.1:${port}/x?access_token=hunter2`)).resolves.toEqual({
      code: 'signaling.unreachable',
      message: `The signaling server ws://***@127.0.0.1:${port}/x?access_token=*** cannot be reached (ECONNREFUSED).`,
      advice: 'Check its address and the network; it is tried again.',
    });
  });

  it('no URL of a WebSocket', async () => {
    await expect(reasonFor('https://example.com')).resolves.toMatchObject({ code: 'signaling.url' });
    await expect(reasonFor('nonsense')).resolves.toMatchObject({ code: 'signaling.url' });
  });

  it('another subprotocol', async () => {
    const other = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => false });
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(reasonFor(`ws://127.0.0.1:${port}`)).resolves.toMatchObject({ code: 'signaling.subprotocol' });
    other.close();
  });

  it.each([
    [401, 'signaling.unauthorized'],
    [404, 'signaling.refused'],
  ])('HTTP %i', async (status, code) => {
    const server = new WebSocketServer({
      port: 0,
      host: '127.0.0.1',
      verifyClient: (_info: unknown, decide: (accept: boolean, status: number) => void) => decide(false, status),
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(reasonFor(`ws://127.0.0.1:${port}`)).resolves.toMatchObject({ code });
    server.close();
  });
});
