import { MediaStream, RTCPeerConnection, type RTCDataChannel, type RTCDtlsTransport, type RTCRtpTransceiver } from 'werift';
import { GatewayError } from '../../base/errors.ts';
import type { RtcpMessage } from '../../media/rtp/rtcp.ts';
import type { IceCandidate, IceServer } from '../../base/ice.ts';
import type { IceSettings } from '../../plane/messages.ts';
import type { EgressTransport } from '../egress/transport.ts';
import type { NegotiatedMedia } from '../egress/viewer-egress.ts';
import { replayEarlyDtls } from './early-dtls.ts';
import { WeriftEgressTransport } from './egress-transport.ts';
import { announced, askOnlyListedServers, iceConfiguration, isMulticastName } from './ice-options.ts';
import { guardUdpSockets } from './udp-socket-guard.ts';
import { OFFERED_MEDIA, readAnswer, type AnsweredMedia } from './offer.ts';
import { receiveRtcp } from './received-rtcp.ts';
import { guardSctp } from './sctp-guard.ts';

/** A data channel that the viewer opened. */
export interface PeerDataChannel {
  /** The subprotocol that it was opened with. */
  readonly protocol: string;
  readonly open: boolean;
  /** Bytes that were sent and not yet acknowledged. */
  readonly bufferedAmount: number;
  send(message: Buffer): void;
  close(): void;
}

export interface DevicePeerOptions {
  ice: IceSettings;
  /** From the signaling server, used after those of the settings. */
  iceServers: readonly IceServer[];
  /** Whether the profile has sound to send. */
  audio: boolean;
  onCandidate: (candidate: IceCandidate) => void;
  /** Media may flow. */
  onConnected: (media: NegotiatedMedia, transport: EgressTransport) => void;
  onRtcp: (message: RtcpMessage) => void;
  onDataChannel: (channel: PeerDataChannel) => void;
  /** The connection is over: it could not be made, the viewer left, or its consent ran out. */
  onDisconnected: (error: GatewayError) => void;
}

const NO_PORT = 'The gateway found no free UDP port for another viewer; webrtc.udp_ports may be too few.';
/** Largest data channel message to a peer that names no limit (RFC 8841 section 6.1). */
const DEFAULT_MAX_MESSAGE_SIZE = 65_536;
/** An id that no browser gets to: the channel only makes werift offer data channels; no other use is made of it. */
const UNUSED_CHANNEL_ID = 65_000;

/** The offering side of one WebRTC connection, on werift: ICE, DTLS, SCTP and SDP. Media go past werift (see {@link EgressTransport}). */
export class DevicePeer {
  readonly #options: DevicePeerOptions;
  readonly #connection: RTCPeerConnection;
  readonly #video: RTCRtpTransceiver;
  readonly #audio: RTCRtpTransceiver | undefined;
  #answer: ReturnType<typeof readAnswer> | undefined;
  #maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE;
  #closed = false;

