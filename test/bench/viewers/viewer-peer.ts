import type { Socket } from 'node:dgram';
import { RTCPeerConnection, RTCRtpCodecParameters, RTCRtpHeaderExtensionParameters, type RTCDtlsTransport } from 'werift';
import type { IceCandidate } from '../../../src/base/ice.ts';
import type { DataChannel, LocalCandidate, PeerConnection, SessionDescription } from '../../../src/client/peer-connection.ts';
import { encodeReceiverReport } from '../../../src/media/rtp/rtcp.ts';
import { replayEarlyDtls } from '../../../src/peer/webrtc/early-dtls.ts';
import {
  CAPTURE_TIME_EXTENSION,
  MID_EXTENSION,
  SEND_TIME_EXTENSION,
  TRANSPORT_FEEDBACK,
  TRANSPORT_SEQUENCE_EXTENSION,
} from '../../../src/peer/webrtc/offer.ts';
import { guardUdpSockets } from '../../../src/peer/webrtc/udp-socket-guard.ts';
import { Reception } from './reception.ts';
import { SrtpReader } from '../../../src/peer/webrtc/headless/srtp-reader.ts';
import { TransportArrivals } from '../../../src/peer/webrtc/headless/transport-arrivals.ts';

/** What is accepted and offered: as a browser has it, without a decoder. */
const H264 = 'level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f';
const FEEDBACK = [
  ...[{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }],
  ...[{ type: 'goog-remb' }, { type: TRANSPORT_FEEDBACK }],
];
const EXTENSIONS = [MID_EXTENSION, CAPTURE_TIME_EXTENSION, SEND_TIME_EXTENSION, TRANSPORT_SEQUENCE_EXTENSION];
/** Of a side that sends no media: any number that is not the sender's. */
const OWN_SSRC = 1;

type Listener = (event: never) => void;

/**
 * A viewer on werift, on loopback: ICE and DTLS are werift's, and from its socket on the packets are counted instead of played, since it would take
 * longer over each than who sends it. Has as much of RTCPeerConnection as the client library needs, and can offer (WHEP).
 */
export class ViewerPeer implements PeerConnection {
  readonly reception: Reception;
  readonly #connection: RTCPeerConnection;
  readonly #listeners = new Map<string, Listener[]>();

