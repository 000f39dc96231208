import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { MediaStream, RTCPeerConnection, type RTCDtlsTransport, type RTCRtpTransceiver } from 'werift';
import { GatewayError } from '../../base/errors.ts';
import type { RtpPacket } from '../../media/rtp/packet.ts';
import type { RtcpMessage } from '../../media/rtp/rtcp.ts';
import type { AudioCodec, VideoCodec } from '../../media/viewer-codecs.ts';
import type { IceCandidate, IceServer } from '../../base/ice.ts';
import type { IceSettings, PathKind } from '../../plane/messages.ts';
import type { HeaderExtensions } from '../egress/numbered-stream.ts';
import type { EgressTransport } from '../egress/transport.ts';
import type { NegotiatedMedia } from '../egress/negotiated-media.ts';
import { assertAnswers, isOfUse, readAnswer, type Answer, type AnsweredMedia } from './answer.ts';
import { receiveAlerts, sendCloseNotify } from './dtls-alerts.ts';
import { guardDtls } from './dtls-guard.ts';
import { replayEarlyDtls } from './early-dtls.ts';
import { WeriftEgressTransport } from './egress-transport.ts';
import { DeviceIce } from './ice/device-ice.ts';
import { guardUdpSockets } from './udp-socket-guard.ts';
import { completeOffer } from './offer-sdp.ts';
import { WeriftDataChannel } from './werift-data-channel.ts';
import { AUDIO_CODECS, audioCodecs, offeredMedia, videoCodecs, type OfferedMedia } from './offer.ts';
import { prepareKeys } from './prepared-keys.ts';
import { receiveRtcp } from './received-rtcp.ts';
import { audioLevel, receiveRtp, type ReceivedExtension } from './received-rtp.ts';
import { guardSctp } from './sctp-guard.ts';

/** A data channel that the viewer opened. */
export interface PeerDataChannel {
  /** The subprotocol that it was opened with. */
  readonly protocol: string;
  readonly open: boolean;
  /** Bytes that were sent and not yet acknowledged. */
  readonly bufferedAmount: number;
  send(message: Buffer): void;
  /** Calls when {@link bufferedAmount} has fallen to so many bytes, and when the channel is closed. */
  onDrained(bytes: number, listener: () => void): void;
  close(): void;
}

export interface DevicePeerOptions {
  ice: IceSettings;
  /** All that are asked, in their order. */
  iceServers: readonly IceServer[];
  onCandidate: (candidate: IceCandidate) => void;
  /** The path to the viewer failed: it is to be invited again, with this offer. */
  onRestartOffer: (offer: string) => void;
  /** The viewer is reached by another path than before, or again by one that was in doubt. */
  onPathFound: () => void;
  /** Media may flow. */
  onConnected: (media: NegotiatedMedia, transport: EgressTransport) => void;
  onRtcp: (message: RtcpMessage) => void;
  /** What the viewer sends as sound, where the offer asked for it; the codec by its encoding name in upper case, and how loud it is in -dBov (RFC 6464) where the viewer says that. */
  onTalk?: (packet: RtpPacket, codec: string, level: number | undefined) => void;
  onDataChannel: (channel: PeerDataChannel) => void;
  /** The connection is over: it could not be made, the viewer left, or its consent ran out. */
  onDisconnected: (error: GatewayError) => void;
}

const LEFT = 'The viewer closed the connection.';
/** How long a goodbye may take. */
const GOODBYE_MS = 500;
/** Largest data channel message to a peer that names no limit (RFC 8841 section 6.1). */
const DEFAULT_MAX_MESSAGE_SIZE = 65_536;
/** An id that no browser gets to: the channel only makes werift offer data channels; no other use is made of it. */
const UNUSED_CHANNEL_ID = 65_000;

/** The offering side of one WebRTC connection, on werift: ICE, DTLS, SCTP and SDP. Media go past werift (see {@link EgressTransport}). */
export class DevicePeer {
  readonly #options: DevicePeerOptions;
  readonly #connection: RTCPeerConnection;
  /** One for sound and picture: browsers bring only tracks of one stream in step. */
  readonly #stream = new MediaStream();
  readonly #video: RTCRtpTransceiver;
  #audio: RTCRtpTransceiver | undefined;
  readonly #tlsId = randomBytes(16).toString('hex');
  readonly #ice: DeviceIce;
  #offered: OfferedMedia = { video: [] };
  #offer = '';
  #answer: Answer | undefined;
  #maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE;
  #closed = false;
  /** Its end was told: a viewer says goodbye in more than one way. */
  #hasEnded = false;

