import type { Clock } from '../../base/clock.ts';
import type { GatewayError } from '../../base/errors.ts';
import { redactUrl, type Logger } from '../../base/log.ts';
import type { RtspConnection } from './connection.ts';
import { controlUrl } from './control-url.ts';
import { protocol, refused } from './failure.ts';
import { InterleavedChannels } from './interleaved-channels.ts';
import { isSuccess, type RtspResponse } from './message.ts';
import type { RtspTrack } from './sdp.ts';
import { parseTransport, type TransportAnswer } from './transport-header.ts';
import { UdpMedia } from './udp-media.ts';

export interface MediaPathsOptions {
  /** `auto`: `tcp`, or `udp` where the camera refuses that. */
  transport: () => 'auto' | 'tcp' | 'udp';
  place: string;
  clock: Clock;
  logger: Logger;
  /** The connection that the session is on. */
  connection: () => RtspConnection;
  /** Sends SETUP for a URL with this Transport header. */
  setUp: (uri: string, transport: string) => Promise<RtspResponse>;
  onRtp: (track: RtspTrack, packet: Buffer, arrivalMs: number) => void;
  onRtcp: (track: RtspTrack, packet: Buffer, arrivalMs: number) => void;
}

const UNSUPPORTED_TRANSPORT = 461;

/** The ways on which the tracks of one session come: interleaved in the RTSP connection, or by UDP. */
export class MediaPaths {
  readonly #options: MediaPathsOptions;
  readonly #channels = new InterleavedChannels();
  readonly #udp = new Map<RtspTrack, UdpMedia>();
  #asksForUdp = false;
  #receiving = false;
  #closed = false;

  constructor(options: MediaPathsOptions) {
    this.#options = options;
  }

  /** True where the camera's media come by UDP. */
  get overUdp(): boolean {
    return this.#udp.size > 0;
  }