  constructor(options: DevicePeerOptions) {
    guardUdpSockets();
    this.#options = options;
    this.#connection = new RTCPeerConnection({
      ...iceConfiguration(options.ice, options.iceServers),
      ...OFFERED_MEDIA,
      bundlePolicy: 'max-bundle',
    });
    // One stream for both: browsers bring only tracks of one stream in step.
    const stream = new MediaStream();
    this.#video = this.#connection.addTransceiver('video', { direction: 'sendonly' });
    this.#video.sender.setStreams([stream]);
    if (options.audio) {
      this.#audio = this.#connection.addTransceiver('audio', { direction: 'sendonly' });
      this.#audio.sender.setStreams([stream]);
    }
    this.#connection.createDataChannel('', { negotiated: true, id: UNUSED_CHANNEL_ID });
    guardSctp(this.#connection);
  }

  /** Largest data channel message that the viewer takes, bytes. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  /** Makes the offer and begins to gather candidates. */
  async offer(): Promise<string> {
    askOnlyListedServers(this.#connection);
    this.#listen(this.#transport());
    const offer = await this.#connection.createOffer();
    this.#connection
      .setLocalDescription(offer)
      .catch((error: unknown) => this.#end('session.offer', 'The offer could not be applied.', error));
    return offer.sdp;
  }

  /** @throws GatewayError `session.answer` when the answer is unusable */
  async accept(answer: string): Promise<void> {
    try {
      if (!/^m=/m.test(answer)) throw new Error('it has no media section');
      this.#answer = readAnswer(answer);
      this.#maxMessageSize = readMaxMessageSize(answer);
      await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer });
    } catch (error) {
      throw new GatewayError('session.answer', `The viewer's answer could not be used: ${messageOf(error)}.`, { cause: error });
    }
  }

  /** @throws GatewayError `session.candidate` when the candidate is malformed */
  async addCandidate(candidate: IceCandidate): Promise<void> {
    if (this.#options.ice.loopbackOnly && isMulticastName(candidate)) return;
    // werift gives up at once when the last candidate has come and none could be paired, though the viewer's own checks may be on their
    // way and tell us its address; without the end mark it waits for them.
    if (candidate.candidate === '') return;
    try {
      const { sdpMid = null, sdpMLineIndex = null } = candidate;
      await this.#connection.addIceCandidate({
        candidate: candidate.candidate,
        ...(sdpMid === null ? {} : { sdpMid }),
        ...(sdpMLineIndex === null ? {} : { sdpMLineIndex }),
      });
    } catch (error) {
      throw new GatewayError('session.candidate', `A candidate could not be used: ${messageOf(error)}.`, { cause: error });
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#connection.close();
  }

  #transport(): RTCDtlsTransport {
    const [transport] = this.#connection.dtlsTransports;
    if (transport === undefined) throw new Error('the connection has no transport');
    return transport;
  }

  #listen(transport: RTCDtlsTransport): void {
    replayEarlyDtls(transport);
    let gathered = false;
    this.#connection.onIceCandidate.subscribe((candidate) => {
      if (candidate === undefined) {
        if (!gathered) this.#end('session.no_port', NO_PORT);
        this.#options.onCandidate({ candidate: '', sdpMid: this.#video.mid, sdpMLineIndex: 0 });
        return;
      }
      gathered = true;
      const { candidate: text, sdpMid = null, sdpMLineIndex = null } = candidate.toJSON();
      for (const each of announced({ candidate: text, sdpMid, sdpMLineIndex }, this.#options.ice.advertise))
        this.#options.onCandidate(each);
    });
    transport.onStateChange.subscribe((state) => {
      if (state === 'connected') this.#options.onConnected(this.#negotiated(), new WeriftEgressTransport(transport));
      if (state === 'failed') this.#end('session.dtls', 'The encrypted connection to the viewer could not be made.');
      if (state === 'closed') this.#end('session.left', 'The viewer closed the connection.');
    });
    receiveRtcp(transport, (message) => this.#options.onRtcp(message));
    this.#connection.iceConnectionStateChange.subscribe((state) => {
      if (state !== 'failed') return;
      if (transport.state === 'connected') this.#end('session.lost', 'The viewer does not answer any more.');
      else this.#end('session.ice', 'No network path to the viewer was found.');
    });
    this.#connection.onDataChannel.subscribe((channel) => {
      // werift acknowledges the channel after this; one that is closed before stays half open.
      queueMicrotask(() => this.#options.onDataChannel(new WeriftDataChannel(channel)));
    });
  }

  #negotiated(): NegotiatedMedia {
    const media: NegotiatedMedia = {};
    const video = this.#answer?.video;
    const payloadType = video?.payloadTypes.get('H264');
    if (video !== undefined && payloadType !== undefined) {
      const { ssrc, rtxSsrc } = this.#video.sender;
      const rtx = video.rtxPayloadType === undefined ? {} : { rtx: { ssrc: rtxSsrc, payloadType: video.rtxPayloadType } };
      media.video = { ssrc, payloadType, cname: this.#connection.cname, ...rtx, ...midOf(video) };
    }
    const audio = this.#answer?.audio;
    if (audio !== undefined && this.#audio !== undefined) {
      const { ssrc } = this.#audio.sender;
      media.audio = { ssrc, payloadTypes: audio.payloadTypes, cname: this.#connection.cname, ...midOf(audio) };
    }
    return media;
  }

  #end(code: string, message: string, cause?: unknown): void {
    if (this.#closed) return;
    this.#options.onDisconnected(new GatewayError(code, message, cause === undefined ? {} : { cause }));
  }
}

class WeriftDataChannel implements PeerDataChannel {
  readonly #channel: RTCDataChannel;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
  }

  get protocol(): string {
    return this.#channel.protocol;
  }

  get open(): boolean {
    return this.#channel.readyState === 'open';
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount;
  }

  send(message: Buffer): void {
    this.#channel.send(message);
  }

  close(): void {
    this.#channel.close();
  }
}

function midOf(media: AnsweredMedia): Pick<NonNullable<NegotiatedMedia['video']>, 'mid'> {
  return media.midExtensionId === undefined ? {} : { mid: { extensionId: media.midExtensionId, value: media.mid } };
}

/** RFC 8841 section 6: 0 means any size. */
function readMaxMessageSize(answer: string): number {
  const size = /^a=max-message-size:(\d{1,10})\s*$/m.exec(answer)?.[1];
  if (size === undefined) return DEFAULT_MAX_MESSAGE_SIZE;
  return size === '0' ? Number.MAX_SAFE_INTEGER : Number(size);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
