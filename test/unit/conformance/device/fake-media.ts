import { gzipSync } from 'node:zlib';
import {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtcpPayloadSpecificFeedback,
  RtpHeader,
  RtpPacket,
  type RTCDataChannel,
} from 'werift';
import type { IceServer } from '../../../../src/base/ice.ts';

const LOOPBACK = '127.0.0.1';
const METADATA = 'vnd.onvif.metadata+gzip';
const FRAME_INTERVAL_MS = 20;
const PLI = 1;
const FIR = 4;

/** Access units of 16x16 pixels, as an encoder would packetize them: SPS, PPS and a slice each of an IDR picture and another. */
const PARAMETER_SETS = ['6742c00af5a1bf2c04400000030040000003028c489c80', '68ce3c80'].map((hex) => Buffer.from(hex, 'hex'));
const IDR = Buffer.from('6588840000', 'hex');
const SLICE = Buffer.from('419a000000', 'hex');

export interface FakeMediaOptions {
  fault: string | undefined;
  /** Time from one keyframe to the next that nobody asked for. */
  keyframeMs: number;
  iceServers: IceServer[];
  onCandidate: (candidate: { candidate: string; sdpMid: string; sdpMLineIndex: number } | undefined) => void;
  onConnected: () => void;
}

/** The connection of a fake device: it offers, sends tiny pictures and metadata, and obeys keyframe requests; on werift alone. */
export class FakeMedia {
  readonly #options: FakeMediaOptions;
  readonly #connection: RTCPeerConnection;
  readonly #track = new MediaStreamTrack({ kind: 'video' });
  #timer: NodeJS.Timeout | undefined;
  #sequence = 1;
  #frames = 0;
  #keyframeWanted = true;
  #keyframeAt = 0;
  /** Subprotocols that both sides listed. */
  #accepted: readonly string[] = [];

  constructor(options: FakeMediaOptions) {
    this.#options = options;
    const { fault, iceServers } = options;
    const used = fault === 'connect-ice-servers' ? [] : iceServers;
    this.#connection = new RTCPeerConnection({
      bundlePolicy: 'max-bundle',
      codecs: {
        video: [
          new RTCRtpCodecParameters({
            mimeType: 'video/H264',
            clockRate: 90_000,
            payloadType: 102,
            parameters: 'packetization-mode=1;profile-level-id=42e01f',
            rtcpFeedback: [
              { type: 'nack', parameter: 'pli' },
              { type: 'ccm', parameter: 'fir' },
            ],
          }),
        ],
        audio: [new RTCRtpCodecParameters({ mimeType: 'audio/PCMU', clockRate: 8000, channels: 1, payloadType: 0 })],
      },
      iceServers: used.flatMap(({ urls, username, credential }) =>
        urls.map((url) => ({
          urls: url,
          ...(username === undefined ? {} : { username }),
          ...(credential === undefined ? {} : { credential: fault === 'turn-password' ? 'wrong' : credential }),
        })),
      ),
      iceUseTcp: fault !== 'active-tcp',
      // Loopback only, as the gateway's demo has it.
      iceUseIpv4: false,
      iceUseIpv6: false,
      iceAdditionalHostAddresses: [LOOPBACK],
      iceInterfaceAddresses: { udp4: LOOPBACK },
    });
    this.#connection.addTransceiver(this.#track, { direction: 'sendonly' });
    this.#connection.addTransceiver('audio', { direction: 'sendonly' });
    this.#connection.createDataChannel('', { negotiated: true, id: 65_000 });
    this.#connection.onDataChannel.subscribe((channel) => setImmediate(() => this.#serve(channel)));
    this.#connection.connectionStateChange.subscribe((state) => {
      if (state !== 'connected') return;
      this.#send();
      this.#options.onConnected();
    });
  }

  async offer(): Promise<string> {
    for (const transport of this.#connection.dtlsTransports) {
      transport.onRtcp.subscribe((packet) => {
        if (packet instanceof RtcpPayloadSpecificFeedback) this.#takeFeedback((packet.feedback as { count?: number }).count);
      });
    }
    const offer = await this.#connection.createOffer();
    // Without a STUN server in its list werift asks a public one.
    for (const { connection } of this.#connection.iceTransports) {
      const [host] = connection.stunServer ?? [];
      if (host !== LOOPBACK) delete connection.stunServer;
    }
    this.#connection.onIceCandidate.subscribe((candidate) => {
      if (candidate === undefined) this.#options.onCandidate(undefined);
      // A device need not listen for TCP (6.4), only connect.
      else if (!/ tcp /i.test(candidate.candidate))
        this.#options.onCandidate({ candidate: candidate.candidate, sdpMid: '0', sdpMLineIndex: 0 });
    });
    void this.#connection.setLocalDescription(offer).catch(() => undefined);
    return /^a=ice-options:/m.test(offer.sdp) ? offer.sdp : offer.sdp.replace('t=0 0\r\n', 't=0 0\r\na=ice-options:trickle\r\n');
  }

  async accept(answer: string, subprotocols: readonly string[]): Promise<void> {
    this.#accepted = this.#options.fault === 'channel-unanswered-closed' ? [METADATA] : subprotocols;
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer });
  }

  addCandidate(candidate: { candidate: string; sdpMid?: string; sdpMLineIndex?: number }): void {
    this.#connection.addIceCandidate(candidate).catch(() => undefined);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#connection.close().catch(() => undefined);
  }

  #takeFeedback(format: number | undefined): void {
    const { fault } = this.#options;
    if (format === PLI && fault !== 'pli-keyframe') this.#keyframeWanted = true;
    if (format === FIR && fault !== 'fir-keyframe') this.#keyframeWanted = true;
  }

  #send(): void {
    this.#timer ??= setInterval(() => {
      this.#frames += 1;
      const isDue = performance.now() - this.#keyframeAt >= this.#options.keyframeMs;
      const isKeyframe = this.#keyframeWanted || isDue;
      if (isKeyframe) this.#keyframeAt = performance.now();
      const units = isKeyframe ? [...PARAMETER_SETS, IDR] : [SLICE];
      this.#keyframeWanted = false;
      for (const [index, unit] of units.entries()) {
        this.#sequence = (this.#sequence + 1) & 0xffff;
        const header = new RtpHeader({
          payloadType: 102,
          sequenceNumber: this.#sequence,
          timestamp: this.#frames * 1800,
          marker: index === units.length - 1,
        });
        this.#track.writeRtp(new RtpPacket(header, unit));
      }
    }, FRAME_INTERVAL_MS);
  }

  #serve(channel: RTCDataChannel): void {
    const { fault } = this.#options;
    const isKnown =
      this.#accepted.includes(channel.protocol) || (fault === 'channel-unknown-closed' && channel.protocol !== METADATA);
    if (!isKnown || (fault === 'channel-served' && channel.protocol === METADATA)) {
      channel.close();
      return;
    }
    if (channel.protocol !== METADATA) return;
    const xml = Buffer.from('<?xml version="1.0"?><tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"/>');
    const document = fault === 'metadata-gzip' ? xml : gzipSync(xml);
    const half = Math.floor(document.length / 2);
    channel.send(document.subarray(0, half));
    channel.send(document.subarray(half));
  }
}
