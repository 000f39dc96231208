import { RTCPeerConnection, type RTCDataChannel } from 'werift';
import type { IceCandidate, IceServer } from '../../../base/ice.ts';
import { askOnlyListedServers } from '../ice-options.ts';
import { OFFERED_MEDIA, readPayloadTypes } from '../offer.ts';
import { guardSctp } from '../sctp-guard.ts';
import { guardUdpSockets } from '../udp-socket-guard.ts';
import { ReceivedTrack } from './received-track.ts';

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
  readonly #tracks: ReceivedTrack[] = [];
  readonly #stateListeners: (() => void)[] = [];
  #codecs: ReadonlyMap<number, string> = new Map();

  constructor(configuration: HeadlessConfiguration) {
    guardUdpSockets();
    this.#onFirstFrame = configuration.onFirstFrame;
    this.#connection = new RTCPeerConnection({
      ...OFFERED_MEDIA,
      bundlePolicy: 'max-bundle',
      iceServers: configuration.iceServers.flatMap(({ urls, ...credentials }) =>
        urls.map((url) => ({ urls: url, ...credentials })),
      ),
    });
    this.#connection.connectionStateChange.subscribe(() => this.#tellState());
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
    await this.#connection.setRemoteDescription({ type: 'offer', sdp });
    this.#codecs = readPayloadTypes(sdp);
    askOnlyListedServers(this.#connection);
    guardSctp(this.#connection);
    for (const transport of this.#connection.dtlsTransports) {
      transport.onStateChange.subscribe(() => this.#tellState());
    }
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
    await applied.promise;
  }

  async addIceCandidate({ candidate, sdpMid = null, sdpMLineIndex = null }: IceCandidate): Promise<void> {
    // The end mark would make werift give up before it was checked by the other side.
    if (candidate === '') return;
    await this.#connection.addIceCandidate({
      candidate,
      ...(sdpMid === null ? {} : { sdpMid }),
      ...(sdpMLineIndex === null ? {} : { sdpMLineIndex }),
    });
  }

  createDataChannel(label: string, options: { ordered: boolean; protocol: string }): HeadlessDataChannel {
    return new HeadlessDataChannel(this.#connection.createDataChannel(label, options));
  }

  async getStats(): Promise<Map<string, Record<string, unknown>>> {
    const now = Date.now();
    const entries = this.#tracks.flatMap((track) => track.statistics(this.#codecs, now));
    const roundTrip = this.#connection.iceTransports[0]?.connection.nominated?.rtt;
    if (roundTrip !== undefined) {
      entries.push({ id: 'pair', type: 'candidate-pair', timestamp: now, nominated: true, currentRoundTripTime: roundTrip });
    }
    return new Map(entries.map((entry) => [String(entry['id']), entry]));
  }

  close(): void {
    this.#connection.close().catch(() => undefined);
  }

  addEventListener<Name extends keyof Listeners>(name: Name, listener: Listeners[Name]): void {
    const listeners: Partial<Listeners> = { [name]: listener };
    if (listeners.icecandidate !== undefined) this.#onCandidate(listeners.icecandidate);
    if (listeners.track !== undefined) this.#onTrack(listeners.track);
    if (listeners.connectionstatechange !== undefined) {
      this.#stateListeners.push(listeners.connectionstatechange);
    }
  }

  #tellState(): void {
    for (const listener of this.#stateListeners) listener();
  }

  #onCandidate(listener: Listeners['icecandidate']): void {
    this.#connection.onIceCandidate.subscribe((candidate) => {
      const { candidate: text = '', sdpMid = null, sdpMLineIndex = null } = candidate?.toJSON() ?? {};
      listener({ candidate: candidate === undefined ? null : { candidate: text, sdpMid, sdpMLineIndex } });
    });
  }

  #onTrack(listener: Listeners['track']): void {
    this.#connection.onTrack.subscribe((track) => {
      if (track.kind !== 'audio' && track.kind !== 'video') return;
      const received = new ReceivedTrack(track.kind, this.#onFirstFrame);
      this.#tracks.push(received);
      track.onReceiveRtp.subscribe((packet) => received.receive(packet.serialize(), Date.now()));
      listener({ track: { kind: track.kind, id: track.uuid } });
    });
  }
}

/** A data channel that this side opened. */
class HeadlessDataChannel {
  binaryType = 'arraybuffer';
  readonly #channel: RTCDataChannel;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
  }

  addEventListener(_type: 'message', listener: (event: { data: unknown }) => void): void {
    this.#channel.onMessage.subscribe((data) => listener({ data }));
  }

  close(): void {
    this.#channel.close();
  }
}
