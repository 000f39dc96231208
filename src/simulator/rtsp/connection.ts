import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { InterleavedParser } from '../../camera/rtsp/interleaved.ts';
import { encodeResponse, RtspHeaders, type RtspRequest } from '../../camera/rtsp/message.ts';
import type { DigestAuthentication } from '../digest-authentication.ts';
import { CONTROLS, sessionDescription, type ProfileTracks } from './description.ts';
import type { RtspFaults } from './faults.ts';
import { RtspSession, SESSION_TIMEOUT_S, type SessionOptions, type TrackTransport } from './session.ts';
import type { MediaTrack } from './tracks.ts';
import { parseTransport } from './transport-header.ts';

/** What a connection needs of its server. */
export interface ConnectionContext extends Omit<SessionOptions, 'link'> {
  /** Undefined where everybody may see the camera. */
  authentication: DigestAuthentication | undefined;
  faults: Readonly<RtspFaults>;
  /** By token: the path without its slash. */
  profiles: ReadonlyMap<string, ProfileTracks>;
  udpPorts: readonly [number, number];
}

interface Answer {
  status: number;
  headers?: [name: string, value: string][];
  body?: string;
}

const BACKCHANNEL = 'www.onvif.org/ver20/backchannel';
const METHODS = ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'PAUSE', 'GET_PARAMETER', 'SET_PARAMETER', 'TEARDOWN'];
/** Requests that a client may send ahead. */
const MAX_UNANSWERED = 100;
const REASONS: Record<number, string> = {
  200: 'OK',
  401: 'Unauthorized',
  404: 'Not Found',
  451: 'Parameter Not Understood',
  453: 'Not Enough Bandwidth',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  461: 'Unsupported Transport',
  501: 'Not Implemented',
  551: 'Option not supported',
};

