import type { Clock } from '../base/clock.ts';
import { GatewayError, reasonOf, type Reason } from '../base/errors.ts';
import { METADATA_SUBPROTOCOL } from '../base/signaling.ts';
import type { Stream } from '../media/stream.ts';
import type { IceCandidate, IceServer } from '../base/ice.ts';
import type { IceSettings, SessionState, SessionStats } from '../plane/messages.ts';
import { NOTHING_SENT, ViewerEgress, type NegotiatedMedia } from './egress/viewer-egress.ts';
import type { EgressTransport } from './egress/transport.ts';
import { MetadataChannel } from './metadata-channel.ts';
import { DevicePeer, type PeerDataChannel } from './webrtc/device-peer.ts';

/** From open to live; a viewer on a slow path needs some seconds, a dead one must not hold its place. */
const SETUP_TIMEOUT_MS = 30_000;
const REPORT_INTERVAL_MS = 1000;
/** Candidates that may wait for the answer, more than any browser has. */
const MAX_EARLY_CANDIDATES = 64;

/** The profile that a session watches. */
export interface WatchedProfile {
  readonly stream: Stream;
  /** Whether there is sound to offer; undefined while it is not known. */
  readonly audio: boolean | undefined;
  /** Whether there is metadata to offer; undefined while it is not known. */
  readonly metadata: boolean | undefined;
  requestKeyframe(): void;
}

/** What a session tells whoever opened it. */
export interface SessionEvents {
  offer(offer: string, subprotocols: string[]): void;
  candidate(candidate: IceCandidate): void;
  state(state: SessionState, reason?: Reason): void;
}

export interface SessionOptions {
  id: string;
  cameraId: string;
  profile: string;
  watched: WatchedProfile;
  ice: IceSettings;
  iceServers: readonly IceServer[];
  clock: Clock;
  events: SessionEvents;
}

/** One ONVIF session on the media side: offer, answer, candidates, live, closed. */
export class Session {
  readonly #options: SessionOptions;
  readonly #peer: DevicePeer;
  readonly #openedAt: number;
  #state: SessionState = 'connecting';
  #setupTimer: NodeJS.Timeout | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  #egress: ViewerEgress | undefined;
  #metadata: MetadataChannel | undefined;
  #removeReader: (() => void) | undefined;
  /** Subprotocols that both sides listed; undefined before the answer. */
  #subprotocols: ReadonlySet<string> | undefined;
  /** The answer was applied; what came before waits for it, in order. */
  readonly #answered = Promise.withResolvers<void>();
  #earlyCandidates = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#openedAt = options.clock.now();
    this.#peer = new DevicePeer({
      ice: options.ice,
      iceServers: options.iceServers,
      audio: options.watched.audio !== false,
      onCandidate: (candidate) => this.#emit(() => options.events.candidate(candidate)),
      onConnected: (media, transport) => this.#goLive(media, transport),
      onRtcp: (message) => this.#egress?.receiveRtcp(message),
      onDataChannel: (channel) => this.#onDataChannel(channel),
      onDisconnected: (error) => this.close(reasonOf(error)),
    });
  }

  get profile(): string {
    return this.#options.profile;
  }

  /** Makes the offer. */
  async start(): Promise<void> {
    this.#setupTimer = setTimeout(
      () => this.close({ code: 'session.timeout', message: 'The viewer did not connect in time.' }),
      SETUP_TIMEOUT_MS,
    );
    this.#options.events.state('connecting');
    const subprotocols = this.#options.watched.metadata === false ? [] : [METADATA_SUBPROTOCOL];
    try {
      const offer = await this.#peer.offer();
      this.#emit(() => this.#options.events.offer(offer, subprotocols));
    } catch (error) {
      this.close(reasonOf(error));
    }
  }

  /** Takes the viewer's answer; ends the session when it is unusable. */
  async answer(sdp: string, subprotocols: readonly string[]): Promise<void> {
    if (this.#subprotocols !== undefined) return;
    this.#subprotocols = new Set(this.#options.watched.metadata === false ? [] : subprotocols);
    try {
      await this.#peer.accept(sdp);
    } catch (error) {
      this.close(reasonOf(error));
      return;
    }
    this.#metadata = new MetadataChannel(this.#peer.maxMessageSize);
    this.#answered.resolve();
  }

  /**
   * Takes a candidate of the viewer; one that comes before its answer waits for that.
   *
   * @throws GatewayError `session.candidate` when it is malformed; the session goes on
   */
  async addCandidate(candidate: IceCandidate): Promise<void> {
    if (this.#metadata === undefined) {
      if (this.#earlyCandidates === MAX_EARLY_CANDIDATES)
        throw new GatewayError('session.candidate', `More than ${MAX_EARLY_CANDIDATES} candidates came before the answer.`);
      this.#earlyCandidates += 1;
    }
    await this.#answered.promise;
    await this.#peer.addCandidate(candidate);
  }

  stats(): SessionStats {
    const { id, cameraId, profile } = this.#options;
    const { firstPacketAt, ...sent } = this.#egress?.statistics ?? NOTHING_SENT;
    return {
      sessionId: id,
      cameraId,
      profile,
      state: this.#state,
      openedAt: this.#openedAt,
      firstPacketMs: firstPacketAt === null ? null : firstPacketAt - this.#openedAt,
      ...sent,
      metadataDocuments: this.#metadata?.documents ?? 0,
      metadataDropped: this.#metadata?.dropped ?? 0,
    };
  }

  /** Ends the session; may be called again. */
  close(reason: Reason): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#setupTimer);
    clearInterval(this.#reportTimer);
    this.#removeReader?.();
    this.#egress?.close();
    this.#peer.close().catch(() => undefined);
    this.#options.events.state('closed', reason);
  }

  #goLive(media: NegotiatedMedia, transport: EgressTransport): void {
    if (this.#state !== 'connecting') return;
    const { watched, clock, events } = this.#options;
    if (media.video === undefined && media.audio === undefined) {
      this.close({ code: 'session.rejected', message: 'The viewer accepted neither picture nor sound.' });
      return;
    }
    this.#state = 'live';
    clearTimeout(this.#setupTimer);
    const { stream } = watched;
    const egress = new ViewerEgress({
      media,
      transport,
      times: stream,
      now: () => clock.now(),
      onKeyframeWanted: () => watched.requestKeyframe(),
      metadata: this.#metadata ?? new MetadataChannel(0),
    });
    this.#egress = egress;
    if (!stream.hasKeyframe) watched.requestKeyframe();
    this.#reportTimer = setInterval(() => egress.sendReports(), REPORT_INTERVAL_MS);
    events.state('live');
    this.#removeReader = stream.addReader(egress, (error) => this.close(reasonOf(error)));
  }

  #onDataChannel(channel: PeerDataChannel): void {
    // ONVIF WebRTC section 6.7.1: only what both sides listed.
    if (channel.protocol === METADATA_SUBPROTOCOL && this.#subprotocols?.has(channel.protocol) === true)
      this.#metadata?.attach(channel);
    else channel.close();
  }

  #emit(event: () => void): void {
    if (this.#state !== 'closed') event();
  }
}
