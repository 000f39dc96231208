import { onTestFinished, vi } from 'vitest';
import { RTCPeerConnection, type RTCDataChannel, type RTCDtlsTransport } from 'werift';
import type { GatewayError } from '../../../../src/base/errors.ts';
import type { IceCandidate } from '../../../../src/base/ice.ts';
import type { RtcpMessage } from '../../../../src/media/rtp/rtcp.ts';
import type { NegotiatedMedia } from '../../../../src/peer/egress/negotiated-media.ts';
import type { EgressTransport } from '../../../../src/peer/egress/transport.ts';
import { DevicePeer, type DevicePeerOptions, type PeerDataChannel } from '../../../../src/peer/webrtc/device-peer.ts';
import { sendCloseNotify } from '../../../../src/peer/webrtc/dtls-alerts.ts';
import { offeredMedia, type OfferedMedia } from '../../../../src/peer/webrtc/offer.ts';
import type { IceSettings } from '../../../../src/plane/messages.ts';

export const LOOPBACK: IceSettings = { advertise: [], loopbackOnly: true, iceServers: [] };
/** What most cameras have offered. */
export const OFFERED: OfferedMedia = { video: ['H264'], audio: { direction: 'sendonly', codecs: ['OPUS', 'PCMU', 'PCMA'] } };

/** A viewer on an unmodified werift, on loopback: what the product does past werift must be what werift understands. */
export class LoopbackViewer {
  /** The only one that its side of DTLS lists; default all that werift knows. */
  srtpProfile: number | undefined;
  readonly connection = new RTCPeerConnection({
    // With both families off werift gathers no address of the machine, and this one instead; the interface address binds it there.
    iceServers: [],
    iceUseIpv4: false,
    iceUseIpv6: false,
    iceAdditionalHostAddresses: ['127.0.0.1'],
    iceInterfaceAddresses: { udp4: '127.0.0.1' },
    ...offeredMedia(['H264']),
    bundlePolicy: 'max-bundle',
  });

  get transport(): RTCDtlsTransport {
    const [transport] = this.connection.dtlsTransports;
    if (transport === undefined) throw new Error('the viewer has taken no offer yet');
    return transport;
  }

  /** Takes the offer; candidates come once {@link gather} is called. */
  async answer(offer: string): Promise<string> {
    await this.connection.setRemoteDescription({ type: 'offer', sdp: offer });
    // Where none is given werift asks Google's STUN server.
    delete this.transport.iceTransport.connection.stunServer;
    const { srtpProfiles } = this.transport as unknown as { srtpProfiles: number[] };
    if (this.srtpProfile !== undefined) srtpProfiles.splice(0, srtpProfiles.length, this.srtpProfile);
    const { sdp } = await this.connection.createAnswer();
    return sdp;
  }

  async gather(onCandidate: (candidate: IceCandidate) => void): Promise<void> {
    this.connection.onIceCandidate.subscribe((candidate) => {
      if (candidate?.candidate !== undefined) onCandidate({ candidate: candidate.candidate, sdpMLineIndex: 0 });
    });
    const answer = await this.connection.createAnswer();
    await this.connection.setLocalDescription(answer);
  }

  async addCandidate(candidate: IceCandidate): Promise<void> {
    if (candidate.candidate !== '') await this.connection.addIceCandidate({ candidate: candidate.candidate, sdpMLineIndex: 0 });
  }

  /** Sends RTCP as it stands. */
  async sendRtcp(compound: Buffer): Promise<void> {
    await this.transport.iceTransport.connection.send(this.transport.srtcp.encrypt(compound));
  }

  /** Says goodbye by DTLS, as a browser that closes does: werift leaves that out. */
  async leave(): Promise<void> {
    await vi.waitUntil(() => this.transport.state === 'connected', WAIT);
    await sendCloseNotify(this.transport);
  }

  /** A data channel that is open. */
  async openChannel(protocol: string): Promise<RTCDataChannel> {
    const channel = this.connection.createDataChannel('', { protocol });
    await vi.waitFor(() => {
      if (channel.readyState !== 'open') throw new Error(`the channel is ${channel.readyState}`);
    }, WAIT);
    return channel;
  }
}

/** How long a condition is waited for; on a busy machine a handshake takes some seconds. */
export const WAIT = { timeout: 20_000, interval: 10 };

/** What a peer told its owner. */
export interface Told {
  candidates: IceCandidate[];
  /** Offers of ICE restarts. */
  restarts: string[];
  /** Times that the viewer was found by another path, or again. */
  found: number;
  connected: { media: NegotiatedMedia; transport: EgressTransport }[];
  rtcp: RtcpMessage[];
  channels: PeerDataChannel[];
  disconnected: GatewayError[];
}

/** A peer that is closed when the test ends. */
export function makePeer(options: Partial<DevicePeerOptions> = {}): { peer: DevicePeer; told: Told } {
  const told: Told = { candidates: [], restarts: [], found: 0, connected: [], rtcp: [], channels: [], disconnected: [] };
  const peer = new DevicePeer({
    ice: LOOPBACK,
    iceServers: [],
    onCandidate: (candidate) => told.candidates.push(candidate),
    onRestartOffer: (offer) => told.restarts.push(offer),
    onPathFound: () => (told.found += 1),
    onConnected: (media, transport) => told.connected.push({ media, transport }),
    onRtcp: (message) => told.rtcp.push(message),
    onDataChannel: (channel) => told.channels.push(channel),
    onDisconnected: (error) => told.disconnected.push(error),
    ...options,
  });
  onTestFinished(() => peer.close());
  return { peer, told };
}

/** A viewer that is closed when the test ends. */
export function makeViewer(): LoopbackViewer {
  const viewer = new LoopbackViewer();
  onTestFinished(() => viewer.connection.close());
  return viewer;
}

/** A peer and a viewer that are on their way to each other. */
export async function join(
  viewer = makeViewer(),
  { video = OFFERED.video, audio = OFFERED.audio, ...options }: Partial<DevicePeerOptions & OfferedMedia> = {},
  rewrite: (answer: string) => string = (answer) => answer,
): Promise<{ peer: DevicePeer; told: Told; viewer: LoopbackViewer }> {
  const forViewer: IceCandidate[] = [];
  let toViewer = (candidate: IceCandidate): void => void forViewer.push(candidate);
  const { peer, told } = makePeer({
    onCandidate: (candidate) => {
      told.candidates.push(candidate);
      toViewer(candidate);
    },
    ...options,
  });
  const answer = rewrite(await viewer.answer(await peer.offer({ video, audio })));
  toViewer = (candidate) => void viewer.addCandidate(candidate);
  for (const candidate of forViewer) toViewer(candidate);
  await peer.accept(answer);
  await viewer.gather((candidate) => void peer.addCandidate(candidate));
  return { peer, told, viewer };
}

/** A peer and a viewer between whom media may flow. */
export async function joined(
  ...viewer: Parameters<typeof join>
): Promise<Awaited<ReturnType<typeof join>> & { media: NegotiatedMedia; transport: EgressTransport }> {
  const both = await join(...viewer);
  const [connected] = await vi.waitUntil(() => both.told.connected.length > 0 && both.told.connected, WAIT);
  await vi.waitUntil(() => both.viewer.transport.state === 'connected', WAIT);
  if (connected === undefined) throw new Error('unreachable');
  return { ...both, ...connected };
}