  constructor(options: DevicePeerOptions) {
    guardUdpSockets();
    this.#options = options;
    this.#connection = new RTCPeerConnection({
      ...offeredMedia(['H264', 'H265']),
      // Those that are asked are for DeviceIce; werift's own list would be Google's.
      iceServers: [],
      bundlePolicy: 'max-bundle',
    });
    this.#video = this.#connection.addTransceiver('video', { direction: 'sendonly' });
    this.#video.sender.setStreams([this.#stream]);
    this.#connection.createDataChannel('', { negotiated: true, id: UNUSED_CHANNEL_ID });
    guardSctp(this.#connection, () => this.#end('session.left', LEFT));
    this.#ice = new DeviceIce(this.#connection, {
      settings: options.ice,
      iceServers: options.iceServers,
      onCandidate: (candidate) => options.onCandidate(candidate),
      onRestartOffer: (offer) => options.onRestartOffer(offer),
      onPathFound: () => options.onPathFound(),
      onEnded: (error) => this.#tellEnd(error),
    });
  }

  /** How the viewer is reached; undefined where it is not. */
  get path(): PathKind | undefined {
    return this.#ice.path;
  }

  /** The path failed, and no other one is found yet. */
  get isPathInDoubt(): boolean {
    return this.#ice.isPathInDoubt;
  }

  /** SSRC of the pictures, as the offer has it. */
  get videoSsrc(): number {
    return this.#video.sender.ssrc;
  }

  /** Largest data channel message that the viewer takes, bytes. */
  get maxMessageSize(): number {
    return this.#maxMessageSize;
  }

  /** Codecs of the picture that the viewer takes; none before its answer, and where it rejects the picture. */
  get acceptedVideo(): ReadonlySet<VideoCodec> {
    return new Set(videoPayloadTypes(this.#answer?.video?.payloadTypes ?? new Map()).keys());
  }

  /** Those that are left out, each with the reason. */
  get unusableIceServers(): readonly string[] {
    return this.#ice.unusableServers;
  }

  /** Makes the offer and begins to gather candidates. To be called once. */
  async offer(offered: OfferedMedia): Promise<string> {
    this.#offered = offered;
    this.#video.setCodecPreferences(videoCodecs(offered.video));
    if (offered.audio !== undefined) {
      // werift never receives media: a direction with `recv` stands in the text of the offer alone.
      this.#audio = this.#connection.addTransceiver('audio', { direction: 'sendonly' });
      this.#audio.setCodecPreferences(audioCodecs(offered.audio));
      this.#audio.sender.setStreams([this.#stream]);
    }
    this.#listen(this.#transport());
    const offer = await this.#connection.createOffer();
    this.#offer = completeOffer(offer.sdp, { audio: offered.audio?.direction, tlsId: this.#tlsId });
    this.#ice.start(this.#offer);
    this.#connection
      .setLocalDescription(offer)
      .catch((error: unknown) => this.#end('session.offer', 'The offer could not be applied.', error));
    return this.#offer;
  }

  /** @throws GatewayError `session.answer` when the answer is unusable, `session.rejected` when it accepts nothing */
  async accept(answer: string): Promise<void> {
    try {
      const read = readAnswer(answer, this.#offered.video);
      assertAnswers(this.#offer, answer, this.#offered.video);
      if (!isOfUse(read)) throw new GatewayError('session.rejected', 'The viewer accepted nothing of what was offered.');
      this.#answer = read;
      this.#maxMessageSize = readMaxMessageSize(answer);
      await this.#connection.setRemoteDescription({ type: 'answer', sdp: this.#ice.prepareAnswer(answer) });
      this.#ice.answered();
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      throw new GatewayError('session.answer', `The viewer's answer could not be used: ${messageOf(error)}.`, { cause: error });
    }
  }

  /** @throws GatewayError `session.candidate` when the candidate is malformed */
  async addCandidate(candidate: IceCandidate): Promise<void> {
    try {
      await this.#ice.addCandidate(candidate);
    } catch (error) {
      throw new GatewayError('session.candidate', `A candidate could not be used: ${messageOf(error)}.`, { cause: error });
    }
  }

  /** Takes the answer to the offer of a restart; one that is unusable leaves all as it is. */
  acceptRestart(answer: string): Promise<void> {
    return this.#ice.acceptRestart(answer);
  }

  /** The viewer did not take the offer of a restart. */
  refuseRestart(): void {
    this.#ice.refuseRestart();
  }

  /** Says goodbye: the viewer knows at once. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ice.close();
    const goodbye = this.#sayGoodbye().then(
      () => true,
      () => true,
    );
    const said = await Promise.race([goodbye, delay(GOODBYE_MS, false)]);
    // A path over TCP may take nothing for as long as it pleases the viewer, and werift would wait for it.
    if (!said) await this.#transport().iceTransport.connection.close();
    await this.#connection.close();
  }

  /** In this order: a browser takes nothing more after the second. */
  async #sayGoodbye(): Promise<void> {
    await this.#connection.sctpTransport?.stop();
    await sendCloseNotify(this.#transport());
  }

  #transport(): RTCDtlsTransport {
    const [transport] = this.#connection.dtlsTransports;
    if (transport === undefined) throw new Error('the connection has no transport');
    return transport;
  }

  #listen(transport: RTCDtlsTransport): void {
    guardDtls(transport);
    replayEarlyDtls(transport);
    transport.onStateChange.subscribe((state) => {
      if (state === 'connected') this.#onConnected(transport);
      if (state === 'failed') this.#end('session.dtls', 'The encrypted connection to the viewer could not be made.');
      if (state === 'closed') this.#end('session.left', LEFT);
    });
    if (this.#offered.audio !== undefined && this.#offered.audio.direction !== 'sendonly')
      receiveRtp(transport, (packet, extensions) => this.#receiveTalk(packet, extensions));
    this.#connection.onDataChannel.subscribe((channel) => {
      // werift acknowledges the channel after this; one that is closed before stays half open.
      queueMicrotask(() => this.#whenAssociated(() => this.#options.onDataChannel(new WeriftDataChannel(channel))));
    });
  }

  /** The viewer may open a channel before its COOKIE ACK is here: werift forgets one that is closed then, and tells the viewer nothing. */
  #whenAssociated(then: () => void): void {
    const sctp = this.#connection.sctpTransport?.sctp;
    if (sctp === undefined || sctp.state === 'connected') then();
    else sctp.stateChanged.connected.once(then);
  }

  #onConnected(transport: RTCDtlsTransport): void {
    receiveAlerts(transport, () => this.#end('session.left', LEFT));
    prepareKeys(transport);
    receiveRtcp(transport, (message) => this.#options.onRtcp(message));
    this.#ice.connected();
    this.#options.onConnected(this.#negotiated(), new WeriftEgressTransport(transport, () => this.#ice.formerPath));
  }

  #receiveTalk(packet: RtpPacket, extensions: readonly ReceivedExtension[]): void {
    const codec = this.#answer?.talk.get(packet.payloadType);
    if (codec !== undefined) this.#options.onTalk?.(packet, codec, audioLevel(extensions, this.#answer?.audioLevelId));
  }

  #negotiated(): NegotiatedMedia {
    const media: NegotiatedMedia = {};
    const video = this.#answer?.video;
    if (video !== undefined && video.payloadTypes.size > 0) {
      const { ssrc, rtxSsrc } = this.#video.sender;
      const { retransmissions } = video;
      media.video = {
        ssrc,
        payloadTypes: videoPayloadTypes(video.payloadTypes),
        cname: this.#connection.cname,
        ...(retransmissions.size === 0 ? {} : { rtx: { ssrc: rtxSsrc, payloadTypes: retransmissions } }),
        ...extensionsOf(video),
      };
    }
    const audio = this.#answer?.audio;
    if (audio !== undefined && this.#audio !== undefined && this.#offered.audio?.direction !== 'recvonly') {
      const { ssrc } = this.#audio.sender;
      media.audio = {
        ssrc,
        payloadTypes: passedPayloadTypes(audio.payloadTypes),
        cname: this.#connection.cname,
        ...extensionsOf(audio),
      };
    }
    if (this.#answer !== undefined && this.#answer.talk.size > 0 && this.#audio !== undefined)
      media.talk = { ssrc: this.#audio.sender.ssrc, cname: this.#connection.cname };
    // The times of sending are of use only to a viewer that reports arrivals on no part of its one transport.
    const sent = [media.video, media.audio].filter((track) => track !== undefined);
    if (sent.some(({ transportSequence }) => transportSequence !== undefined)) for (const track of sent) delete track.sendTime;
    return media;
  }

  #end(code: string, message: string, cause?: unknown): void {
    this.#tellEnd(new GatewayError(code, message, cause === undefined ? {} : { cause }));
  }

  #tellEnd(error: GatewayError): void {
    if (this.#closed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onDisconnected(error);
  }
}

function extensionsOf(media: AnsweredMedia): HeaderExtensions {
  const {
    mid,
    midExtensionId,
    captureTimeExtensionId,
    transportSequenceExtensionId,
    sendTimeExtensionId,
    playoutDelayExtensionId,
  } = media;
  return {
    ...(midExtensionId === undefined ? {} : { mid: { extensionId: midExtensionId, value: mid } }),
    ...(captureTimeExtensionId === undefined ? {} : { captureTime: { extensionId: captureTimeExtensionId } }),
    ...(transportSequenceExtensionId === undefined ? {} : { transportSequence: { extensionId: transportSequenceExtensionId } }),
    ...(playoutDelayExtensionId === undefined ? {} : { playoutDelay: { extensionId: playoutDelayExtensionId } }),
    ...(sendTimeExtensionId === undefined ? {} : { sendTime: { extensionId: sendTimeExtensionId } }),
  };
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

/** In the order of the answer. */
function videoPayloadTypes(payloadTypes: ReadonlyMap<string, number>): Map<VideoCodec, number> {
  return new Map([...payloadTypes].flatMap(([name, number]) => (name === 'H264' || name === 'H265' ? [[name, number]] : [])));
}

function passedPayloadTypes(payloadTypes: ReadonlyMap<string, number>): Map<AudioCodec, number> {
  return new Map([...payloadTypes].flatMap(([name, number]) => (isOffered(name) ? [[name, number]] : [])));
}

function isOffered(name: string): name is AudioCodec {
  return name in AUDIO_CODECS;
}
