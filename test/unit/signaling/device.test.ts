import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { silentLogger } from '../../../src/base/log.ts';
import { type DeviceSignalingState, SignalingDevice, type SignalingDeviceOptions } from '../../../src/signaling/device.ts';
import { FakeHost, type Message, Site, registered } from './fixture.ts';

/** Any other vendor's signaling server: a bare socket and what came in. */
class ScriptedServer {
  readonly messages: Message[] = [];
  readonly headers: (string | undefined)[] = [];
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
  #socket: WebSocket | undefined;
  connections = 0;
  /** What register is answered with. */
  registration: Message = { result: { id: 'cam-7' } };

  constructor() {
    this.#server.on('connection', (socket, request) => {
      this.#socket = socket;
      this.connections += 1;
      this.headers.push(request.headers.authorization);
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Message;
        this.messages.push(message);
        if (message['method'] === 'unregister') this.send({ id: message['id'], result: null });
        if (message['method'] === 'register') this.send({ id: message['id'], ...this.registration });
      });
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/onvif?site=1`;
  }

  async listening(): Promise<this> {
    await once(this.#server, 'listening');
    return this;
  }

  send(message: Message): void {
    this.#socket?.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  }

  drop(): void {
    this.#socket?.terminate();
  }

  async message(wanted: (message: Message) => boolean): Promise<Message> {
    return vi.waitFor(() => {
      const found = this.messages.find(wanted);
      if (found === undefined) throw new Error(`not among ${JSON.stringify(this.messages)}`);
      return found;
    });
  }

  close(): void {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }
}

describe('the device at a server of another vendor', () => {
  let server: ScriptedServer;
  let host: FakeHost;
  let device: SignalingDevice;

  function start(options: Partial<SignalingDeviceOptions> = {}): void {
    host = new FakeHost();
    device = new SignalingDevice({
      server: server.url,
      token: () => 'secret',
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

  it('answers connect with the registered capabilities before it invites, however soon the host offers', async () => {
    start();
    await registered(device);
    host.onOpen = (session) => {
      void session.invite('offer', ['vnd.onvif.metadata+gzip']);
      session.toPeer.trickle({ candidate: 'candidate:1' });
    };
    server.send({
      id: 'c-1',
      method: 'connect',
      params: { session: 's1', profile: 'main', iceServers: [{ urls: 'stun:1.2.3.4' }] },
    });
    await server.message(({ method }) => method === 'trickle');
    expect(server.messages.slice(1)).toMatchObject([
      { id: 'c-1', result: { capabilities: ['subProtocols', 'extend'] } },
      { method: 'invite', params: { session: 's1', offer: 'offer', subprotocols: ['vnd.onvif.metadata+gzip'] } },
      { method: 'trickle', params: { session: 's1', candidate: { candidate: 'candidate:1' } } },
    ]);
    expect(host.sessions[0]?.request).toEqual({ session: 's1', profile: 'main', iceServers: [{ urls: ['stun:1.2.3.4'] }] });
  });

  it('takes candidates before the answer, which other servers may send first', async () => {
    start();
    await registered(device);
    host.onOpen = (session) => void session.invite('offer');
    server.send({ id: 1, method: 'connect', params: { session: 's1' } });
    server.send({ method: 'trickle', params: { session: 's1', candidate: { candidate: 'candidate:a', sdpMid: '0' } } });
    const invite = await server.message(({ method }) => method === 'invite');
    server.send({ id: invite['id'], result: { answer: 'answer' } });
    const session = await host.first();
    await vi.waitFor(() => expect(session.answer).toEqual({ answer: 'answer', subprotocols: [] }));
    expect(session.candidates).toEqual([{ candidate: 'candidate:a', sdpMid: '0' }]);
  });

  it.each([[{}], ['answer'], [null], [{ answer: 5 }]])('calls an answer to invite that is none 400: %j', async (result) => {
    start();
    await registered(device);
    host.onOpen = (session) => void session.invite('offer');
    server.send({ id: 1, method: 'connect', params: { session: 's1' } });
    const invite = await server.message(({ method }) => method === 'invite');
    server.send({ id: invite['id'], result });
    const session = await host.first();
    await vi.waitFor(() => expect(session.failure).toMatchObject({ code: 400 }));
  });

  it('takes extend from the server, and refuses it and connect for a wrong session', async () => {
    start();
    await registered(device);
    server.send({ id: 1, method: 'connect', params: { session: 's1', expiryTimeSeconds: 60 } });
    server.send({ id: 2, method: 'extend', params: { session: 's1', expiryTimeSeconds: 600 } });
    server.send({ id: 3, method: 'extend', params: { session: 'other', expiryTimeSeconds: 600 } });
    server.send({ id: 4, method: 'connect', params: { session: 's1' } });
    server.send({ id: 5, method: 'connect', params: {} });
    await vi.waitFor(() => expect(server.messages).toHaveLength(6));
    const answers = server.messages.slice(1).toSorted((left, right) => Number(left['id']) - Number(right['id']));
    expect(answers).toMatchObject([
      { id: 1, result: {} },
      { id: 2, result: { expiryTimeSeconds: 600 } },
      { id: 3, error: { code: 400 } },
      { id: 4, error: { code: 400 } },
      { id: 5, error: { code: 400 } },
    ]);
  });

  it('ends a session that is not live on 1002, keeps a live one, and ends that on any other error', async () => {
    start();
    await registered(device);
    for (const session of ['s1', 's2']) server.send({ id: session, method: 'connect', params: { session } });
    await vi.waitFor(() => expect(host.sessions).toHaveLength(2));
    const [pending, live] = host.sessions;
    if (pending === undefined || live === undefined) throw new Error('no sessions');
    live.live = true;
    for (const session of ['s1', 's2']) server.send({ error: { code: 1002, message: 'Peer disconnected', session } });
    server.send({ error: { code: 1003, message: 'Malformed candidate', session: 's2' } });
    server.send({ error: { code: -32700, message: 'Parse error' }, id: null });
    await vi.waitFor(() => expect(pending.closedWith).toHaveLength(1));
    server.send({ id: 9, method: 'extend', params: { session: 's2' } });
    await server.message(({ id }) => id === 9);
    expect(live.closedWith).toEqual([]);
    server.send({ error: { code: 410, message: 'The viewer is gone' }, session: 's2' });
    await vi.waitFor(() => expect(live.closedWith).toHaveLength(1));
  });

  it('says -32601 to methods that it does not know and survives what is malformed', async () => {
    start();
    await registered(device);
    server.send({ id: 1, method: 'reboot' });
    server.send({ id: 2, method: 'connect', params: ['s1'] });
    server.send({ method: 'trickle', params: {} });
    server.send({
      id: 3,
      method: 'connect',
      params: { session: 's1', iceServers: 'none', profile: 5, expiryTimeSeconds: 'soon' },
    });
    await vi.waitFor(() => expect(server.messages).toHaveLength(4));
    const answers = server.messages.slice(1).toSorted((left, right) => Number(left['id']) - Number(right['id']));
    expect(answers).toMatchObject([
      { id: 1, error: { code: -32601 } },
      { id: 2, error: { code: -32602 } },
      { id: 3, result: {} },
    ]);
    expect(host.sessions[0]?.request).toEqual({ session: 's1', iceServers: [] });
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
    start({ token: () => `token-${(asked += 1)}` });
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
