import { type MediaStreamTrack, RTCPeerConnection, type RTCDataChannel } from 'werift';
import type { IceCandidate, IceServer } from '../../../base/ice.ts';
import { readPayloadTypes, type MediaKind } from '../answer.ts';
import { offeredMedia } from '../offer.ts';
import { takeCandidates } from '../ice/restart-offer.ts';
import { guardDtls } from '../dtls-guard.ts';
import { guardSctp } from '../sctp-guard.ts';
import { guardUdpSockets } from '../udp-socket-guard.ts';
import { HeadlessIce } from './headless-ice.ts';
import { MediaReception, type ExpectedTrack } from './media-reception.ts';
import { ReceivedTrack } from './received-track.ts';
import { readTerms } from './reception-terms.ts';

interface SessionDescription {
  type: 'answer' | 'offer' | 'pranswer' | 'rollback';
  sdp?: string;
}

interface Candidate {
  candidate: string;
  sdpMid: string | null;
  sdpMLineIndex: number | null;
}

interface Listeners {
  icecandidate: (event: { candidate: Candidate | null }) => void;
  track: (event: { track: { kind: string; id: string } }) => void;
  datachannel: (event: { channel: HeadlessDataChannel }) => void;
  connectionstatechange: () => void;
}

export interface HeadlessConfiguration {
  iceServers: readonly IceServer[];
  /** The first frame that a decoder could show is complete. */
  onFirstFrame: () => void;
}

/**
 * A viewer's connection without a browser, on werift, with as much of the W3C's RTCPeerConnection as a headless client needs: it answers, receives and
 * measures; nothing is decoded.
 */
export class HeadlessPeerConnection {
  readonly #connection: RTCPeerConnection;
  readonly #onFirstFrame: () => void;
  readonly #iceServers: readonly IceServer[];
  readonly #tracks = new Map<MediaKind, ExpectedTrack>();
  readonly #stateListeners: (() => void)[] = [];
  readonly #candidateListeners: Listeners['icecandidate'][] = [];
  readonly #trackListeners: Listeners['track'][] = [];
  /** Since the first offer. */
  #ice: HeadlessIce | undefined;
  #reception: MediaReception | undefined;
  #offer = '';
  #codecs: ReadonlyMap<number, string> = new Map();

  constructor(configuration: HeadlessConfiguration) {
    guardUdpSockets();
    this.#onFirstFrame = configuration.onFirstFrame;
    this.#iceServers = configuration.iceServers;
    this.#connection = new RTCPeerConnection({ ...offeredMedia(['H264']), bundlePolicy: 'max-bundle', iceServers: [] });
    this.#connection.connectionStateChange.subscribe(() => this.#tellState());
    this.#connection.onTrack.subscribe((track) => this.#onTrack(track));
  }

  /** By ICE and DTLS, as the W3C has it: werift waits for SCTP too, which takes 3 s when a packet of its handshake is lost. */
  get connectionState(): string {
    const { connectionState, dtlsTransports } = this.#connection;
    const isSecure = dtlsTransports.length > 0 && dtlsTransports.every(({ state }) => state === 'connected');
    return connectionState === 'connecting' && isSecure ? 'connected' : connectionState;
  }

  get localDescription(): { readonly sdp: string } | null {
    return this.#connection.localDescription;
  }

