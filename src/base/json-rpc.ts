import {
  createJSONRPCErrorResponse,
  JSONRPCClient,
  JSONRPCErrorCode,
  type JSONRPCRequest,
  type JSONRPCResponse,
  JSONRPCServer,
} from 'json-rpc-2.0';

/** Parameters are always an object by name (ONVIF WebRTC section 5.2). */
export type Params = Record<string, unknown>;

/** An error with a numeric code that passes to the other side unchanged when a handler throws it, and comes back from {@link JsonRpcEndpoint.request}. */
export class JsonRpcError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'JsonRpcError';
    this.code = code;
  }
}

/** Codes that this endpoint gives of itself; the first two are ONVIF's (invite), the others JSON-RPC's. */
export const REQUEST_TIMEOUT = 408;
export const GONE = 410;
const SERVER_BUSY = -32000;
export const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;

/** ONVIF's error notification (section 5.2.8): an `error` object without `id`. */
export interface ErrorNotification {
  code: number;
  message: string;
  /** Absent where the sender left it out, as the specification's own example does. */
  session?: string;
}

/** What a handler may ask beside its parameters. */
export interface Call {
  /** Runs the action as soon as the answer to this call was handed to the socket; not at all when the call fails. */
  afterAnswer(action: () => void): void;
}

export type Handler = (params: Params, call: Call) => unknown;

export interface JsonRpcOptions {
  /** Hands one text frame to the socket. */
  send: (text: string) => void;
  onErrorNotification?: (error: ErrorNotification) => void;
  /** A frame that was refused, with what was wrong with it. */
  onMalformed?: (why: string) => void;
  /** A handler threw something that is not a {@link JsonRpcError}: a defect of ours, of which the other side learns no more than -32603. */
  onDefect?: (method: string, error: unknown) => void;
  /** Longest frame in UTF-16 units. Default 256 Ki. */
  maxFrameLength?: number;
  /** Deepest nesting of objects and arrays. Default 16. */
  maxDepth?: number;
  /** Requests in flight, in each direction; notifications do not count. Default 64. */
  maxPending?: number;
}

const MAX_FRAME_LENGTH = 256 * 1024;
const MAX_DEPTH = 16;
const MAX_PENDING = 64;
const MAX_BATCH = 64;
const MAX_MESSAGE_LENGTH = 512;
const DEFAULT_TIMEOUT_MS = 10_000;

interface OpenCall extends Call {
  readonly actions: (() => void)[];
}

/**
 * One end of a JSON-RPC 2.0 conversation over text frames, both asking and answering, with ONVIF's error notification taken off before
 * the `json-rpc-2.0` package sees it (which would refuse it). It owns no socket: frames go in by {@link receive} and out by `send`.
 * Handlers are called in the order of the frames, synchronously, so notifications keep their order.
 */
export class JsonRpcEndpoint {
  readonly #options: JsonRpcOptions;
  readonly #client: JSONRPCClient;
  readonly #server: JSONRPCServer<OpenCall>;
  readonly #maxPending: number;
  #asked = 0;
  #answering = 0;
  #closed = false;

  constructor(options: JsonRpcOptions) {
    this.#options = options;
    this.#maxPending = options.maxPending ?? MAX_PENDING;
    this.#client = new JSONRPCClient((payload) => this.#send(payload));
    this.#server = new JSONRPCServer<OpenCall>({ errorListener: () => {} });
    this.#server.mapErrorToJSONRPCErrorResponse = (id, error: unknown) =>
      error instanceof JsonRpcError
        ? createJSONRPCErrorResponse(id, error.code, error.message)
        : createJSONRPCErrorResponse(id, JSONRPCErrorCode.InternalError, 'Internal error');
  }

