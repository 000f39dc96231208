import { WebSocket, type ClientOptions, type RawData } from 'ws';
import { Failure } from './case.ts';
import type { Transcript } from './transcript.ts';

/*
 * The kit's own end of a signaling connection. It shares nothing with the product's JSON-RPC (`base/json-rpc.ts`): it sends whatever it
 * is told to, malformed or not, and keeps whatever comes, so that no misunderstanding is on both sides of a test.
 */

export type Message = Record<string, unknown>;

export interface Frame {
  /** By `performance.now()`. */
  atMs: number;
  isBinary: boolean;
  text: string;
  /** What the text means as JSON; undefined where it is none, or no object. */
  message: Message | undefined;
}

/** An answer to a request: one of both is there in a well-formed one. */
export interface RawAnswer {
  result?: unknown;
  error?: { code?: unknown; message?: unknown };
  message: Message;
}

export interface WaitOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  /** Index into {@link RawPeer.frames} of the first that may be it. Default: all that ever came. */
  from?: number;
}

export interface RawPeerOptions {
  /** Who is at the other end, for the transcript: `device`, `server`. */
  name: string;
  /** Which of the kit's roles this is, for the transcript. Default `kit`. */
  role?: string;
  transcript: Transcript;
}

export interface OpenOptions extends RawPeerOptions {
  timeoutMs: number;
  /** Sent as `Authorization: Bearer`. */
  token?: string;
  /** Default `webrtc.onvif.org` alone. */
  subprotocols?: readonly string[];
  /** Such as `ca`, `headers`. */
  socket?: ClientOptions;
}

const MAX_FRAMES = 4096;
const MAX_FRAME_BYTES = 4 * 1024 * 1024;
const MAX_SHOWN = 300;

/** A server that does not answer the end of the WebSocket holds the kit up for a second, not for the half minute that is the default. */
const SOCKET_OPTIONS = { perMessageDeflate: false, maxPayload: MAX_FRAME_BYTES, closeTimeout: 1000 };

export class RawPeer {
  readonly socket: WebSocket;
  /** Everything that came, in order. */
  readonly frames: Frame[] = [];
  /** Set when the connection is over. */
  closed: { code: number; reason: string; atMs: number } | undefined;
  readonly #options: RawPeerOptions;
  readonly #listeners = new Set<() => void>();
  readonly #messageListeners: ((message: Message, frame: Frame) => void)[] = [];
  #lastId = 0;