/** One client's RTSP connection (RFC 2326), with at most one session, which ends with the connection. */
export class RtspConnection {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  readonly #closing = new AbortController();
  #session: RtspSession | undefined;
  /** Answers go out in the order of the requests, however late each is. */
  #answered: Promise<void> = Promise.resolve();
  #unanswered = 0;

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
  }

  get session(): RtspSession | undefined {
    return this.#session;
  }

  start(onClose: () => void): void {
    const parser = new InterleavedParser((item) => {
      if (item.kind === 'request') this.#enqueue(item.request);
      else if (item.kind === 'frame') this.#session?.receiveInterleaved(item.channel, item.payload);
    });
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => parser.push(chunk));
    // 'close' follows, and says the rest.
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.#closing.abort();
      this.#endSession();
      onClose();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #enqueue(request: RtspRequest): void {
    this.#unanswered += 1;
    if (this.#unanswered > MAX_UNANSWERED) {
      this.close();
      return;
    }
    this.#answered = this.#answered.then(async () => {
      const { faults } = this.#context;
      const { signal } = this.#closing;
      if (faults.delayMs > 0) await delay(faults.delayMs, undefined, { signal }).catch(() => undefined);
      this.#unanswered -= 1;
      // The client may have hung up meanwhile.
      if (!faults.unresponsive && !signal.aborted) this.#respond(request, this.#answer(request));
    });
  }

  #respond(request: RtspRequest, answer: Answer): void {
    const headers = new RtspHeaders([
      ['CSeq', request.headers.get('CSeq') ?? '0'],
      ['Server', 'Simulated camera'],
      ...(answer.headers ?? []),
    ]);
    const body = Buffer.from(answer.body ?? '');
    this.#socket.write(encodeResponse({ status: answer.status, reason: REASONS[answer.status] ?? '', headers, body }));
    // Media start behind the answer that promises them.
    if (request.method === 'PLAY' && answer.status === 200) this.#session?.play();
  }

  #answer(request: RtspRequest): Answer {
    const { method, headers } = request;
    if (method === 'OPTIONS') return { status: 200, headers: [['Public', METHODS.join(', ')]] };
    const challenges = this.#context.authentication?.challenge(method, headers.get('Authorization'), this.#context.now());
    if (challenges !== undefined) return { status: 401, headers: challenges.map((value) => ['WWW-Authenticate', value]) };
    if (!METHODS.includes(method)) return { status: 501 };
    const { talkbackRefusal } = this.#context.faults;
    const unsupported = headers.getAll('Require').filter((tag) => tag !== BACKCHANNEL || talkbackRefusal === 551);
    if (unsupported.length > 0) return { status: 551, headers: [['Unsupported', unsupported.join(', ')]] };
    if (method === 'DESCRIBE') return this.#describe(request);
    const sessionId = headers.get('Session')?.split(';')[0]?.trim();
    if (sessionId !== undefined && sessionId !== this.#session?.id) return { status: 454 };
    if (sessionId !== undefined) this.#session?.touch();
    if (method === 'SETUP') return this.#setUp(request, sessionId);
    if (method === 'GET_PARAMETER' || method === 'SET_PARAMETER') return this.#parameters(request, sessionId);
    return sessionId === undefined || this.#session === undefined
      ? { status: 454 }
      : this.#control(method, request.uri, this.#session);
  }

  #describe(request: RtspRequest): Answer {
    const { token } = parseUri(request.uri);
    const profile = this.#context.profiles.get(token);
    if (profile === undefined) return { status: 404 };
    const talkback = request.headers.get('Require') === undefined ? undefined : this.#context.talkback;
    return {
      status: 200,
      headers: [
        ['Content-Base', `${request.uri.replace(/\/$/, '')}/`],
        ['Content-Type', 'application/sdp'],
      ],
      body: sessionDescription(profile, this.#socket.localAddress ?? '127.0.0.1', talkback, this.#context.faults.description),
    };
  }

  #setUp(request: RtspRequest, sessionId: string | undefined): Answer {
    const { token, control } = parseUri(request.uri);
    const track = findTrack(this.#context.profiles.get(token), control);
    if (track === undefined) return { status: 404 };
    if (track === 'talkback' && this.#context.faults.talkbackRefusal === 453) return { status: 453 };
    if (this.#session !== undefined && (sessionId === undefined || this.#session.playing)) return { status: 455 };
    const transport = this.#transport(request.headers.get('Transport') ?? '');
    if (transport === undefined) return { status: 461 };
    this.#session ??= new RtspSession({ ...this.#context, link: this.#link() });
    this.#session.setUp(track, transport);
    return {
      status: 200,
      headers: [
        ['Session', `${this.#session.id};timeout=${SESSION_TIMEOUT_S}`],
        ['Transport', this.#describeTransport(track, transport)],
      ],
    };
  }

  #transport(header: string): TrackTransport | undefined {
    const requested = parseTransport(header);
    if (requested?.kind === 'udp') return { ...requested, address: this.#socket.remoteAddress ?? '' };
    if (requested?.kind !== 'tcp') return undefined;
    const channels = requested.channels ?? this.#freeChannels();
    return this.#session?.usesChannel(channels) === true ? undefined : { kind: 'tcp', channels };
  }

  #freeChannels(): [number, number] {
    let first = 0;
    while (this.#session?.usesChannel([first, first + 1]) === true) first += 2;
    return [first, first + 1];
  }

  #describeTransport(track: MediaTrack | 'talkback', transport: TrackTransport): string {
    const ssrc = track === 'talkback' ? '' : `;ssrc=${track.rtp.ssrc.toString(16).padStart(8, '0').toUpperCase()}`;
    if (transport.kind === 'tcp') return `RTP/AVP/TCP;unicast;interleaved=${transport.channels.join('-')}${ssrc}`;
    return `RTP/AVP;unicast;client_port=${transport.clientPorts.join('-')};server_port=${this.#context.udpPorts.join('-')}${ssrc}`;
  }

  /** Without a body a sign of life; the camera has no parameters. */
  #parameters(request: RtspRequest, sessionId: string | undefined): Answer {
    if (request.body.length > 0) return { status: 451 };
    return { status: 200, headers: sessionId === undefined ? [] : [['Session', sessionId]] };
  }

  #control(method: string, uri: string, session: RtspSession): Answer {
    const headers: [string, string][] = [['Session', `${session.id};timeout=${SESSION_TIMEOUT_S}`]];
    switch (method) {
      case 'PLAY':
        // The sequence number of the first packet is not known before the next IDR, so RTP-Info leaves it out.
        headers.push(['Range', 'npt=now-'], ['RTP-Info', this.#rtpInfo(uri, session)]);
        return { status: 200, headers };
      case 'PAUSE':
        session.pause();
        return { status: 200, headers };
      default:
        this.#endSession();
        return { status: 200 };
    }
  }

  #rtpInfo(uri: string, session: RtspSession): string {
    const profile = this.#context.profiles.get(parseUri(uri).token);
    const now = this.#context.now();
    const base = uri.replace(/\/$/, '');
    return session.tracks
      .map((track) => {
        const name = profile?.video === track ? CONTROLS.video : profile?.sound === track ? CONTROLS.sound : CONTROLS.metadata;
        return `url=${base}/${name};rtptime=${track.rtp.timestampAt(now)}`;
      })
      .join(',');
  }

  #link(): SessionOptions['link'] {
    const socket = this.#socket;
    return {
      write: (bytes) => socket.write(bytes),
      get backlog() {
        return socket.writableLength;
      },
    };
  }

  #endSession(): void {
    this.#session?.pause();
    this.#session = undefined;
  }
}

/** `rtsp://host/main/trackID=0` into profile token and control; the query and what else stands there do not count. */
function parseUri(uri: string): { token: string; control: string } {
  const path = /^(?:rtsps?:\/\/[^/?]*)?\/?([^?]*)/i.exec(uri)?.[1] ?? '';
  const [token = '', control = ''] = path.split('/').filter((part) => part !== '');
  return { token, control };
}

function findTrack(profile: ProfileTracks | undefined, control: string): MediaTrack | 'talkback' | undefined {
  switch (control) {
    case CONTROLS.video:
      return profile?.video;
    case CONTROLS.sound:
      return profile?.sound;
    case CONTROLS.metadata:
      return profile?.metadata;
    case CONTROLS.talkback:
      return profile === undefined ? undefined : 'talkback';
    default:
      return undefined;
  }
}
