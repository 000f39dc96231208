import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { formatAuthorization, parseChallenges, strongestChallenge, type Credentials } from '../../src/camera/rtsp/auth.ts';
import { encodeInterleaved, InterleavedParser } from '../../src/camera/rtsp/interleaved.ts';
import { encodeRequest, RtspHeaders, type RtspResponse } from '../../src/camera/rtsp/message.ts';

export interface ReceivedFrame {
  channel: number;
  payload: Buffer;
  /** Milliseconds since 1970. */
  arrivalMs: number;
}

/** An RTSP client that does exactly what a test says, request by request, and keeps all that comes. */
export class RtspConversation {
  readonly frames: ReceivedFrame[] = [];
  readonly #socket: Socket;
  /** By CSeq. */
  readonly #waiting = new Map<string, (response: RtspResponse) => void>();
  #cseq = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const parser = new InterleavedParser((item) => {
      if (item.kind === 'response') this.#waiting.get(item.response.headers.get('CSeq') ?? '')?.(item.response);
      if (item.kind === 'frame') {
        this.frames.push({ channel: item.channel, payload: Buffer.from(item.payload), arrivalMs: Date.now() });
      }
    });
    socket.on('data', (chunk: Buffer) => parser.push(chunk));
    socket.on('error', () => {});
  }

  static async connect(port: number): Promise<RtspConversation> {
    const socket = connect({ port, host: '127.0.0.1' });
    await once(socket, 'connect');
    return new RtspConversation(socket);
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** Sends a request and resolves with its answer. */
  request(method: string, uri: string, headers: Record<string, string> = {}, body = ''): Promise<RtspResponse> {
    this.#cseq += 1;
    const fields = new RtspHeaders([['CSeq', `${this.#cseq}`], ...Object.entries(headers)]);
    this.#socket.write(encodeRequest({ method, uri, headers: fields, body: Buffer.from(body) }));
    const cseq = `${this.#cseq}`;
    return new Promise((resolve) => this.#waiting.set(cseq, resolve));
  }

  /** As {@link request}; when challenged, once more with the password. */
  async authorized(
    method: string,
    uri: string,
    credentials: Credentials,
    headers: Record<string, string> = {},
  ): Promise<RtspResponse> {
    const first = await this.request(method, uri, headers);
    const challenge = strongestChallenge(parseChallenges(first.headers.getAll('WWW-Authenticate')));
    if (first.status !== 401 || challenge === undefined) return first;
    const authorization = formatAuthorization(challenge, credentials, { method, uri, nonceCount: 1, clientNonce: 'abcdef' });
    return this.request(method, uri, { ...headers, Authorization: authorization });
  }

  /** Sends a binary frame. */
  send(channel: number, payload: Buffer): void {
    this.#socket.write(encodeInterleaved(channel, payload));
  }

  /** Payloads that came on a channel, in their order. */
  on(channel: number): Buffer[] {
    return this.frames.filter((frame) => frame.channel === channel).map((frame) => frame.payload);
  }

  close(): void {
    this.#socket.destroy();
  }
}
