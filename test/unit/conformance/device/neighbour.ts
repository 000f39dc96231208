import { WebSocket } from 'ws';

const RETRY_MS = 10;

/** Another camera with the same signaling server, which does nothing but register, again and again without patience where it has to. */
export class Neighbour {
  /** How often its register was answered. */
  answers = 0;
  readonly #url: string;
  readonly #name: string;
  #socket: WebSocket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(url: string, name: string) {
    this.#url = url;
    this.#name = name;
    this.#start();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.terminate();
  }

  #start(): void {
    const socket = new WebSocket(this.#url, ['webrtc.onvif.org'], { headers: { Authorization: 'Bearer device-token' } });
    this.#socket = socket;
    socket.on('open', () =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'register', params: { name: this.#name } })),
    );
    socket.on('message', (data: Buffer) => {
      this.answers += 1;
      if ('error' in (JSON.parse(data.toString()) as object)) socket.close();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (!this.#closed) this.#retry = setTimeout(() => this.#start(), RETRY_MS);
    });
  }
}
