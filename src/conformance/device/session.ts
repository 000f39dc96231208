import type { IceCandidate, IceServer } from '../../base/ice.ts';
import { expectObject, expectString, expectThat, isObject } from '../check.ts';
import type { Message, RawAnswer, RawPeer } from '../raw-peer.ts';
import type { LocalCandidate, MediaPeer } from './media-peer.ts';
import { withoutCandidates } from './sdp.ts';
import type { DeviceContext } from './context.ts';

/** What is told to the device about a session that is over, as a viewer that leaves does. */
const GONE = 410;
const DECIDED: ReadonlySet<string> = new Set(['connected', 'failed', 'closed']);

export interface Invite {
  id: unknown;
  message: Message;
  offer: string;
  subprotocols: string[];
}

export interface LiveOptions {
  /** What the answer lists. Default: all that the device offers. */
  subprotocols?: string[];
  /** Candidates of the kit go to the device before the answer does, and the device's are kept from the kit. */
  candidatesFirst?: boolean;
  /** Called between answer and candidates. */
  beforeCandidates?: () => void | Promise<void>;
  /** No candidates go either way. */
  onlyAnswer?: boolean;
}

/** One session that the kit opened at the device: server and client in one. */
export class KitSession {
  readonly id: string;
  readonly peer: RawPeer;
  readonly context: DeviceContext;
  /** Index of the first frame that can be about this session. */
  readonly from: number;
  readonly iceServers: IceServer[];
  media: MediaPeer | undefined;
  /** Whether the kit has answered the invite. */
  #answered = false;
  #ended = false;

  constructor(context: DeviceContext, peer: RawPeer, id: string, iceServers: IceServer[]) {
    this.context = context;
    this.peer = peer;
    this.id = id;
    this.iceServers = iceServers;
    this.from = peer.frames.length;
  }