  /** Datagrams that were not the camera's, or not of the stream. */
  get datagramsRefused(): number {
    return [...this.#udp.values()].reduce((sum, each) => sum + each.refused, 0);
  }

  /**
   * Sets the tracks up and returns those that the camera agreed to, with the SSRC that it announced.
   * @throws GatewayError `rtsp.status` when a video track is refused, or all; `rtsp.udp`.
   */
  async setUp(tracks: readonly RtspTrack[], base: string): Promise<RtspTrack[]> {
    const ready: RtspTrack[] = [];
    const transport = this.#options.transport();
    this.#asksForUdp = transport === 'udp';
    let failure: GatewayError | undefined;
    for (const track of tracks) {
      const uri = controlUrl(base, track.control);
      let outcome = await this.#setUpTrack(track, uri);
      if (transport === 'auto' && ready.length === 0 && isUnsupported(outcome)) {
        this.#asksForUdp = true;
        outcome = await this.#setUpTrack(track, uri);
        this.#asksForUdp = isTrack(outcome);
      }
      if (isTrack(outcome)) {
        ready.push(outcome);
      } else {
        // Sound or metadata that cannot be had must not cost the picture.
        const error = refused(redactUrl(uri), 'SETUP', outcome);
        if (track.kind === 'video') throw error;
        failure ??= error;
        this.#options.logger.info({ reason: error.message }, `camera refuses its ${track.kind} track`);
      }
    }
    if (ready.length === 0 && failure !== undefined) throw failure;
    return ready;
  }

  /** Packets are handed on from now on: just before PLAY, since the first come before its answer. */
  receive(): void {
    this.#receiving = true;
  }

  /** Opens the ways through NAT, and keeps them open when it is called again. */
  punch(): void {
    for (const udp of this.#udp.values()) udp.punch();
  }

  /** Takes a frame of the RTSP connection. */
  onFrame(channel: number, payload: Buffer, arrivalMs: number): void {
    const found = this.#channels.get(channel);
    if (found === undefined || !this.#receiving) return;
    const { onRtp, onRtcp } = this.#options;
    (found.isRtcp ? onRtcp : onRtp)(found.track, payload, arrivalMs);
  }

  /** Sends on a track of ours, the backchannel; false when the packet was dropped. */
  sendRtp(track: RtspTrack, packet: Uint8Array): boolean {
    if (this.#closed) return false;
    const channel = this.#channels.rtpOf(track);
    if (channel !== undefined) return this.#options.connection().sendFrame(channel, packet);
    return this.#udp.get(track)?.sendRtp(packet) ?? false;
  }

  /** False when the packet was dropped. */
  sendRtcp(track: RtspTrack, packet: Uint8Array): boolean {
    if (this.#closed) return false;
    const channel = this.#channels.rtcpOf(track);
    if (channel !== undefined) return this.#options.connection().sendFrame(channel, packet);
    return this.#udp.get(track)?.sendRtcp(packet) ?? false;
  }

  /** Ends all; nothing is handed on any more. */
  close(): void {
    this.#closed = true;
    this.#receiving = false;
    for (const udp of this.#udp.values()) udp.close();
  }

  /** The track as it was set up, or the answer that refuses it. */
  #setUpTrack(track: RtspTrack, uri: string): Promise<RtspTrack | RtspResponse> {
    return this.#asksForUdp ? this.#setUpUdp(track, uri) : this.#setUpInterleaved(track, uri);
  }

  async #setUpInterleaved(track: RtspTrack, uri: string): Promise<RtspTrack | RtspResponse> {
    const asked = this.#channels.next();
    const response = await this.#options.setUp(uri, `RTP/AVP/TCP;unicast;interleaved=${asked.rtp}-${asked.rtcp}`);
    if (!isSuccess(response)) return response;
    const answer = answerOf(response);
    // It means to send by UDP, to ports that nobody named.
    if (answer.channels === undefined && answer.serverPorts !== undefined) return { ...response, status: UNSUPPORTED_TRANSPORT };
    const ready = announced(track, answer);
    this.#channels.assign(ready, asked, answer.channels);
    return ready;
  }

  async #setUpUdp(track: RtspTrack, uri: string): Promise<RtspTrack | RtspResponse> {
    const { place, clock, connection, setUp, onRtp, onRtcp } = this.#options;
    const { localAddress, cameraAddress } = connection();
    let ready = track;
    const udp = await UdpMedia.open({
      place,
      localAddress,
      cameraAddress,
      clock,
      onRtp: (packet, arrivalMs) => this.#receiving && onRtp(ready, packet, arrivalMs),
      onRtcp: (packet, arrivalMs) => this.#receiving && onRtcp(ready, packet, arrivalMs),
    });
    try {
      const { rtp, rtcp } = udp.clientPorts;
      const response = await setUp(uri, `RTP/AVP;unicast;client_port=${rtp}-${rtcp}`);
      if (!isSuccess(response)) return response;
      const answer = answerOf(response);
      if (answer.multicast)
        throw protocol(place, 'sends by multicast only', 'Allow unicast in the camera, or fetch it by transport: tcp.');
      ready = announced(track, answer);
      if (this.#closed) return ready;
      if (answer.channels !== undefined && answer.serverPorts === undefined) {
        // It sends inside the connection, whatever was asked for.
        this.#channels.assign(ready, this.#channels.next(), answer.channels);
        return ready;
      }
      this.#udp.set(ready, udp);
      udp.accept(answer);
      return ready;
    } finally {
      if (!this.#udp.has(ready)) udp.close();
    }
  }
}

function answerOf(response: RtspResponse): TransportAnswer {
  return parseTransport(response.headers.get('Transport') ?? '');
}

function announced(track: RtspTrack, { ssrc }: TransportAnswer): RtspTrack {
  return ssrc === undefined ? track : { ...track, ssrc };
}

function isTrack(outcome: RtspTrack | RtspResponse): outcome is RtspTrack {
  return 'kind' in outcome;
}

function isUnsupported(outcome: RtspTrack | RtspResponse): boolean {
  return !isTrack(outcome) && outcome.status === UNSUPPORTED_TRANSPORT;
}
