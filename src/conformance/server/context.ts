import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type CaseRun, type ConformanceCase, Failure, NotApplicable } from '../case.ts';
import { expectError, expectObject, expectResult, expectString, show } from '../check.ts';
import { type Message, type RawAnswer, RawPeer, type WaitOptions } from '../raw-peer.ts';
import type { Transcript } from '../transcript.ts';
import type { ServerSettings, ServerTiming } from './settings.ts';

export type ServerCase = ConformanceCase<ServerContext>;
export type Role = 'client' | 'device';

/** A peer that the kit plays, registered. */
export interface Registered {
  peer: RawPeer;
  id: string;
}

/** A session between a client and a device of the kit, whose connect was answered and nothing more. */
export interface OpenedSession {
  client: RawPeer;
  device: RawPeer;
  session: string;
  /** The params of connect as the device got them. */
  asked: Message;
  /** The result of connect as the client got it. */
  told: Message;
}

export interface ConnectionOptions {
  /** Shown by which way; `none`: it comes with register. Default `header`. */
  by?: 'header' | 'query' | 'none';
  token?: string | undefined;
  subprotocols?: readonly string[];
}

/** What the kit's device answers to connect, and registers with. */
export const CAPABILITIES = ['subProtocols', 'extend'];

/** What a case against a signaling server has at hand: the kit as clients and devices. */
export class ServerContext implements CaseRun {
  readonly settings: ServerSettings;
  readonly #case: CaseRun;

  constructor(settings: ServerSettings, each: CaseRun) {
    this.settings = settings;
    this.#case = each;
  }

  get signal(): AbortSignal {
    return this.#case.signal;
  }

  get transcript(): Transcript {
    return this.#case.transcript;
  }

  get timing(): ServerTiming {
    return this.settings.timing;
  }

  defer(action: () => unknown): void {
    this.#case.defer(action);
  }

  /** @param from index into the frames of a peer; default: all that ever came */
  wait(from = 0, timeoutMs = this.timing.answerMs): WaitOptions {
    return { timeoutMs, signal: this.signal, from };
  }

  tokenOf(role: Role): string | undefined {
    return role === 'client' ? this.settings.clientToken : this.settings.deviceToken;
  }

  /** A WebSocket to the server, not registered; it is closed with the case. */
  async connection(
    role: Role,
    { by = 'header', token = this.tokenOf(role), subprotocols }: ConnectionOptions = {},
  ): Promise<RawPeer> {
    const { url, socket } = this.settings;
    const target = new URL(url);
    if (by === 'query' && token !== undefined) target.searchParams.set('access_token', token);
    const peer = await RawPeer.open(target.href, {
      name: 'server',
      role,
      transcript: this.transcript,
      timeoutMs: this.timing.answerMs,
      ...(by === 'header' && token !== undefined ? { token } : {}),
      ...(subprotocols === undefined ? {} : { subprotocols }),
      ...(socket === undefined ? {} : { socket }),
    });
    this.defer(() => {
      peer.drop();
      return peer.whenClosed({ timeoutMs: this.timing.answerMs });
    });
    return peer;
  }

  /** The answer to a register. */
  register(peer: RawPeer, role: Role, params: Message = {}): Promise<RawAnswer> {
    const own = role === 'device' ? { name: 'Conformance kit', capabilities: CAPABILITIES } : {};
    return peer.request('register', { ...own, ...params }, this.wait());
  }

  async registered(role: Role, options: ConnectionOptions = {}): Promise<Registered> {
    const peer = await this.connection(role, options);
    const { token = this.tokenOf(role) } = options;
    const answer = await this.register(peer, role, token === undefined ? {} : { authorization: token });
    const result = expectObject(expectResult(answer, 'register'), 'the result of register');
    return { peer, id: expectString(result['id'], 'the "id" in the result of register') };
  }

  /** The id by which clients reach this device. */
  addressOf(device: Registered): string {
    return this.settings.peer ?? device.id;
  }

  /** What a client sends to connect, with its token. */
  connectParams(device: Registered, params: Message = {}): Message {
    const { clientToken } = this.settings;
    return { peer: this.addressOf(device), ...(clientToken === undefined ? {} : { authorization: clientToken }), ...params };
  }

  /** A client connects to a device, which answers. */
  async connect(client: RawPeer, device: Registered, params: Message = {}): Promise<OpenedSession> {
    const from = device.peer.frames.length;
    const id = client.call('connect', this.connectParams(device, params));
    const answered = client.answerTo(id, 'connect', this.wait());
    const request = await this.#forwarded(device.peer, from, answered);
    device.peer.respond(request['id'], { capabilities: CAPABILITIES });
    const asked = expectObject(request['params'], 'the params of connect');
    const told = expectObject(expectResult(await answered, 'connect'), 'the result of connect');
    const session = expectString(told['session'], 'the "session" in the result of connect');
    return { client, device: device.peer, session, asked, told };
  }

