import { randomBytes } from 'node:crypto';
import { encodeInterleaved } from '../../camera/rtsp/interleaved.ts';
import { parseRtcp } from '../../media/rtp/rtcp.ts';
import type { Pacer } from './pacer.ts';
import type { Burst } from './rtp-stream.ts';
import type { Talkback } from './talkback.ts';
import type { MediaTrack, TrackReader } from './tracks.ts';
import type { UdpPair } from './udp-pair.ts';

/** Where a track's packets go: channels of the RTSP connection, or ports of the client; RTP, then RTCP. */
export type TrackTransport =
  | { kind: 'tcp'; channels: [number, number] }
  | { kind: 'udp'; address: string; clientPorts: [number, number] };

/** What a session needs of its connection. */
export interface SessionLink {
  write(bytes: Buffer): void;
  /** Bytes that the client has not yet taken. */
  readonly backlog: number;
}

export interface SessionOptions {
  link: SessionLink;
  pacer: Pacer;
  udp: UdpPair;
  talkback: Talkback;
  now: () => number;
  /** A client lost the picture and asks for an IDR. */
  onPictureLoss: () => void;
}

/** Seconds without a sign of life after which a session ends (RFC 2326 section 12.37). */
export const SESSION_TIMEOUT_S = 60;
/** A client that is this far behind gets nothing until it has caught up, then pictures from the next IDR on. */
const MAX_BACKLOG_BYTES = 512 * 1024;

/** One RTSP session: the tracks that were set up, and whether they play. */
export class RtspSession implements TrackReader {
  readonly id = randomBytes(8).toString('hex');
  readonly #options: SessionOptions;
  readonly #transports = new Map<MediaTrack, TrackTransport>();
  /** Tracks whose packets make no sense to the client before one that it can start with. */
  readonly #waiting = new Set<MediaTrack>();
  #talkbackTransport: TrackTransport | undefined;
  #playing = false;
  #lastSignMs: number;
  #dropped = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#lastSignMs = options.now();
  }

  get playing(): boolean {
    return this.#playing;
  }

  get tracks(): MediaTrack[] {
    return [...this.#transports.keys()];
  }

  /** Packets that were not sent since the client did not take them. */
  get dropped(): number {
    return this.#dropped;
  }

  get isExpired(): boolean {
    return this.#options.now() - this.#lastSignMs > SESSION_TIMEOUT_S * 1000;
  }

  /** The client is there. */
  touch(): void {
    this.#lastSignMs = this.#options.now();
  }

  /** Sets a track up, the backchannel for `talkback`; a track that was set up before gets the new transport. */
  setUp(track: MediaTrack | 'talkback', transport: TrackTransport): void {
    if (track === 'talkback') this.#talkbackTransport = transport;
    else this.#transports.set(track, transport);
  }

  /** True when one of the channels is in use on this connection. */
  usesChannel(channels: readonly number[]): boolean {
    return this.#allTransports().some(
      (each) => each.kind === 'tcp' && each.channels.some((channel) => channels.includes(channel)),
    );
  }

  /** Goes on unchanged when it plays already: some clients stay alive by PLAY. */
  play(): void {
    if (this.#playing) return;
    this.#playing = true;
    for (const track of this.#transports.keys()) {
      this.#waiting.add(track);
      this.#options.pacer.add(track, this);
    }
  }

  /** Stops sending; PLAY goes on. Also the session's end. */
  pause(): void {
    this.#playing = false;
    for (const track of this.#transports.keys()) this.#options.pacer.remove(track, this);
  }

  readRtp(track: MediaTrack, burst: Burst): void {
    const transport = this.#transports.get(track);
    if (transport === undefined) return;
    if (transport.kind === 'tcp' && this.#options.link.backlog > MAX_BACKLOG_BYTES) this.#waiting.add(track);
    else if (burst.isStart) this.#waiting.delete(track);
    if (this.#waiting.has(track)) this.#dropped += burst.packets.length;
    else if (transport.kind === 'tcp') this.#options.link.write(burst.interleaved(transport.channels[0]));
    else for (const packet of burst.packets) this.#options.udp.sendRtp(packet, transport.clientPorts[0], transport.address);
  }

  readRtcp(track: MediaTrack, bytes: Buffer): void {
    const transport = this.#transports.get(track);
    if (transport === undefined) return;
    if (transport.kind === 'tcp') this.#options.link.write(encodeInterleaved(transport.channels[1], bytes));
    else this.#options.udp.sendRtcp(bytes, transport.clientPorts[1], transport.address);
  }

  /** Takes a frame that came in on a channel of the connection. */
  receiveInterleaved(channel: number, bytes: Buffer): void {
    this.touch();
    const talkback = this.#talkbackTransport;
    if (talkback?.kind === 'tcp' && talkback.channels[0] === channel) this.#hear(bytes);
    else if (this.#allTransports().some((each) => each.kind === 'tcp' && each.channels[1] === channel)) this.#takeFeedback(bytes);
  }

  /** Takes a datagram that came in on the RTP or RTCP port; false when it is from somebody else. */
  receiveDatagram(bytes: Buffer, from: { address: string; port: number }, kind: 'rtp' | 'rtcp'): boolean {
    const isFrom = (transport: TrackTransport): boolean =>
      transport.kind === 'udp' &&
      transport.address === from.address &&
      transport.clientPorts[kind === 'rtp' ? 0 : 1] === from.port;
    if (!this.#allTransports().some(isFrom)) return false;
    this.touch();
    if (kind === 'rtcp') this.#takeFeedback(bytes);
    else if (this.#talkbackTransport !== undefined && isFrom(this.#talkbackTransport)) this.#hear(bytes);
    return true;
  }

  #hear(bytes: Buffer): void {
    if (this.#playing) this.#options.talkback.receive(bytes, this.#options.now());
  }

  #takeFeedback(bytes: Buffer): void {
    const isPictureLoss = parseRtcp(bytes).messages.some(({ type }) => type === 'pli' || type === 'fir');
    if (isPictureLoss && this.#playing) this.#options.onPictureLoss();
  }

  #allTransports(): TrackTransport[] {
    const talkback = this.#talkbackTransport;
    return [...this.#transports.values(), ...(talkback === undefined ? [] : [talkback])];
  }
}
