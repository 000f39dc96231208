import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Message } from '../fixture.ts';

/** Any other vendor's signaling server: a bare socket and what came in. */
export class ScriptedServer {
  readonly messages: Message[] = [];
  readonly headers: (string | undefined)[] = [];
  readonly #server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
  #socket: WebSocket | undefined;
  connections = 0;
  /** Called with each message before it is answered. */
  onMessage: (message: Message) => void = () => {};
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
        this.onMessage(message);
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

  /** A frame that is no message, or one as another encoder writes it. */
  sendRaw(frame: string | Buffer): void {
    this.#socket?.send(frame);
  }

  end(code: number, why: string): void {
    this.#socket?.close(code, why);
  }

  drop(): void {
    this.#socket?.terminate();
  }

  async message(wanted: (message: Message) => boolean): Promise<Message> {
    return vi.waitFor(
      () => {
        const found = this.messages.find(wanted);
        if (found === undefined) throw new Error(`not among ${JSON.stringify(this.messages)}`);
        return found;
      },
      { interval: 5, timeout: 20_000 },
    );
  }

  /** The answer to the request with this id. */
  async answer(id: unknown): Promise<Message> {
    return this.message((message) => message['id'] === id && message['method'] === undefined);
  }

  /** Error notifications, without their frame. */
  get errors(): unknown[] {
    return this.messages.flatMap((message) => (message['id'] === undefined ? (message['error'] ?? []) : []));
  }

  close(): void {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }
}
