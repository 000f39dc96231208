import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RawData, WebSocketServer } from 'ws';
import { FakePeer, Fault, type Message } from './fake-peer.ts';

/*
 * A signaling server written from the text of the specification, sharing nothing with the product's. With a `fault` it conforms but for
 * the one requirement that the case of that id is about; `as-...` are other ways to conform.
 */

export const TOKENS = { client: 'viewer', device: 'camera', otherDevice: 'camera-2', limitedClient: 'limited' };
const ROLES: ReadonlyMap<unknown, 'client' | 'device'> = new Map([
  [TOKENS.client, 'client'],
  [TOKENS.limitedClient, 'client'],
  [TOKENS.device, 'device'],
  [TOKENS.otherDevice, 'device'],
]);
const ICE_SERVERS = [{ urls: ['stun:192.0.2.1', 'turn:192.0.2.1'], username: 'u', credential: 'c' }];
const EXPIRY_SECONDS = 3;
const MAX_FRAME_BYTES = 256 * 1024;
const SILENCE_MS = 4000;

interface Session {
  id: string;
  client: FakePeer;
  device: FakePeer;
  invites: number;
  relayed: number;
  timer: NodeJS.Timeout | undefined;
  /** The client has the answer to its connect. */
  opened: PromiseWithResolvers<void>;
}

export class FakeServer {
  readonly #fault: string | undefined;
  readonly #http = createServer();
  readonly #sockets: WebSocketServer;
  readonly #peers = new Set<FakePeer>();
  readonly #sessions = new Map<string, Session>();
  #registered = 0;

