import type { WebSocket } from 'ws';

export type Message = Record<string, unknown>;

/** A fault that a server answers with. */
export class Fault extends Error {
  readonly code: number;

  constructor(code: number, message = 'Refused') {
    super(message);
    this.code = code;
  }
}

/** One WebSocket at the {@link FakeServer}: requests out and in, as plain JSON. */
export class FakePeer {
  readonly socket: WebSocket;
  /** As the handshake showed it. */
  readonly token: string | undefined;
  id: string | undefined;
  role: 'client' | 'device' | undefined;
  capabilities: unknown;
  readonly #pending = new Map<unknown, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  constructor(socket: WebSocket, token: string | undefined) {
    this.socket = socket;
    this.token = token;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** @param id for a server that does not make its own */
  async request(method: string, params: unknown, timeoutMs: number, id: unknown = `s-${(this.#lastId += 1)}`): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    this.#pending.set(id, answer);
    const timer = Number.isFinite(timeoutMs) ? setTimeout(() => answer.reject(new Fault(408)), timeoutMs) : undefined;
    this.send({ jsonrpc: '2.0', id, method, params });
    return answer.promise.finally(() => clearTimeout(timer));
  }

  notify(method: string, params: unknown): void {
    this.send({ jsonrpc: '2.0', method, params });
  }

  tell(code: number, message: string, session: string | undefined, extra: Message = {}): void {
    this.send({ jsonrpc: '2.0', ...extra, error: { code, message, ...(session === undefined ? {} : { session }) } });
  }

  /** Takes the answer to a request. */
  answered({ id, result, error }: Message): void {
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Fault((error as Fault).code, (error as Fault).message));
  }

  /** Its connection is over. */
  gone(): void {
    for (const waiting of this.#pending.values()) waiting.reject(new Fault(410));
  }
}