  /** Takes an open socket over. */
  constructor(socket: WebSocket, options: RawPeerOptions) {
    this.socket = socket;
    this.#options = options;
    socket.on('message', (data: RawData, isBinary: boolean) => this.#take(data, isBinary));
    socket.on('error', (error) => this.#note(`connection failed: ${error.message}`));
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString(), atMs: performance.now() };
      this.#note(`connection closed with code ${code}${reason.length === 0 ? '' : ` (${reason.toString()})`}`);
      this.#tell();
    });
  }

  /** Connects to a server; rejects with a {@link Failure} that says how the server refused (`HTTP 401`). */
  static async open(url: string, options: OpenOptions): Promise<RawPeer> {
    const { name, transcript, token, timeoutMs, subprotocols = ['webrtc.onvif.org'], socket: socketOptions = {} } = options;
    const headers = { ...socketOptions.headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) };
    transcript.note(`connecting to the ${name} with subprotocols ${JSON.stringify(subprotocols)}`);
    const socket = new WebSocket(url, [...subprotocols], {
      handshakeTimeout: timeoutMs,
      ...SOCKET_OPTIONS,
      ...socketOptions,
      headers,
    });
    const peer = new RawPeer(socket, options);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', (error) => {
        const status = /^Unexpected server response: (\d+)/.exec(error.message)?.[1];
        reject(new Failure('a WebSocket to be opened', status === undefined ? error.message : `HTTP ${status}`));
      });
    });
    return peer;
  }

  /** Which of the kit's roles this is. */
  get role(): string {
    return this.#options.role ?? 'kit';
  }

  get isOpen(): boolean {
    return this.socket.readyState === WebSocket.OPEN;
  }

  /** Sends a frame as it is, well-formed or not; nothing happens when the connection is over. */
  sendRaw(frame: string | Buffer, shown?: string): void {
    const text = shown ?? (typeof frame === 'string' ? frame : `(binary, ${frame.length} bytes)`);
    const { name, transcript } = this.#options;
    transcript.add(`${this.role} -> ${name}`, text);
    if (this.isOpen) this.socket.send(frame, () => undefined);
  }

  send(message: unknown): void {
    this.sendRaw(JSON.stringify(message));
  }

  /** Sends a request and returns its id, for {@link answerTo}. */
  call(method: string, params?: unknown): number {
    this.#lastId += 1;
    this.send({ jsonrpc: '2.0', id: this.#lastId, method, ...(params === undefined ? {} : { params }) });
    return this.#lastId;
  }

  notify(method: string, params: unknown): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  /** ONVIF's error notification (5.2.8): an error object without an id. */
  notifyError(code: number, message: string, session?: string): void {
    this.send({ jsonrpc: '2.0', error: { code, message, ...(session === undefined ? {} : { session }) } });
  }

  respond(id: unknown, result: unknown): void {
    this.send({ jsonrpc: '2.0', id, result });
  }

  respondError(id: unknown, code: number, message: string): void {
    this.send({ jsonrpc: '2.0', id, error: { code, message } });
  }

  /** The answer with this id, be it a result or an error; a {@link Failure} when none comes. */
  answerTo(id: number, what: string, options: WaitOptions): Promise<RawAnswer> {
    return this.receive(
      `an answer to ${what}`,
      (message) => (message['id'] === id && message['method'] === undefined ? (answerOf(message) ?? undefined) : undefined),
      options,
    );
  }

  /** {@link call} and {@link answerTo} in one. */
  request(method: string, params: unknown, options: WaitOptions): Promise<RawAnswer> {
    return this.answerTo(this.call(method, params), method, options);
  }

  /**
   * Waits for the first frame that `pick` makes something of.
   *
   * @param what it is that is waited for, for the failure: `an invite`
   * @throws Failure when it does not come in time or the connection ends before
   */
  async receive<Value>(
    what: string,
    pick: (message: Message, frame: Frame) => Value | undefined,
    { timeoutMs, signal, from = 0 }: WaitOptions,
  ): Promise<Value> {
    let next = from;
    const found = await this.#until(
      () => {
        for (; next < this.frames.length; next += 1) {
          const frame = this.frames[next];
          const value = frame?.message === undefined ? undefined : pick(frame.message, frame);
          if (value !== undefined) return { value };
        }
        return undefined;
      },
      { timeoutMs, ...(signal === undefined ? {} : { signal }) },
    );
    if (found !== undefined) return found.value;
    const came = this.frames.slice(from).map(({ text }) => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)} ...` : text));
    const end = this.closed === undefined ? '' : ` and the connection was closed with code ${this.closed.code}`;
    const heard = came.length === 0 ? 'nothing' : `${came.length} other frames, the last of them ${came.at(-1) ?? ''}`;
    throw new Failure(`${what} within ${timeoutMs / 1000} s`, `${heard}${end}`);
  }

  /** Watches for a while that no such frame comes; a connection that ends is no frame. */
  async refrains(what: string, pick: (message: Message, frame: Frame) => boolean, options: WaitOptions): Promise<void> {
    const { from = this.frames.length, timeoutMs, signal } = options;
    const find = (): Frame | undefined => this.frames.slice(from).find((frame) => pick(frame.message ?? {}, frame));
    const found = await this.#until(() => find(), { timeoutMs, ...(signal === undefined ? {} : { signal }) });
    if (found !== undefined) throw new Failure(`no ${what}`, found.text.slice(0, MAX_SHOWN));
  }

  /** Waits until the connection is over; false when it is not in time. */
  async whenClosed({ timeoutMs, signal }: WaitOptions): Promise<boolean> {
    const done = (): true | undefined => (this.closed === undefined ? undefined : true);
    return (await this.#until(done, { timeoutMs, ...(signal === undefined ? {} : { signal }) })) ?? false;
  }

  /** Called with each message, before anybody who waits for it. */
  onMessage(listener: (message: Message, frame: Frame) => void): void {
    this.#messageListeners.push(listener);
  }

  close(): void {
    this.socket.close();
  }

  /** Ends the connection without a word, as a cut cable or a killed process does. */
  drop(): void {
    this.socket.terminate();
  }

  #take(data: RawData, isBinary: boolean): void {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    const text = isBinary ? `(binary, ${bytes.length} bytes)` : bytes.toString('utf8');
    const frame: Frame = { atMs: performance.now(), isBinary, text, message: isBinary ? undefined : parse(text) };
    const { name, transcript } = this.#options;
    transcript.add(`${name} -> ${this.role}`, text);
    if (this.frames.length >= MAX_FRAMES) {
      this.#note(`more than ${MAX_FRAMES} frames; closed`);
      this.drop();
      return;
    }
    this.frames.push(frame);
    if (frame.message !== undefined) for (const listener of this.#messageListeners) listener(frame.message, frame);
    this.#tell();
  }

  #note(text: string): void {
    this.#options.transcript.note(`${this.#options.name}: ${text}`);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** What `look` finds, asked again whenever something happens; undefined when time or connection are over before. */
  #until<Value>(look: () => Value | undefined, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Value | undefined> {
    const { timeoutMs, signal } = options;
    const { promise, resolve, reject } = Promise.withResolvers<Value | undefined>();
    const check = (): void => {
      const found = look();
      if (found !== undefined || this.closed !== undefined) resolve(found);
    };
    const abort = (): void => reject(signal?.reason);
    const timer = setTimeout(() => resolve(undefined), timeoutMs);
    this.#listeners.add(check);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    else check();
    return promise.finally(() => {
      clearTimeout(timer);
      this.#listeners.delete(check);
      signal?.removeEventListener('abort', abort);
    });
  }
}

function parse(text: string): Message | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Message) : undefined;
  } catch {
    return undefined;
  }
}

function answerOf(message: Message): RawAnswer {
  const { result, error } = message;
  const isError = typeof error === 'object' && error !== null;
  return {
    message,
    ...(result === undefined ? {} : { result }),
    ...(isError ? { error } : {}),
  };
}