  /** @param payloadType of the video, as the answer will have it */
  constructor(payloadType: number, onFirstFrame: () => void) {
    guardUdpSockets();
    this.reception = new Reception(payloadType, onFirstFrame);
    const video = new RTCRtpCodecParameters({
      ...{ mimeType: 'video/H264', clockRate: 90_000, payloadType, parameters: H264, rtcpFeedback: FEEDBACK },
    });
    const sound = new RTCRtpCodecParameters({ mimeType: 'audio/PCMU', clockRate: 8000, channels: 1, payloadType: 0 });
    // The same objects in both sections: werift numbers each anew.
    const extensions = EXTENSIONS.map((uri, index) => new RTCRtpHeaderExtensionParameters({ id: index + 1, uri }));
    const headerExtensions = { video: extensions, audio: extensions };
    this.#connection = new RTCPeerConnection({
      // With both families off werift gathers no address of the machine, and this one instead; the interface address binds it there.
      ...{ iceServers: [], iceUseIpv4: false, iceUseIpv6: false },
      ...{ iceAdditionalHostAddresses: ['127.0.0.1'], iceInterfaceAddresses: { udp4: '127.0.0.1' } },
      ...{
        codecs: { video: [video], audio: [sound] },
        headerExtensions,
        bundlePolicy: 'max-bundle',
      },
    });
    this.#connection.onIceCandidate.subscribe((candidate) => {
      if (candidate === undefined) return;
      const { candidate: text, sdpMid = null, sdpMLineIndex = null } = candidate.toJSON();
      this.#tell('icecandidate', { candidate: { candidate: text, sdpMid, sdpMLineIndex } satisfies LocalCandidate });
    });
  }

  /** ICE and DTLS; what waits for SCTP as well waits for nothing that matters here. */
  get connectionState(): string {
    const { connectionState, dtlsTransports } = this.#connection;
    const isSecure = dtlsTransports.length > 0 && dtlsTransports.every(({ state }) => state === 'connected');
    return connectionState === 'connecting' && isSecure ? 'connected' : connectionState;
  }

  get localDescription(): { readonly sdp: string } | null {
    return this.#connection.localDescription;
  }

  /** An offer with all candidates, for WHEP. */
  async offer(): Promise<string> {
    this.#connection.addTransceiver('video', { direction: 'recvonly' });
    this.#connection.addTransceiver('audio', { direction: 'recvonly' });
    const offer = await this.#connection.createOffer();
    this.#prepare();
    await this.#connection.setLocalDescription(offer);
    this.#tap();
    return this.localDescription?.sdp ?? '';
  }

  /** The answer to {@link ViewerPeer.offer}. */
  async accept(answer: string): Promise<void> {
    this.#noteExtensions(answer);
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  async setRemoteDescription({ sdp = '' }: SessionDescription): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'offer', sdp });
    this.#prepare();
  }

  async createAnswer(): Promise<SessionDescription> {
    return { type: 'answer', sdp: (await this.#connection.createAnswer()).sdp };
  }

  async setLocalDescription({ sdp = '' }: SessionDescription): Promise<void> {
    this.#noteExtensions(sdp);
    await this.#connection.setLocalDescription({ type: 'answer', sdp });
    this.#tap();
  }

  async addIceCandidate({ candidate }: IceCandidate): Promise<void> {
    // werift gives up at the end mark when nothing was checked yet.
    if (candidate !== '') await this.#connection.addIceCandidate({ candidate, sdpMLineIndex: 0 });
  }

  createDataChannel(label: string, options: { ordered: boolean; protocol: string }): DataChannel {
    const channel = this.#connection.createDataChannel(label, options);
    return { binaryType: 'arraybuffer', addEventListener: () => undefined, close: () => channel.close() };
  }

  getStats(): Promise<Map<string, Record<string, unknown>>> {
    return Promise.resolve(new Map<string, Record<string, unknown>>());
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  /** A receiver report (RFC 3550 section 6.4.2): whoever sends sees that somebody watches, and that nothing is lost. */
  report(): void {
    const { highest } = this.reception;
    if (highest === undefined) return;
    const none = { fractionLost: 0, cumulativeLost: 0, jitter: 0, lastSenderReport: 0, delaySinceLastSenderReport: 0 };
    const block = { ...none, ssrc: highest.ssrc, extendedHighestSequence: highest.extendedSequence };
    this.#sendRtcp(encodeReceiverReport(OWN_SSRC, [block], 'bench'));
  }

  /** Says which packets came when, where the sender numbers them for it. */
  feedBack(): void {
    const feedback = this.reception.arrivals?.takeFeedback(OWN_SSRC, this.reception.highest?.ssrc ?? OWN_SSRC);
    if (feedback !== undefined) this.#sendRtcp(feedback);
  }

  close(): void {
    this.#connection.close().catch(() => undefined);
  }

  #sendRtcp(compound: Buffer): void {
    const { srtcp, iceTransport } = this.#transport();
    iceTransport.connection.send(srtcp.encrypt(compound)).catch(() => undefined);
  }

  #noteExtensions(answer: string): void {
    const id = answer
      .split(/\r?\n/)
      .filter((line) => line.endsWith(` ${TRANSPORT_SEQUENCE_EXTENSION}`))
      .map((line) => /^a=extmap:(\d+)/.exec(line)?.[1])[0];
    if (id !== undefined) this.reception.arrivals = new TransportArrivals(Number(id));
  }

  #transport(): RTCDtlsTransport {
    const [transport] = this.#connection.dtlsTransports;
    if (transport === undefined) throw new Error('the viewer has no transport yet');
    return transport;
  }

  /** To be done as soon as there is a transport, before it gathers. */
  #prepare(): void {
    const transport = this.#transport();
    // Where none is given werift asks Google's STUN server.
    delete transport.iceTransport.connection.stunServer;
    replayEarlyDtls(transport);
    transport.onStateChange.subscribe((state) => {
      if (state === 'connected') this.reception.setKeys(new SrtpReader(transport));
      this.#tell('connectionstatechange', {});
    });
    this.#connection.connectionStateChange.subscribe(() => this.#tell('connectionstatechange', {}));
  }

  /** Takes media off before werift sees them (RFC 7983 section 7). */
  #tap(): void {
    const agent = this.#transport().iceTransport.connection as unknown as { protocols: { transport: { socket: Socket } }[] };
    for (const { socket } of agent.protocols.map(({ transport }) => transport)) {
      const listeners = socket.listeners('message') as ((datagram: Buffer, from: unknown) => void)[];
      socket.removeAllListeners('message');
      socket.on('message', (datagram, from) => {
        const first = datagram[0] ?? 0;
        if (first >= 128 && first <= 191) this.reception.receive(datagram);
        else for (const listener of listeners) listener(datagram, from);
      });
    }
  }

  #tell(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}
