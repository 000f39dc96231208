import type { RawData, WebSocket } from 'ws';
import { type ErrorNotification, JsonRpcEndpoint } from '../base/json-rpc.ts';

/** Longest frame either role accepts, bytes; an offer of 20 m-lines has about 20 KiB. */
export const MAX_FRAME_BYTES = 256 * 1024;

/** More than this waiting to be sent, bytes, and the other side has stopped reading. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const CLOSE_GRACE_MS = 1000;

export interface SignalingSocketOptions {
  /** Milliseconds between pings; a side that answered none of two is gone. */
  pingIntervalMs: number;
  onErrorNotification: (error: ErrorNotification) => void;
  onMalformed: (why: string) => void;
  onDefect: (method: string, error: unknown) => void;
  /** Once, when the socket is closed for whatever cause. */
  onClose: (code: number, why: string) => void;
  /** Asked before each frame is taken; false drops it. */
  admit?: () => boolean;
}

/** One `ws` WebSocket that speaks JSON-RPC: liveness, bounds and the end, alike for server and device. It owns the socket. */
export class SignalingSocket {
  readonly rpc: JsonRpcEndpoint;
  readonly #socket: WebSocket;
  readonly #pinger: NodeJS.Timeout;
  /** Pings that no pong came for yet. */
  #unanswered = 0;

  constructor(socket: WebSocket, options: SignalingSocketOptions) {
    this.#socket = socket;
    this.rpc = new JsonRpcEndpoint({
      send: (text) => this.#send(text),
      maxFrameLength: MAX_FRAME_BYTES,
      onErrorNotification: options.onErrorNotification,
      onMalformed: options.onMalformed,
      onDefect: options.onDefect,
    });
    socket.on('message', (data: RawData, isBinary: boolean) => {
      this.#unanswered = 0;
      if (options.admit?.() === false) return;
      if (isBinary) {
        options.onMalformed('The frame is binary');
        this.close(1003, 'Only text frames are understood');
        return;
      }
      this.rpc.receive(asText(data));
    });
    socket.on('pong', () => (this.#unanswered = 0));
    // A reset, or a violation of the WebSocket protocol (a frame too long, invalid UTF-8): both end in 'close'.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code?.startsWith('WS_ERR_') === true) options.onMalformed(error.message);
    });
    socket.once('close', (code, why) => {
      clearInterval(this.#pinger);
      this.rpc.close();
      options.onClose(code, why.toString());
    });
    this.#pinger = setInterval(() => this.#checkLiveness(), options.pingIntervalMs);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Whether the other side answers a ping within the time given. */
  isResponsive(timeoutMs: number): Promise<boolean> {
    if (!this.isOpen) return Promise.resolve(false);
    return new Promise<boolean>((resolve) => {
      const done = (answer: boolean): void => {
        clearTimeout(timer);
        this.#socket.off('pong', onPong);
        this.#socket.off('close', onClose);
        resolve(answer);
      };
      const onPong = (): void => done(true);
      const onClose = (): void => done(false);
      const timer = setTimeout(done, timeoutMs, false);
      this.#socket.on('pong', onPong);
      this.#socket.on('close', onClose);
      this.#socket.ping();
    });
  }

  /** Says goodbye; a side that does not answer in a second is cut off. */
  close(code: number, why: string): void {
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    this.#socket.close(code, why);
    setTimeout(() => this.#socket.terminate(), CLOSE_GRACE_MS).unref();
  }

  /** Ends it without a goodbye. */
  terminate(): void {
    this.#socket.terminate();
  }

  #send(text: string): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      this.#socket.terminate();
      return;
    }
    // Without a callback `ws` would throw a late write error at the process.
    this.#socket.send(text, () => {});
  }

  /** A half-open connection (a router that forgot it, a cable pulled) says nothing by itself. */
  #checkLiveness(): void {
    if (this.#unanswered >= 2) {
      this.#socket.terminate();
      return;
    }
    this.#unanswered += 1;
    if (this.isOpen) this.#socket.ping();
  }
}

function asText(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return (data instanceof ArrayBuffer ? Buffer.from(data) : data).toString('utf8');
}