  /** Sends connect and returns the answer, whatever it is. */
  connect(params: Message = {}): Promise<RawAnswer> {
    const call = { session: this.id, iceServers: this.iceServers, ...params };
    return this.peer.request('connect', call, this.#wait(this.context.settings.timing.answerMs));
  }

  async invite(): Promise<Invite> {
    const { answerMs } = this.context.settings.timing;
    const message = await this.peer.receive(
      'an invite for the session',
      (each) => (each['method'] === 'invite' && this.#concerns(each) ? each : undefined),
      this.#wait(answerMs),
    );
    const params = expectObject(message['params'], 'the params of invite');
    const listed = params['subprotocols'];
    return {
      id: message['id'],
      message,
      offer: expectString(params['offer'], 'the "offer" of invite'),
      subprotocols: Array.isArray(listed) ? listed.filter((name) => typeof name === 'string') : [],
    };
  }

  respond(invite: Invite, answer: string, subprotocols: string[] = invite.subprotocols): void {
    this.#answered = true;
    this.peer.respond(invite.id, { answer, subprotocols });
  }

  refuse(invite: Invite, code: number, message: string): void {
    this.#answered = true;
    this.peer.respondError(invite.id, code, message);
  }

  trickle(candidate: unknown): void {
    this.peer.notify('trickle', { session: this.id, candidate });
  }

  /** All trickles of the device for this session so far. */
  trickles(): { candidate: unknown; message: Message }[] {
    return this.peer.frames.slice(this.from).flatMap(({ message }) => {
      if (message?.['method'] !== 'trickle' || !this.#concerns(message)) return [];
      return [{ candidate: (message['params'] as Message)['candidate'], message }];
    });
  }

  /** The first trickle that `pick` makes something of. */
  receiveTrickle<Value>(what: string, pick: (candidate: unknown) => Value | undefined, timeoutMs: number): Promise<Value> {
    return this.peer.receive(
      what,
      (message) => {
        if (message['method'] !== 'trickle' || !this.#concerns(message)) return undefined;
        return pick((message['params'] as Message)['candidate']);
      },
      this.#wait(timeoutMs),
    );
  }

  /** The first error notification about this session, or about none that it names. */
  receiveError(what: string, timeoutMs: number): Promise<Message> {
    return this.peer.receive(
      what,
      (message) => (isErrorNotification(message) && (sessionOf(message) ?? this.id) === this.id ? message : undefined),
      this.#wait(timeoutMs),
    );
  }

  /** Answers the invite with a connection of the kit's and waits until it stands. */
  async goLive(invite: Invite, options: LiveOptions = {}): Promise<MediaPeer> {
    const media = await this.negotiate(invite, options);
    await this.whenConnected(media);
    return media;
  }

  /** The offer taken, the answer given, candidates under way both ways. */
  async negotiate(invite: Invite, options: LiveOptions = {}): Promise<MediaPeer> {
    const { subprotocols, candidatesFirst = false, onlyAnswer = false, beforeCandidates } = options;
    const media = this.context.createPeer({ iceServers: this.iceServers });
    this.media = media;
    const gathered = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    media.addEventListener('icecandidate', ({ candidate }) => {
      void released.promise.then(() => this.trickle(candidate === null ? { candidate: '' } : plain(candidate)));
      if (candidate === null) void released.promise.then(() => gathered.resolve());
    });
    await media.setRemoteDescription({
      type: 'offer',
      sdp: candidatesFirst || onlyAnswer ? withoutCandidates(invite.offer) : invite.offer,
    });
    await media.setLocalDescription(await media.createAnswer());
    const answer = withoutCandidates(media.localDescription?.sdp ?? '');
    if (candidatesFirst) {
      released.resolve();
      await this.context.within('the candidates of the kit to be gathered', gathered.promise);
      this.respond(invite, answer, subprotocols);
    } else {
      this.respond(invite, answer, subprotocols);
      await beforeCandidates?.();
      if (onlyAnswer) return media;
      released.resolve();
      this.#forwardCandidates(media);
    }
    return media;
  }

  async whenConnected(media: MediaPeer): Promise<void> {
    const state = (): string => `it is ${media.connectionState}`;
    const isDecided = (): boolean => DECIDED.has(media.connectionState);
    await this.context.poll('the media connection to stand', isDecided, this.context.timing.mediaMs, state);
    expectThat(media.connectionState === 'connected', 'the media connection to stand', state());
  }

  /** Packets of sound and picture that came over the media connection. */
  async packets(): Promise<number> {
    return sumOf(await this.media?.getStats(), 'packetsReceived');
  }

  async keyframes(): Promise<number> {
    return sumOf(await this.media?.getStats(), 'keyFramesDecoded');
  }

  /** Waits until media come: the camera may have to be fetched first. */
  expectFlow(what: string): Promise<void> {
    return this.#expectMore(what, this.context.timing.mediaMs);
  }

  /** Waits until more media come than had come by now, of a session that had some. */
  expectStillFlows(what: string): Promise<void> {
    return this.#expectMore(what, this.context.timing.answerMs);
  }

  async #expectMore(what: string, timeoutMs: number): Promise<void> {
    const before = await this.packets();
    const none = (): string => `no packet within ${timeoutMs / 1000} s`;
    await this.context.poll(what, async () => (await this.packets()) > before, timeoutMs, none);
  }

  /** Tells the device that the session is over, if it can be told, and frees what the kit has of it. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const invited = this.peer.frames
      .slice(this.from)
      .find(({ message }) => message?.['method'] === 'invite' && this.#concerns(message));
    if (invited !== undefined && !this.#answered) this.peer.respondError(invited.message?.['id'], GONE, 'The viewer is gone');
    this.peer.notifyError(GONE, 'The viewer closed the session', this.id);
    this.media?.close();
  }

  #forwardCandidates(media: MediaPeer): void {
    const add = (candidate: unknown): void => {
      if (isObject(candidate) && typeof candidate['candidate'] === 'string') {
        // What the kit's own stack makes of a candidate is no verdict on the device.
        media.addIceCandidate(candidate as unknown as IceCandidate).catch(() => undefined);
      }
    };
    for (const { candidate } of this.trickles()) add(candidate);
    this.peer.onMessage((message) => {
      if (message['method'] === 'trickle' && this.#concerns(message)) add((message['params'] as Message)['candidate']);
    });
  }

  #concerns(message: Message): boolean {
    return isObject(message['params']) && message['params']['session'] === this.id;
  }

  #wait(timeoutMs: number): { timeoutMs: number; signal: AbortSignal; from: number } {
    return { timeoutMs, signal: this.context.signal, from: this.from };
  }
}

/** An error object that answers nothing (5.2.8); some send it as a call of a method `error`. */
export function isErrorNotification(message: Message): boolean {
  return message['method'] === 'error' || (isObject(message['error']) && (message['id'] === undefined || message['id'] === null));
}

/** The session of an error notification. The specification does not say where it stands: in the error object, beside it and in its data are all seen. */
export function sessionOf(message: Message): unknown {
  const error = isObject(message['error']) ? message['error'] : message['params'];
  if (!isObject(error)) return message['session'];
  const data = isObject(error['data']) ? error['data'] : {};
  return error['session'] ?? message['session'] ?? data['session'];
}

function plain({ candidate, sdpMid, sdpMLineIndex }: LocalCandidate): IceCandidate {
  return { candidate, sdpMid, sdpMLineIndex };
}

function sumOf(report: Map<string, Record<string, unknown>> | undefined, field: string): number {
  return [...(report?.values() ?? [])].reduce((sum, { [field]: value }) => sum + (typeof value === 'number' ? value : 0), 0);
}