  constructor(fault?: string) {
    this.#fault = fault;
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: this.#is('rpc-huge') ? undefined : MAX_FRAME_BYTES,
      handleProtocols: (offered) => {
        if (this.#is('subprotocol-accepted')) return false;
        return this.#is('subprotocol-chosen') ? ([...offered][0] ?? false) : 'webrtc.onvif.org';
      },
    });
    this.#http.on('upgrade', (request, socket, head) => {
      const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
      if (!offered.includes('webrtc.onvif.org') && !this.#is('subprotocol-demanded')) {
        socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      if (this.#is('as-http-401') && !ROLES.has(this.#tokenOf(request))) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const peer = new FakePeer(webSocket, this.#tokenOf(request));
        this.#peers.add(peer);
        webSocket.on('error', () => undefined);
        webSocket.on('message', (data: RawData, isBinary) => this.#take(peer, (data as Buffer).toString(), isBinary));
        webSocket.on('close', () => this.#left(peer));
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    return `ws://127.0.0.1:${(this.#http.address() as AddressInfo).port}/signaling`;
  }

  async close(): Promise<void> {
    this.#crash();
    for (const { timer } of this.#sessions.values()) clearTimeout(timer);
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  #is(...ids: string[]): boolean {
    return this.#fault !== undefined && ids.includes(this.#fault);
  }

  #tokenOf({ headers, url = '' }: IncomingMessage): string | undefined {
    const bearer = this.#is('token-by-header') ? undefined : /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
    const query = new URL(url, 'ws://fake').searchParams.get('access_token') ?? undefined;
    return bearer ?? (this.#is('token-by-query') ? undefined : query);
  }

  /** What a fatal defect does to everybody. */
  #crash(): void {
    for (const { socket } of this.#peers) socket.terminate();
  }

  #take(peer: FakePeer, text: string, isBinary: boolean): void {
    const isFatal =
      (isBinary && this.#is('rpc-binary')) ||
      text.length > MAX_FRAME_BYTES * 4 ||
      (text.includes('[[[[') && this.#is('rpc-deep'));
    if (isFatal) return this.#crash();
    if (isBinary) return peer.socket.close(1003);
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      if (!this.#is('rpc-not-json')) peer.send({ jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'Parse error' } });
      return;
    }
    void this.#takeAll(peer, message);
  }

  async #takeAll(peer: FakePeer, message: unknown): Promise<void> {
    if (Array.isArray(message) && !this.#is('rpc-batch')) {
      const answers = await Promise.all(message.map((each: Message) => this.#answer(peer, each)));
      peer.send(answers.filter((answer) => answer !== undefined));
      return;
    }
    for (const each of [message].flat() as Message[]) {
      const answer = await this.#answer(peer, each);
      if (answer !== undefined) peer.send(answer);
    }
  }

  async #answer(peer: FakePeer, message: Message): Promise<Message | undefined> {
    const { id, method, params, error } = message;
    if (method === undefined) {
      if (id !== undefined) peer.answered(message);
      else if (error !== undefined) this.#onError(peer, error as Message);
      return undefined;
    }
    if (method === 'trickle') {
      this.#onTrickle(peer, params as Message);
      return undefined;
    }
    const echoed = this.#is('register-answer') && /^\d+$/.test(String(id)) ? Number(id) : id;
    try {
      if (!(params instanceof Object) || (Array.isArray(params) && !this.#is('rpc-positional-params'))) throw new Fault(-32_602);
      const result = await this.#call(peer, method as string, params as Message, id);
      return id === undefined ? undefined : { jsonrpc: '2.0', id: echoed, result: result ?? null };
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      const { code } = thrown;
      const isSwallowed =
        code === -32_601
          ? this.#is('rpc-unknown-method') || (id === undefined && !this.#is('rpc-unknown-notification'))
          : code === 0;
      return isSwallowed ? undefined : { jsonrpc: '2.0', id: echoed ?? null, error: { code, message: thrown.message } };
    }
  }

  async #call(peer: FakePeer, method: string, params: Message, id: unknown): Promise<unknown> {
    if (method === 'register') return this.#register(peer, params);
    if (method === 'unregister') return this.#unregister(peer);
    if (!['connect', 'invite', 'extend'].includes(method)) throw new Fault(-32_601, 'Method not found');
    if (peer.id === undefined && this.#is('as-cut-off')) peer.socket.terminate();
    if (peer.id === undefined && !this.#is('command-before-register')) throw new Fault(401, 'Register first');
    if (method === 'connect') return this.#connect(peer, params, id);
    return method === 'invite' ? this.#invite(peer, params) : this.#extend(peer, params);
  }

  #register(peer: FakePeer, { authorization, capabilities }: Message): Message {
    if (peer.id !== undefined && !this.#is('register-twice')) throw new Fault(400, 'Registered already');
    const token = this.#is('token-by-register') ? peer.token : (authorization ?? peer.token);
    const isLax = this.#is('bad-token-in-handshake', 'bad-token-of-client', 'bad-token-of-device');
    const role = ROLES.get(token) ?? (isLax ? 'client' : undefined);
    if (role === undefined) throw new Fault(401, 'The token is not valid');
    Object.assign(peer, { role, capabilities });
    this.#registered += 1;
    const number = this.#is('register-ids') ? 0 : this.#registered;
    peer.id = role === 'device' ? (token === TOKENS.device ? 'device-1' : 'device-2') : `client-${number}`;
    return this.#is('register-client', 'register-device') ? {} : { id: peer.id };
  }

  #unregister(peer: FakePeer): null {
    if (this.#is('unregister')) throw new Fault(-32_601);
    if (peer.id === undefined && !this.#is('unregister-again', 'unregister-unregistered')) throw new Fault(404, 'Not registered');
    if (!this.#is('unregister-device')) peer.id = undefined;
    return null;
  }

  async #connect(client: FakePeer, params: Message, requestId: unknown): Promise<Message> {
    const anyDevice = [...this.#peers].find(({ role }) => role === 'device')?.id;
    const {
      peer: wanted = this.#is('rpc-missing-peer', 'rpc-positional-params') ? anyDevice : undefined,
      profile,
      authorization,
    } = params;
    if (typeof wanted !== 'string') throw new Fault(400, 'There must be a peer');
    this.#authorize(authorization ?? client.token, 'connect');
    const device = [...this.#peers].findLast(({ id, role }) => role === 'device' && id === wanted);
    if (device === undefined) throw new Fault(this.#is('as-mute') ? 0 : this.#is('connect-absent-device') ? 404 : 480);
    const id = this.#is('connect-sessions-differ') ? 'the-session' : randomUUID();
    const session: Session = { id, client, device, invites: 0, relayed: 0, timer: undefined, opened: Promise.withResolvers() };
    this.#sessions.set(id, session);
    this.#expire(session);
    const iceServers = ICE_SERVERS.map((server) => ({
      ...server,
      urls: this.#is('connect-ice-urls') ? server.urls[0] : server.urls,
    }));
    // Servers may do without either.
    const given = this.#is('as-minimal') ? {} : { iceServers, expiryTimeSeconds: EXPIRY_SECONDS };
    const told = { session: id, ...given };
    const asked = { ...told, ...(profile === undefined || this.#is('connect-profile') ? {} : { profile }) };
    await this.#ask(session, this.#spoilt(asked), this.#is('connect-at-once') ? requestId : undefined);
    if (this.#is('connect-answer-first')) {
      session.opened.resolve();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    setImmediate(session.opened.resolve);
    if (this.#is('as-minimal')) return told;
    return { ...told, capabilities: this.#is('connect-capabilities') ? [] : device.capabilities };
  }

  async #ask(session: Session, asked: Message, id: unknown): Promise<void> {
    const limit = this.#is('connect-silent-device') ? Number.POSITIVE_INFINITY : SILENCE_MS;
    try {
      await session.device.request('connect', asked, limit, id);
    } catch (error) {
      this.#end(session);
      const { code } = error as Fault;
      throw new Fault(this.#is('connect-refused-by-device') ? 500 : [408, 410].includes(code) ? 480 : code);
    }
  }

  /** The connect that the device gets. */
  #spoilt(asked: Message): Message {
    if (this.#is('connect-session')) return { ...asked, session: 'another' };
    if (this.#is('connect-ice-servers')) return { ...asked, iceServers: [] };
    if (this.#is('connect-expiry')) return { ...asked, expiryTimeSeconds: EXPIRY_SECONDS + 1 };
    return asked;
  }

  #authorize(token: unknown, method: 'connect' | 'extend'): void {
    if (!ROLES.has(token) && !this.#is(`${method}-bad-token`)) throw new Fault(401);
    if (token === TOKENS.limitedClient && !this.#is(`${method}-forbidden`)) throw new Fault(403);
  }

  async #invite(device: FakePeer, params: Message): Promise<unknown> {
    const session = this.#sessions.get(String(params['session']));
    if (session === undefined) throw new Fault(this.#is('as-mute') ? 0 : this.#is('invite-no-session') ? 404 : 400);
    if (session.device !== device && !this.#is('invite-foreign-session')) throw new Fault(400);
    const offer = String(params['offer']);
    if (offer.length > 16_384 && this.#is('invite-long')) throw new Fault(413);
    await session.opened.promise;
    session.invites += 1;
    if (session.invites > 1 && this.#is('invite-again')) throw new Fault(400);
    const forwarded = this.#is('invite-forwarded') ? { ...params, offer: offer.replaceAll('\r\n', '\n') } : params;
    try {
      const limit = this.#is('invite-timeout') ? Number.POSITIVE_INFINITY : SILENCE_MS;
      const result = (await session.client.request('invite', forwarded, limit)) as Message;
      return this.#is('invite-answered') ? { answer: result['answer'] } : result;
    } catch (error) {
      const { code } = error as Fault;
      const isHidden = (code === 400 && this.#is('invite-refused')) || (code === 410 && this.#is('invite-client-gone'));
      throw isHidden ? new Fault(500) : error;
    }
  }

  #onTrickle(from: FakePeer, params: Message): void {
    const session = this.#sessions.get(String(params['session']));
    const { candidate } = params;
    if (session === undefined) {
      if (this.#is('trickle-unanswered')) from.send({ jsonrpc: '2.0', id: null, error: { code: 400, message: 'No session' } });
      return;
    }
    const isMember = from === session.client || from === session.device;
    if (!isMember && !this.#is('trickle-foreign-session')) return;
    const isToClient = from === session.device;
    const isEmpty = !(candidate instanceof Object) || !(candidate as Message)['candidate'];
    if (isEmpty && this.#is('trickle-end')) return;
    if (session.invites === 0 && isToClient && this.#is('trickle-before-offer')) return;
    session.relayed += 1;
    if (session.relayed % 10 === 0 && !isToClient && this.#is('trickle-order-to-device')) return;
    const first = [...this.#sessions.values()].find(({ device }) => device === session.device);
    const client = this.#is('trickle-sessions-apart') ? first?.client : session.client;
    const changed = { ...params, candidate: candidate instanceof Object ? { ...candidate, 'x-kit': undefined } : candidate };
    const relay = (): void => {
      if (isToClient) client?.notify('trickle', this.#is('trickle-to-client') ? changed : params);
      else
        session.device.send({ jsonrpc: '2.0', method: 'trickle', params, ...(this.#is('trickle-to-device') ? { id: 1 } : {}) });
    };
    if (session.relayed % 10 === 0 && this.#is('trickle-order-to-client')) setTimeout(relay, 20);
    else relay();
  }

  async #extend(peer: FakePeer, params: Message): Promise<Message> {
    if (peer.role === 'device') {
      if (this.#is('extend-asked-by-device')) throw new Fault(0);
      if (this.#is('as-26.06')) throw new Fault(-32_601, 'Method not found');
      return { expiryTimeSeconds: EXPIRY_SECONDS };
    }
    this.#authorize(params['authorization'], 'extend');
    const session = this.#sessions.get(String(params['session']));
    if (session === undefined || (session.client !== peer && !this.#is('extend-foreign-session'))) throw new Fault(400);
    const told = { session: session.id, expiryTimeSeconds: EXPIRY_SECONDS };
    if (!this.#is('extend-told-to-device')) void session.device.request('extend', told, SILENCE_MS).catch(() => undefined);
    if (!this.#is('extend-lengthens')) this.#expire(session);
    return this.#is('extend-answer') ? {} : { expiryTimeSeconds: EXPIRY_SECONDS };
  }

  #onError(from: FakePeer, { code, message, session: named }: Message): void {
    if (this.#is('error-unanswered')) from.send({ jsonrpc: '2.0', id: null, result: null });
    const isIn = ({ client, device }: Session): boolean => from === client || from === device;
    const all = [...this.#sessions.values()];
    const own = this.#is('error-foreign-session') ? all : all.filter(isIn);
    const isLost = named === undefined && this.#is('error-without-session');
    const session = isLost ? undefined : own.find(({ id }) => named === undefined || id === named);
    if (session === undefined) return;
    const isToClient = from !== session.client;
    const [other, id] = [isToClient ? session.client : session.device, session.id];
    const isBare = !isToClient && this.#is('error-to-device');
    other.tell(
      code as number,
      message as string,
      isBare ? undefined : id,
      isToClient && this.#is('error-to-client') ? { id: 7 } : {},
    );
    if (code !== 1003 || this.#is('error-malformed-candidate')) this.#end(session);
  }

  #left(peer: FakePeer): void {
    this.#peers.delete(peer);
    if (!this.#is('invite-client-gone')) peer.gone();
    const isCarriedAway = this.#is('disconnected-one-of-two') && this.#sessions.size > 1;
    for (const session of [...this.#sessions.values()]) {
      const { id, client, device } = session;
      if (client !== peer && device !== peer && !isCarriedAway) continue;
      if (device === peer && !this.#is('disconnected-device')) client.tell(1002, 'Peer disconnected', id);
      if (device !== peer && !this.#is('disconnected-client')) device.tell(1002, 'Peer disconnected', id);
      this.#end(session);
    }
  }

  #expire(session: Session): void {
    clearTimeout(session.timer);
    if (!this.#is('session-expires')) session.timer = setTimeout(() => this.#end(session), EXPIRY_SECONDS * 1000);
  }

  #end({ id, timer }: Session): void {
    clearTimeout(timer);
    this.#sessions.delete(id);
  }
}
