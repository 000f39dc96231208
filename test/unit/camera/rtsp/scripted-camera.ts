import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { InterleavedParser, encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import {
  encodeRequest,
  encodeResponse,
  RtspHeaders,
  type RtspRequest,
  type RtspResponse,
} from '../../../../src/camera/rtsp/message.ts';

/** What a script answers to one request. */
export interface Answer {
  status?: number;
  reason?: string;
  headers?: [string, string][];
  body?: string;
  /** No answer at all. */
  silent?: boolean;
  /** Close the connection instead of an answer. */
  hangUp?: boolean;
  /** Close the connection right behind the answer. */
  hangUpAfter?: boolean;
  /** Raw bytes right behind the answer, in the same segment. */
  behind?: Buffer;
}

export type Script = Partial<Record<string, (request: RtspRequest, count: number) => Answer>>;

const H264_AND_PCMU =
  'v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\nm=audio 0 RTP/AVP 0\r\na=control:a\r\n' +
  'm=audio 0 RTP/AVP 8\r\na=control:talk\r\na=sendonly\r\n';

/** What a well-behaved camera says, as far as the script does not say otherwise. */
const DEFAULTS: Script = {
  OPTIONS: () => ({ headers: [['Public', 'OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN']] }),
  DESCRIBE: () => ({ headers: [['Content-Type', 'application/sdp']], body: H264_AND_PCMU }),
  SETUP: (request) => ({
    headers: [
      ['Transport', request.headers.get('Transport') ?? ''],
      ['Session', '12345678;timeout=60'],
    ],
  }),
};

/** An RTSP server on loopback whose every word a test can choose, and which remembers what it was asked. */
export class ScriptedCamera {
  readonly requests: RtspRequest[] = [];
  readonly responses: RtspResponse[] = [];
  readonly frames: { channel: number; payload: Buffer }[] = [];
  script: Script;
  readonly #scheme: 'rtsp' | 'rtsps';
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(script: Script = {}, tls?: { key: string; cert: string }) {
    this.script = script;
    this.#scheme = tls === undefined ? 'rtsp' : 'rtsps';
    const serve = (socket: Socket): void => this.#serve(socket);
    this.#server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `${this.#scheme}://${address}:${port}/live`;
  }

  get methods(): string[] {
    return this.requests.map((request) => request.method);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async start(address = '127.0.0.1'): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, address, resolve));
    return this;
  }

  asked(method: string): RtspRequest[] {
    return this.requests.filter((request) => request.method === method);
  }

  /** To all clients. */
  sendFrame(channel: number, payload: Uint8Array): void {
    this.sendRaw(encodeInterleaved(channel, payload));
  }

  sendRequest(method: string): void {
    this.sendRaw(encodeRequest({ method, uri: '*', headers: new RtspHeaders([['CSeq', '77']]), body: Buffer.alloc(0) }));
  }

  sendRaw(bytes: Buffer): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }

  /** Ends all connections as a camera that loses power and comes back. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    const parser = new InterleavedParser((item) => {
      if (item.kind === 'request') this.#answer(socket, item.request);
      else if (item.kind === 'response') this.responses.push(item.response);
      else this.frames.push({ channel: item.channel, payload: Buffer.from(item.payload) });
    });
    socket.on('data', (chunk: Buffer) => parser.push(chunk));
  }

  #answer(socket: Socket, request: RtspRequest): void {
    const count = this.asked(request.method).length;
    this.requests.push(request);
    const answer = (this.script[request.method] ?? DEFAULTS[request.method])?.(request, count) ?? {};
    if (answer.hangUp === true) socket.destroy();
    if (answer.hangUp === true || answer.silent === true) return;
    const {
      status = 200,
      reason = status === 200 ? 'OK' : 'Refused',
      headers = [],
      body = '',
      behind = Buffer.alloc(0),
    } = answer;
    const response = {
      status,
      reason,
      headers: new RtspHeaders([['CSeq', request.headers.get('CSeq') ?? ''], ...headers]),
      body: Buffer.from(body),
    };
    socket.write(Buffer.concat([encodeResponse(response), behind]));
    if (answer.hangUpAfter === true) socket.destroySoon();
  }
}