  async setRemoteDescription({ sdp = '' }: SessionDescription): Promise<void> {
    const offer = takeCandidates(sdp);
    this.#ice?.noteOffer(sdp);
    await this.#connection.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
    this.#offer = sdp;
    this.#codecs = readPayloadTypes(sdp);
    if (this.#ice === undefined) {
      this.#ice = new HeadlessIce(this.#connection, this.#iceServers, () => {
        for (const listener of this.#candidateListeners) listener({ candidate: null });
      });
      guardSctp(this.#connection);
      // One for all: the sections are bundled.
      for (const transport of this.#connection.dtlsTransports) {
        guardDtls(transport);
        this.#reception = new MediaReception(transport);
        transport.onStateChange.subscribe(() => this.#tellState());
      }
    }
    for (const candidate of offer.candidates) await this.addIceCandidate({ candidate });
  }

  async createAnswer(): Promise<SessionDescription> {
    const { sdp } = await this.#connection.createAnswer();
    return { type: 'answer', sdp };
  }

  /** Resolves before the candidates are gathered: they are trickled. */
  async setLocalDescription({ sdp = '' }: SessionDescription): Promise<void> {
    const applied = Promise.withResolvers<void>();
    this.#connection.signalingStateChange.once(() => applied.resolve());
    this.#connection.setLocalDescription({ type: 'answer', sdp }).then(() => applied.resolve(), applied.reject);
    this.#reception?.accept(readTerms(this.#offer, sdp), this.#tracks.values());
    await applied.promise;
    this.#ice?.answered();
  }

  async addIceCandidate(candidate: IceCandidate): Promise<void> {
    // The end mark would make werift give up before it was checked by the other side.
    if (candidate.candidate !== '') await this.#ice?.addCandidate(candidate);
  }

  createDataChannel(label: string, options: { ordered: boolean; protocol: string }): HeadlessDataChannel {
    return new HeadlessDataChannel(this.#connection.createDataChannel(label, options));
  }

  async getStats(): Promise<Map<string, Record<string, unknown>>> {
    const now = Date.now();
    const entries = Array.from(this.#tracks.values()).flatMap(({ track }) => track.statistics(this.#codecs, now));
    const roundTrip = this.#connection.iceTransports[0]?.connection.nominated?.rtt;
    if (roundTrip !== undefined) {
      entries.push({ id: 'pair', type: 'candidate-pair', timestamp: now, nominated: true, currentRoundTripTime: roundTrip });
    }
    return new Map(entries.map((entry) => [String(entry['id']), entry]));
  }

  /** Asks for a keyframe of the video that is received, by PLI (RFC 4585) or FIR (RFC 5104); nothing happens before a packet of it came. */
  requestKeyframe(kind: 'pli' | 'fir'): void {
    this.#reception?.requestKeyframe(kind);
  }

  close(): void {
    this.#reception?.close();
    this.#connection.close().catch(() => undefined);
  }

  addEventListener<Name extends keyof Listeners>(name: Name, listener: Listeners[Name]): void {
    const listeners: Partial<Listeners> = { [name]: listener };
    if (listeners.icecandidate !== undefined) this.#onCandidate(listeners.icecandidate);
    if (listeners.track !== undefined) this.#trackListeners.push(listeners.track);
    if (listeners.datachannel !== undefined) this.#onDataChannel(listeners.datachannel);
    if (listeners.connectionstatechange !== undefined) {
      this.#stateListeners.push(listeners.connectionstatechange);
    }
  }

  #tellState(): void {
    for (const listener of this.#stateListeners) listener();
  }

  #onCandidate(listener: Listeners['icecandidate']): void {
    this.#candidateListeners.push(listener);
    this.#connection.onIceCandidate.subscribe((candidate) => {
      if (candidate === undefined) return;
      const { candidate: text, sdpMid = null, sdpMLineIndex = null } = candidate.toJSON();
      listener({ candidate: { candidate: text, sdpMid, sdpMLineIndex } });
    });
  }

  #onDataChannel(listener: Listeners['datachannel']): void {
    this.#connection.onDataChannel.subscribe((channel) => {
      // werift acknowledges the channel after this; one that is closed before stays half open.
      queueMicrotask(() => listener({ channel: new HeadlessDataChannel(channel) }));
    });
  }

  #onTrack(track: MediaStreamTrack): void {
    if (track.kind !== 'audio' && track.kind !== 'video') return;
    const { kind, ssrc, uuid } = track;
    // What is measured is of one of each kind.
    if (!this.#tracks.has(kind)) this.#tracks.set(kind, { track: new ReceivedTrack(kind, this.#onFirstFrame), ssrc });
    for (const listener of this.#trackListeners) listener({ track: { kind, id: uuid } });
  }
}

/** A data channel of either side. */
class HeadlessDataChannel {
  binaryType = 'arraybuffer';
  readonly #channel: RTCDataChannel;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
  }

  get readyState(): string {
    return this.#channel.readyState;
  }

  addEventListener(_type: 'message', listener: (event: { data: unknown }) => void): void {
    this.#channel.onMessage.subscribe((data) => listener({ data }));
  }

  close(): void {
    this.#channel.close();
  }
}
