import { WebSocket } from 'ws';
import { FakeMedia } from './fake-media.ts';

const METADATA = 'vnd.onvif.metadata+gzip';
const FIRST_RETRY_MS = 100;
/** Long enough for a busy machine not to make it look ascending. */
const CONSTANT_RETRY_MS = 400;
/** A session that ends before its time has some media first. */
const EARLY_SECONDS = 2;
/** Again and again: after whatever was on its way when the session ended, too. */
const LATE_INTERVAL_MS = 50;
const LATE_CANDIDATE = { candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 };
const PROFILES: ReadonlySet<unknown> = new Set([undefined, 'main']);

type Message = Record<string, unknown>;

interface Session {
  id: string;
  media: FakeMedia;
  answered: boolean;
  early: Message[];
  endTimer: NodeJS.Timeout | undefined;
  over: boolean;
}

export interface FakeDeviceOptions {
  url: string;
  token: string;
  /** The id of the case that this device is broken for; undefined: it conforms. */
  fault?: string | undefined;
  /** Time from one keyframe to the next that nobody asked for; undefined: none comes by itself. */
  keyframeMs?: number;
  /** Certificate authority (PEM) of the server. */
  ca?: string;
}

/** A device of the specification, written for these tests from its text alone: raw frames, no code of the product in signaling. */
export class FakeDevice {
  readonly #options: FakeDeviceOptions;
  readonly #sessions = new Map<string, Session>();
  #socket: WebSocket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #waitMs = FIRST_RETRY_MS;
  #nextId = 1;
  #closed = false;
  #completed = 0;
  readonly #answers = new Map<unknown, (message: Message) => void>();

  constructor(options: FakeDeviceOptions) {
    this.#options = options;
  }

