import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Reason } from '../../../src/base/errors.ts';
import type { IceCandidate } from '../../../src/base/ice.ts';
import { silentLogger } from '../../../src/base/log.ts';
import { SignalingDevice, type SignalingDeviceOptions } from '../../../src/signaling/device/device.ts';
import { fixedToken } from '../../../src/signaling/device/token/token-source.ts';
import { SignalingServer, type SignalingServerOptions } from '../../../src/signaling/server/server.ts';
import type { DeviceSession, DeviceSessionHost, SessionRequest, ToPeer } from '../../../src/signaling/device/session-seam.ts';
import { StaticTokens } from '../../../src/access/static-tokens.ts';

/** What a camera would do, without media: it keeps what it was told. */
export class FakeSession implements DeviceSession {
  readonly request: SessionRequest;
  readonly toPeer: ToPeer;
  readonly candidates: IceCandidate[] = [];
  readonly closedWith: Reason[] = [];
  live = false;
  answer: { answer: string; subprotocols: string[] } | undefined;
  failure: unknown;

  constructor(request: SessionRequest, toPeer: ToPeer) {
    this.request = request;
    this.toPeer = toPeer;
  }

  addCandidate(candidate: IceCandidate): void {
    this.candidates.push(candidate);
  }

  close(reason: Reason): void {
    this.closedWith.push(reason);
  }

  /** Sends an offer and keeps what comes back. */
  async invite(offer: string, subprotocols: string[] = []): Promise<void> {
    try {
      this.answer = await this.toPeer.invite(offer, subprotocols);
    } catch (error) {
      this.failure = error;
    }
  }
}

export class FakeHost implements DeviceSessionHost {
  readonly sessions: FakeSession[] = [];
  /** Thrown by the next open. */
  refusal: Error | undefined;
  /** Called inside open, before the answer to connect is on its way. */
  onOpen: (session: FakeSession) => void = () => {};

  open(request: SessionRequest, toPeer: ToPeer): DeviceSession {
    if (this.refusal !== undefined) throw this.refusal;
    const session = new FakeSession(request, toPeer);
    this.sessions.push(session);
    this.onOpen(session);
    return session;
  }

  async first(): Promise<FakeSession> {
    return vi.waitFor(() => {
      const [session] = this.sessions;
      if (session === undefined) throw new Error('no session yet');
      return session;
    });
  }
}

const TOKENS = new StaticTokens({
  clients: [{ token: 'viewer' }, { token: 'front-only', peers: ['front-door'] }],
  devices: [{ token: 'front-door-device', peer: 'front-door' }, { token: 'yard-device', peer: 'yard' }, { token: 'any-device' }],
});

/** Waits until a device is registered. */
export async function registered(device: SignalingDevice): Promise<void> {
  await vi.waitFor(
    () => {
      if (device.state.state !== 'registered') throw new Error(JSON.stringify(device.state));
    },
    { interval: 5, timeout: 20_000 },
  );
}

/** An HTTP server on loopback that hands every upgrade to a signaling server. */
export class Site {
  server: SignalingServer;
  #http: Server;
  readonly #options: SignalingServerOptions;
  readonly #owned: (() => unknown)[] = [];
  port = 0;

  constructor(options: Partial<SignalingServerOptions> = {}) {
    this.#options = { tokens: TOKENS, ...options };
    this.server = new SignalingServer(this.#options);
    this.#http = createServer();
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/signaling`;
  }

  async listen(): Promise<this> {
    this.#http.on('upgrade', (request, socket, head) => this.server.handleUpgrade(request, socket, head));
    await new Promise<void>((resolve) => this.#http.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.#http.address() as AddressInfo).port;
    return this;
  }

  /** How many sockets there are, WebSockets or not. */
  openSockets(): Promise<number> {
    return promisify(this.#http.getConnections.bind(this.#http))();
  }

  /** Takes the server away and brings another one up at the same port. */
  async restart(): Promise<void> {
    await this.stop();
    this.server = new SignalingServer(this.#options);
    this.#http = createServer();
    await this.listen();
  }

  async stop(): Promise<void> {
    await this.server.close();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  /** A device of ours, started, that the site ends. */
  device(options: Partial<SignalingDeviceOptions> & { host: DeviceSessionHost }, token = 'front-door-device'): SignalingDevice {
    const device = new SignalingDevice({
      server: this.url,
      tokens: fixedToken(token),
      name: 'Front door',
      log: silentLogger,
      retry: { firstMs: 10, maxMs: 50 },
      ...options,
    });
    this.#owned.push(() => device.close());
    device.start();
    return device;
  }

  /** A bare socket with a registered peer behind it, or an unregistered one with `token` null. */
  async peer(token: string | null, register: Record<string, unknown> = {}): Promise<RawPeer> {
    const peer = new RawPeer(this.url, token ?? undefined);
    peer.authorization = token ?? undefined;
    this.#owned.push(() => peer.socket.terminate());
    await peer.opened;
    if (token !== null) peer.id = ((await peer.request('register', register)) as { id: string }).id;
    return peer;
  }

  async close(): Promise<void> {
    for (const end of this.#owned.reverse()) await end();
    await this.stop();
  }
}

export type Message = Record<string, unknown>;

/** A peer written without the code under test: frames in and out, as JSON. */
export class RawPeer {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  /** Everything that came, in order. */
  readonly frames: Message[] = [];
  closeCode: number | undefined;
  id = '';
  /** Goes along with each connect that names none of its own (section 5.2.4.1). */
  authorization: string | undefined;
  #nextId = 100;

  constructor(url: string, token?: string, subprotocol = 'webrtc.onvif.org') {
    this.socket = new WebSocket(url, [subprotocol], { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } });
    this.socket.on('message', (data: Buffer) => this.frames.push(JSON.parse(data.toString('utf8')) as Message));
    this.socket.on('close', (code) => (this.closeCode = code));
    this.socket.on('error', () => {});
    this.opened = new Promise((resolve, reject) => {
      this.socket.once('open', resolve);
      this.socket.once('error', reject);
    });
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  notify(method: string, params: unknown): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  respond(id: unknown, result: unknown): void {
    this.send({ jsonrpc: '2.0', id, result });
  }

  /** The answer's result; a fault is thrown as `code message`. */
  async request(method: string, params: object = {}): Promise<unknown> {
    const id = (this.#nextId += 1);
    const authorization = method === 'connect' ? { authorization: this.authorization } : {};
    this.send({ jsonrpc: '2.0', id, method, params: { ...authorization, ...params } });
    const isAnswer = (message: Message): boolean => message['id'] === id && message['method'] === undefined;
    const answer = await this.frame(isAnswer).catch((cause: unknown) => {
      throw new Error(`no answer to ${method}`, { cause });
    });
    const error = answer['error'] as { code: number; message: string } | undefined;
    if (error !== undefined) throw new Error(`${error.code} ${error.message}`);
    return answer['result'];
  }

  async frame(wanted: (message: Message) => boolean): Promise<Message> {
    return vi.waitFor(
      () => {
        const found = this.frames.find(wanted);
        if (found === undefined)
          throw new Error(`not among ${this.frames.length} frames: ${JSON.stringify(this.frames).slice(0, 500)}`);
        return found;
      },
      { timeout: 5000 },
    );
  }

  async call(method: string): Promise<Message & { params: Message }> {
    return (await this.frame((message) => message['method'] === method)) as Message & { params: Message };
  }

  async closed(): Promise<number> {
    return vi.waitFor(() => {
      if (this.closeCode === undefined) throw new Error('still open');
      return this.closeCode;
    });
  }
}