  /** The connect that the server forwards; a {@link Failure} with its answer to the client where it answers instead. */
  async #forwarded(device: RawPeer, from: number, answered: Promise<RawAnswer>): Promise<Message> {
    const forwarded = this.requestAt(device, 'connect', from);
    const first = await Promise.race([forwarded, answered.then(({ message }) => ({ instead: message }))]);
    if (!('instead' in first)) return first;
    forwarded.catch(() => undefined);
    throw new Failure('connect to be forwarded to the device', `the answer ${show(first['instead'])} to the client`);
  }

  /**
   * A connect that the server is to refuse by itself: the device does not see it.
   *
   * @param codes the answer is one of these; any error where there are none
   */
  async expectRefused(
    client: RawPeer,
    device: Registered,
    params: unknown,
    what: string,
    codes: readonly number[] = [],
  ): Promise<void> {
    const from = device.peer.frames.length;
    expectError(await client.request('connect', params, this.wait()), what, codes);
    const seen = device.peer.frames.slice(from).find(({ message }) => message?.['method'] === 'connect');
    if (seen !== undefined) throw new Failure(`${what} not to reach the device`, seen.text);
  }

  /** Client, device and a session between them. */
  async open(params: Message = {}): Promise<OpenedSession> {
    const device = await this.registered('device');
    const client = await this.registered('client');
    return this.connect(client.peer, device, params);
  }

  /** A request or notification that the server sends to one of the kit's peers. */
  requestAt(peer: RawPeer, method: string, from = 0, timeoutMs = this.timing.answerMs): Promise<Message> {
    return peer.receive(
      `a ${method}`,
      (message) => (message['method'] === method ? message : undefined),
      this.wait(from, timeoutMs),
    );
  }

  /** An error notification (5.2.8) with this code at one of the kit's peers. */
  errorAt(peer: RawPeer, code: number, from = 0, timeoutMs = this.timing.answerMs): Promise<Message> {
    return peer.receive(
      `an error notification ${code}`,
      (message) => (isObjectWith(message['error'], 'code', code) && message['method'] === undefined ? message : undefined),
      this.wait(from, timeoutMs),
    );
  }

  /** Whether the server still carries candidates from the device of this session to its client. */
  async carries({ client, device, session }: OpenedSession): Promise<boolean> {
    const from = client.frames.length;
    device.notify('trickle', { session, candidate: { candidate: '' } });
    await this.settled(device);
    await this.settled(client);
    return client.frames.slice(from).some(({ message }) => message?.['method'] === 'trickle');
  }

  /** What is sent is taken by the server, and nothing that has an id comes back for it. */
  async expectUnanswered(peer: RawPeer, what: string, send: () => void): Promise<void> {
    const from = peer.frames.length;
    send();
    const last = await this.settled(peer);
    await this.pause(this.timing.settleMs);
    const answer = peer.frames
      .slice(from)
      .find(
        ({ message }) =>
          message !== undefined && message['method'] === undefined && Object.hasOwn(message, 'id') && message['id'] !== last,
      );
    if (answer !== undefined) throw new Failure(`no answer to ${what}`, answer.text);
  }

  async pause(milliseconds: number): Promise<void> {
    await delay(milliseconds, undefined, { signal: this.signal });
  }

  /**
   * Waits until the server took everything that this peer sent before: it answers a request behind it, or has had the time of an answer,
   * since whether it answers is for other cases.
   *
   * @returns the id of that request
   * @throws Failure when the connection is over
   */
  async settled(peer: RawPeer): Promise<number> {
    const { method, params } = this.idleRequest(peer);
    const id = peer.call(method, params);
    try {
      await peer.answerTo(id, `a request behind it, ${method}`, this.wait());
    } catch (error) {
      if (!(error instanceof Failure) || peer.closed !== undefined) throw error;
    }
    return id;
  }

  /** What every server answers, with an error, and tells nobody of: a connect to nobody, an invite in no session. */
  idleRequest(peer: RawPeer): { method: string; params: Message } {
    const nobody = 'nobody-of-the-kit';
    if (peer.role === 'device') return { method: 'invite', params: { session: nobody, offer: 'v=0\r\n' } };
    const { clientToken } = this.settings;
    return {
      method: 'connect',
      params: { peer: nobody, ...(clientToken === undefined ? {} : { authorization: clientToken }) },
    };
  }
}

/** @throws NotApplicable with the reason where the condition does not hold */
export function requires(condition: boolean, reason: string): asserts condition {
  if (!condition) throw new NotApplicable(reason);
}

export function expectSame(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) throw new Failure(`${what} to be ${show(expected)}`, show(actual));
}

/** A token that no server has given to anybody. */
export function strangeToken(): string {
  return `kit-${randomBytes(24).toString('base64url')}`;
}

function isObjectWith(value: unknown, member: string, expected: unknown): boolean {
  return typeof value === 'object' && value !== null && (value as Message)[member] === expected;
}