  /** Answers a method; what the handler returns (or resolves to) is the result, undefined becomes null. */
  handle(method: string, handler: Handler): void {
    this.#server.addMethod(method, async (given: unknown, call) => {
      const params = isNone(given) ? {} : given;
      if (!isObject(params)) throw new JsonRpcError(INVALID_PARAMS, 'The parameters must be an object');
      try {
        return await handler(params, call);
      } catch (error) {
        call.actions.length = 0;
        if (!(error instanceof JsonRpcError)) this.#options.onDefect?.(method, error);
        throw error;
      }
    });
  }

  /**
   * Asks the other side. Rejects with a {@link JsonRpcError}: the other side's own, 408 when no answer came in time,
   * 410 when the endpoint is or becomes closed, -32000 when too many requests are in flight.
   */
  async request(method: string, params: Params = {}, timeoutMs: number = DEFAULT_TIMEOUT_MS): Promise<unknown> {
    if (this.#closed) throw new JsonRpcError(GONE, 'The connection is closed');
    if (this.#asked >= this.#maxPending) throw new JsonRpcError(SERVER_BUSY, 'Too many requests are waiting for an answer');
    this.#asked += 1;
    const late = `No answer to ${method} within ${timeoutMs / 1000} s`;
    try {
      const asker = this.#client.timeout(timeoutMs, (id) => createJSONRPCErrorResponse(id, REQUEST_TIMEOUT, late));
      return await asker.request(method, params);
    } catch (error) {
      throw this.#closed ? new JsonRpcError(GONE, 'The connection was closed before the answer came') : asJsonRpcError(error);
    } finally {
      this.#asked -= 1;
    }
  }

  notify(method: string, params: Params): void {
    this.#client.notify(method, params);
  }

  /** Sends ONVIF's error notification. `session` goes inside the error, as the table of section 5.2.8 lists it beside code and message. */
  notifyError(error: ErrorNotification): void {
    this.#send({ jsonrpc: '2.0', error });
  }

  /** Takes one frame from the socket. Never throws; what cannot be understood is answered as JSON-RPC says, or dropped. */
  receive(frame: unknown): void {
    if (this.#closed) return;
    const message = this.#parse(frame);
    if (message === undefined) return;
    if (Array.isArray(message)) {
      if (message.length === 0 || message.length > MAX_BATCH) {
        this.#refuse(JSONRPCErrorCode.InvalidRequest, `A batch must have 1 to ${MAX_BATCH} messages`);
        return;
      }
      const answers = message.map((part: unknown) => this.#take(part)).filter((answer) => answer !== undefined);
      if (answers.length > 0) void this.#answer(answers, (responses) => responses);
      return;
    }
    const answer = this.#take(message);
    if (answer !== undefined) void this.#answer([answer], ([response]) => response);
  }

  /** Rejects what waits for an answer; nothing is sent or taken afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#client.rejectAllPendingRequests('closed');
  }

  #parse(frame: unknown): unknown {
    if (typeof frame !== 'string') return this.#refuse(JSONRPCErrorCode.ParseError, 'Only text frames are understood');
    if (frame.length > (this.#options.maxFrameLength ?? MAX_FRAME_LENGTH)) {
      return this.#refuse(JSONRPCErrorCode.InvalidRequest, 'The frame is too long');
    }
    if (isDeeper(frame, this.#options.maxDepth ?? MAX_DEPTH)) {
      return this.#refuse(JSONRPCErrorCode.InvalidRequest, 'The message is nested too deep');
    }
    try {
      return JSON.parse(frame) as unknown;
    } catch {
      return this.#refuse(JSONRPCErrorCode.ParseError, 'The frame is not JSON');
    }
  }

  /** Sorts one message; a promise where it is a call that may want an answer. */
  #take(message: unknown): Promise<Answer> | undefined {
    if (!isObject(message)) {
      return this.#reject('The message is not an object');
    }
    const { method, id, error, result } = message;
    if (method === 'error' && isErrorNotification(message['params'])) return this.#takeError(message['params']);
    if (method !== undefined) return this.#serve(message as unknown as JSONRPCRequest);
    if (error !== undefined && (id === undefined || id === null)) return this.#takeError(error, message['session']);
    if ((typeof id === 'number' || typeof id === 'string') && (error !== undefined || result !== undefined)) {
      // Strings that look like numbers are matched too: the specification's own example answers id 4 with "4".
      const known = typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : id;
      this.#client.receive({ ...message, id: known } as JSONRPCResponse);
      return undefined;
    }
    return this.#reject('The message is neither a call nor an answer');
  }

  async #serve(request: JSONRPCRequest): Promise<Answer> {
    const actions: (() => void)[] = [];
    const call: OpenCall = { actions, afterAnswer: (action) => actions.push(action) };
    // Notifications are not counted: a burst of candidates that comes in one piece is no work that waits.
    if (request.id === undefined) return { response: await this.#server.receive(request, call), actions };
    if (this.#answering >= this.#maxPending) {
      const response = createJSONRPCErrorResponse(request.id ?? null, SERVER_BUSY, 'Too many requests are being answered');
      return { response, actions };
    }
    this.#answering += 1;
    try {
      return { response: await this.#server.receive(request, call), actions };
    } finally {
      this.#answering -= 1;
    }
  }

  async #answer(calls: Promise<Answer>[], payload: (responses: JSONRPCResponse[]) => unknown): Promise<void> {
    const answers = await Promise.all(calls);
    const responses = answers.flatMap(({ response }) => response ?? []);
    if (responses.length > 0) this.#send(payload(responses));
    for (const { actions } of answers) for (const action of actions) action();
  }

  #takeError(error: unknown, session?: unknown): undefined {
    if (!isObject(error)) {
      this.#options.onMalformed?.('The error is not an object');
      return undefined;
    }
    const { code, message } = asJsonRpcError(error);
    const notification: ErrorNotification = { code, message };
    const of = error['session'] ?? session ?? (isObject(error['data']) ? error['data']['session'] : undefined);
    if (typeof of === 'string') notification.session = of;
    try {
      this.#options.onErrorNotification?.(notification);
    } catch (defect) {
      this.#options.onDefect?.('error', defect);
    }
    return undefined;
  }

  /** One message of a frame that is none: answered in its place of the batch. */
  #reject(why: string): Promise<Answer> {
    this.#options.onMalformed?.(why);
    return Promise.resolve({ response: createJSONRPCErrorResponse(null, JSONRPCErrorCode.InvalidRequest, why), actions: [] });
  }

  /** A frame that is not looked into. */
  #refuse(code: number, why: string): undefined {
    this.#options.onMalformed?.(why);
    this.#send(createJSONRPCErrorResponse(null, code, why));
    return undefined;
  }

  #send(payload: unknown): void {
    if (!this.#closed) this.#options.send(JSON.stringify(payload));
  }
}

interface Answer {
  response: JSONRPCResponse | null;
  actions: (() => void)[];
}

function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Some libraries send null or an empty array for a method without parameters. */
function isNone(params: unknown): boolean {
  return params === undefined || params === null || (Array.isArray(params) && params.length === 0);
}

/** Some send the error notification as a call of a method named `error`. */
function isErrorNotification(params: unknown): params is Params {
  return isObject(params) && typeof params['code'] === 'number';
}

/** What another side sent as an error, brought into bounds. */
function asJsonRpcError(error: unknown): JsonRpcError {
  const { code, message } = isObject(error) ? error : {};
  return new JsonRpcError(
    Number.isInteger(code) ? (code as number) : JSONRPCErrorCode.InternalError,
    typeof message === 'string' ? message.slice(0, MAX_MESSAGE_LENGTH) : 'Error without a message',
  );
}

/** Counts brackets outside strings, before anything recursive touches the text. */
function isDeeper(json: string, maxDepth: number): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json.charCodeAt(at);
    if (inString) {
      if (character === 0x5c) at += 1;
      else if (character === 0x22) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x5b || character === 0x7b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (character === 0x5d || character === 0x7d) depth -= 1;
  }
  return false;
}