  start(subprotocols?: string[]): void {
    const { url, token, ca } = this.#options;
    const offered = subprotocols ?? (this.#is('handshake-subprotocol') ? [] : ['webrtc.onvif.org']);
    const headers = this.#is('handshake-token') ? {} : { Authorization: `Bearer ${token}` };
    const maxPayload = this.#is('huge-frame-survived') ? 2 ** 30 : 2 ** 20;
    const socket = new WebSocket(url, offered, { headers, maxPayload, ...(ca === undefined ? {} : { ca }) });
    this.#socket = socket;
    let unconfirmed = false;
    socket.on('open', () => this.#register());
    socket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    socket.on('error', (error) => (unconfirmed = error.message.includes('no subprotocol')));
    socket.on('close', () => this.#onClose(unconfirmed));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    for (const session of this.#sessions.values()) this.#end(session);
    this.#socket?.terminate();
  }

  #is(...faults: string[]): boolean {
    return faults.includes(this.#options.fault ?? '');
  }

  #onClose(unconfirmed: boolean): void {
    if (this.#is('media-survive-signaling-loss')) for (const session of this.#sessions.values()) this.#end(session);
    if (this.#closed || this.#is('reconnect')) return;
    const insists = unconfirmed && this.#is('subprotocol-demanded');
    const waitMs = this.#is('reconnect-intervals') ? CONSTANT_RETRY_MS : this.#waitMs;
    this.#retry = setTimeout(() => this.start(insists ? [] : undefined), waitMs);
    this.#waitMs *= 2;
  }

  #register(): void {
    if (this.#is('register-first')) this.#send({ jsonrpc: '2.0', method: 'hello', params: {} });
    const params: Message = {
      name: this.#is('register-params') ? 7 : 'Fake device',
      capabilities: this.#is('register-capabilities') ? ['subProtocols', 'telepathy'] : ['subProtocols', 'extend'],
    };
    this.#request('register', this.#is('register-jsonrpc') ? ['Fake device'] : params, ({ error }) => {
      if (error === undefined) this.#waitMs = FIRST_RETRY_MS;
      else if (this.#is('register-refused')) this.#request('extend', { session: 'none' }, () => {});
      else this.#socket?.close();
    });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      if (this.#is('binary-frame-survived')) this.close();
      return;
    }
    let message: unknown;
    try {
      message = JSON.parse(data.toString());
    } catch {
      if (!this.#is('parse-error')) this.#send({ jsonrpc: '2.0', id: null, error: { code: -32_700, message: 'Parse error' } });
      return;
    }
    if (Array.isArray(message)) {
      if (this.#is('batch-survived')) this.close();
      for (const part of message as Message[]) this.#take(part);
    } else this.#take(message as Message);
  }

  #take(message: Message): void {
    const { id, method, error } = message;
    if (typeof method !== 'string') {
      if (id === undefined && error !== undefined) this.#onError(error as { code: number; session?: string });
      else this.#answers.get(id)?.(message);
      return;
    }
    const params = (message['params'] ?? {}) as Message;
    const session = this.#sessions.get(String(params['session']));
    if (method === 'connect') this.#connect(id, params);
    else if (method === 'trickle') this.#trickled(session, params['candidate']);
    else if (method === 'extend') this.#extend(id, session, Number(params['expiryTimeSeconds']));
    else if (id !== undefined) {
      const answer = this.#is('unknown-method') ? { result: null } : { error: { code: -32_601, message: 'Method not found' } };
      this.#send({ jsonrpc: '2.0', id, ...answer });
    } else if (this.#is('unknown-notification')) {
      this.#send({ jsonrpc: '2.0', id: null, error: { code: -32_601, message: 'Method not found' } });
    } else if (this.#is('huge-frame-survived')) this.close();
  }

  #onError({ code, session: id }: { code: number; session?: string }): void {
    if (this.#is('error-survived') && id === undefined) this.close();
    const session = this.#sessions.get(id ?? '');
    if (session === undefined || (code === 1002 && session.answered && !this.#is('peer-disconnected-live'))) return;
    this.#end(session);
  }

  #connect(callId: unknown, params: Message): void {
    const { session: id, profile, expiryTimeSeconds } = params;
    const refuse = (code: number): void => this.#send({ jsonrpc: '2.0', id: callId, error: { code, message: 'Refused' } });
    if (typeof id !== 'string') {
      refuse(400);
      if (this.#is('bad-params-survived')) this.close();
      return;
    }
    if (this.#is('connect-again') && this.#completed > 0) return;
    if (this.#is('connect-answer') && profile === undefined) return refuse(-32_603);
    if (this.#is('connect-profile') && profile !== undefined) return refuse(404);
    if (!PROFILES.has(profile) && !this.#is('connect-unknown-profile')) return refuse(404);
    if (this.#is('connect-several') && this.#sessions.size > 0) return refuse(-32_603);
    const answer = (): void => {
      const capabilities = this.#is('connect-capabilities') ? ['extend'] : ['subProtocols', 'extend'];
      this.#send({ jsonrpc: '2.0', id: callId, result: { capabilities } });
    };
    const media = new FakeMedia({
      fault: this.#options.fault,
      keyframeMs: this.#options.keyframeMs ?? Infinity,
      iceServers: (params['iceServers'] ?? []) as { urls: string[] }[],
      onCandidate: (candidate) => this.#trickle(session, candidate),
      onConnected: () => {
        if (this.#is('expiry-early')) this.#expire(session, EARLY_SECONDS);
      },
    });
    const session: Session = { id, media, answered: false, early: [], endTimer: undefined, over: false };
    this.#sessions.set(id, session);
    if (typeof expiryTimeSeconds === 'number') this.#expire(session, expiryTimeSeconds);
    else if (this.#is('expiry-absent')) this.#expire(session, 2);
    if (!this.#is('invite-follows-connect')) answer();
    void this.#invite(session).then(() => {
      if (this.#is('invite-follows-connect')) answer();
    });
  }

  #expire(session: Session, seconds: number): void {
    if (this.#is('expiry-enforced')) return;
    clearTimeout(session.endTimer);
    session.endTimer = setTimeout(() => this.#end(session), seconds * 1000);
  }

  async #invite(session: Session): Promise<void> {
    const offer = damaged(await session.media.offer(), this.#options.fault);
    const own = this.#is('subprotocol-names') ? [METADATA, 'vnd.onvif.made-up'] : [METADATA];
    const subprotocols = this.#is('invite-message') ? METADATA : own;
    this.#request('invite', { session: session.id, offer, subprotocols }, ({ result, error }) => {
      if (error !== undefined) {
        const { code } = error as { code: number };
        if (!this.#is(`invite-error-${code}`)) this.#end(session);
        else session.endTimer = setInterval(() => this.#trickle(session, LATE_CANDIDATE), LATE_INTERVAL_MS);
        return;
      }
      if (this.#is('session-live')) return;
      const { answer, subprotocols: accepted } = result as { answer: string; subprotocols: string[] };
      void session.media.accept(answer, accepted).then(() => {
        session.answered = true;
        for (const candidate of session.early) this.#trickled(session, candidate);
      });
    });
  }

  #trickle(session: Session, candidate: { candidate: string; sdpMid: string; sdpMLineIndex: number } | undefined): void {
    if (session.over) return;
    if (candidate === undefined && this.#is('trickle-end')) return;
    const dropped = { 'host-candidate': ' typ host', 'srflx-candidate': ' typ srflx', 'relay-candidate': ' typ relay' };
    const kind = dropped[this.#options.fault as keyof typeof dropped];
    if (kind !== undefined && candidate?.candidate.includes(kind) === true) return;
    const call = this.#is('trickle-notification') ? { id: 999 } : {};
    this.#send({
      jsonrpc: '2.0',
      ...call,
      method: 'trickle',
      params: { session: session.id, candidate: candidate ?? { candidate: '' } },
    });
  }

  #trickled(session: Session | undefined, value: unknown): void {
    if (session === undefined || typeof value !== 'object' || value === null) return;
    const candidate = value as { candidate: string; sdpMid: string; sdpMLineIndex: number };
    if (candidate.candidate === '') return;
    if (!/^candidate:\S+ \d+ (udp|tcp) \d+ \S+ \d+ typ /i.test(candidate.candidate)) {
      if (this.#is('trickle-malformed')) return;
      const id = this.#is('error-notification') ? { id: null } : {};
      this.#send({ jsonrpc: '2.0', ...id, error: { code: 1003, message: 'Malformed candidate', session: session.id } });
      return;
    }
    if (session.answered) session.media.addCandidate(candidate);
    else if (!this.#is('trickle-before-answer')) session.early.push({ ...candidate });
  }

  #extend(callId: unknown, session: Session | undefined, seconds: number): void {
    if (session !== undefined && !this.#is('extend-holds')) this.#expire(session, seconds);
    const expiryTimeSeconds = this.#is('extend-answer') ? String(seconds) : seconds;
    this.#send({ jsonrpc: '2.0', id: callId, result: { expiryTimeSeconds } });
  }

  #end(session: Session): void {
    session.over = true;
    clearTimeout(session.endTimer);
    if (session.answered) this.#completed += 1;
    this.#sessions.delete(session.id);
    session.media.close();
  }

  #request(method: string, params: unknown, onAnswer: (message: Message) => void): void {
    const id = (this.#nextId += 1);
    this.#answers.set(id, onAnswer);
    this.#send({ jsonrpc: '2.0', id, method, params });
  }

  #send(message: Message): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

/** What a fault makes of the text of an offer. */
function damaged(offer: string, fault: string | undefined): string {
  const damages: Record<string, (sdp: string) => string> = {
    'offer-crlf': (sdp) => sdp.replaceAll('\r\n', '\n'),
    'offer-trickle': (sdp) => sdp.replace(/^a=ice-options:.*\r\n/gm, ''),
    'offer-setup': (sdp) => sdp.replaceAll('a=setup:actpass', 'a=setup:active'),
    'offer-bundle': (sdp) => sdp.replace(/^a=group:.*\r\n/m, ''),
    'offer-rtcp-mux': (sdp) => sdp.replace('a=rtcp-mux\r\n', ''),
    'offer-ice-credentials': (sdp) => sdp.replace(/^a=ice-pwd:.*$/m, 'a=ice-pwd:tooshort'),
    'offer-fingerprint': (sdp) => sdp.replaceAll('a=fingerprint:sha-256', 'a=fingerprint:md5'),
    'offer-video-codec': (sdp) => sdp.replaceAll('H264/90000', 'H265/90000'),
    'offer-audio-codec': (sdp) => sdp.replace(/^(m=audio .*) 0$/m, '$1 8').replace('rtpmap:0 PCMU', 'rtpmap:8 PCMA'),
    'offer-audio-direction': (sdp) => inAudio(sdp, 'a=inactive'),
    'offer-audio-profile': (sdp) => inAudio(sdp, 'a=recvonly'),
    'offer-application': (sdp) => sdp.replace(/^m=application[\s\S]*?(?=^m=|$(?![\s\S]))/m, ''),
  };
  return damages[fault ?? '']?.(offer) ?? offer;
}

function inAudio(sdp: string, direction: string): string {
  const at = sdp.indexOf('m=audio');
  return sdp.slice(0, at) + sdp.slice(at).replace('a=sendonly', direction);
}
