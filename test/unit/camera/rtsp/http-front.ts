import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** The heads of the requests that came, in their order. */
export interface HttpHead {
  method: string;
  path: string;
  head: string;
}

export interface HttpFrontOptions {
  /** Port of the RTSP camera behind it. */
  port: number;
  /** The answer to the GET of that number; undefined: 200, and the tunnel begins. */
  answer?: (get: HttpHead, count: number) => string | undefined;
}

/** Web server of a camera that serves RTSP over HTTP: ties a GET and a POST with the same cookie to one RTSP connection. */
export class HttpFront {
  readonly heads: HttpHead[] = [];
  hangUpOnPost = false;
  readonly #options: HttpFrontOptions;
  readonly #server: Server;
  /** By connection the method of its request; empty before it came. */
  readonly #sockets = new Map<Socket, string>();
  readonly #behind = new Map<string, Socket>();

  constructor(options: HttpFrontOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  /** Ends the connections of one kind, or all. */
  hangUp(method?: 'GET' | 'POST'): void {
    for (const [socket, each] of this.#sockets) if (method === undefined || method === each) socket.destroy();
  }

  /** No new connections. */
  refuse(): void {
    this.#server.close();
  }

  async close(): Promise<void> {
    this.hangUp();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.set(socket, '');
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
    let received = '';
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onData);
      this.#begin(socket, received.slice(0, end), received.slice(end + 4));
    };
    socket.on('data', onData);
  }

  #begin(socket: Socket, head: string, rest: string): void {
    const [method = '', path = ''] = head.split(' ');
    this.#sockets.set(socket, method);
    const request = { method, path, head };
    const count = this.heads.filter((each) => each.method === 'GET').length;
    this.heads.push(request);
    const cookie = /x-sessioncookie: (\S+)/i.exec(head)?.[1] ?? '';
    if (method === 'POST' && this.hangUpOnPost) {
      socket.destroy();
      return;
    }
    if (method === 'POST') {
      const behind = this.#behind.get(cookie);
      // Each message is encoded for itself, padding and all.
      socket.on('data', (chunk: Buffer) => behind?.write(Buffer.from(chunk.toString('latin1'), 'base64')));
      if (rest !== '') behind?.write(Buffer.from(rest, 'base64'));
      return;
    }
    const answer = this.#options.answer?.(request, count);
    if (answer !== undefined) {
      socket.end(answer);
      return;
    }
    const behind = connect(this.#options.port, '127.0.0.1');
    this.#behind.set(cookie, behind);
    behind.on('error', () => undefined).on('close', () => socket.destroy());
    socket.on('close', () => behind.destroy());
    socket.write('HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n');
    behind.on('data', (chunk: Buffer) => socket.write(chunk));
  }
}
