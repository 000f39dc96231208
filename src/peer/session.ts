import type { Thinning } from '../base/adaptation.ts';
import { GatewayError, reasonOf, type Reason } from '../base/errors.ts';
import { METADATA_SUBPROTOCOL } from '../base/signaling.ts';
import type { VideoCodec } from '../media/viewer-codecs.ts';
import type { IceCandidate } from '../base/ice.ts';
import type { SessionState, SessionStats } from '../plane/messages.ts';
import type { PathView } from './congestion/path-view.ts';
import { NOTHING_SENT } from './egress/egress-statistics.ts';
import type { NegotiatedMedia } from './egress/negotiated-media.ts';
import { StreamSwitch } from './egress/stream-switch.ts';
import { ViewerEgress } from './egress/viewer-egress.ts';
import type { EgressTransport } from './egress/transport.ts';
import { MetadataChannel } from './metadata-channel.ts';
import type { Join, PendingJoin, SessionOptions, WatchedProfile } from './session-options.ts';
import { TalkReception } from './talk-reception.ts';
import { BROKEN, SLOW } from './viewer-reasons.ts';
import { DevicePeer, type PeerDataChannel } from './webrtc/device-peer.ts';
import type { OfferedAudio } from './webrtc/offer.ts';

export type { PendingJoin, SessionEvents, SessionOptions, WatchedProfile } from './session-options.ts';

/** Whoever invites the viewer waits 35 s, and says that no answer came; where nobody ends the session its place is free then all the same. */
const ANSWER_TIMEOUT_MS = 40_000;
/** From the answer to live; a viewer on a slow path needs some seconds, a dead one must not hold its place. */
const SETUP_TIMEOUT_MS = 30_000;
const REPORT_INTERVAL_MS = 1000;
/** A camera that sends keyframes when it is asked has sent one by then, also where it had to be connected first. */
const JOIN_LATE_MS = 5000;
/** Candidates that may wait for the answer, more than any browser has. */
const MAX_EARLY_CANDIDATES = 64;

/** One ONVIF session on the media side: offer, answer, candidates, live, closed. */
export class Session {
  readonly #options: SessionOptions;
  readonly #peer: DevicePeer;
  readonly #openedAt: number;
  #profile: string;
  #watched: WatchedProfile;
  #thinning: Thinning = 'none';
  #state: SessionState = 'connecting';
  #setupTimer: NodeJS.Timeout | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  #egress: ViewerEgress | undefined;
  readonly #metadata: MetadataChannel;
  readonly #talk = new TalkReception();
  #streams: StreamSwitch | undefined;
  #pending: { profile: string; sinceMs: number } | undefined;
  #goodbye = Promise.resolve();
  /** Of data channels: those that were offered, and after the answer those that both sides listed. */
  #subprotocols: readonly string[] = [];
  #hasAnswer = false;
  /** The answer was applied; what came before waits for it, in order. */
  readonly #answered = Promise.withResolvers<void>();
  #isAnswered = false;
  #earlyCandidates = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#openedAt = options.clock.now();
    this.#profile = options.profile;
    this.#watched = options.watched;
    this.#metadata = new MetadataChannel(() => this.#emit(() => options.events.metadata?.()));
    this.#peer = new DevicePeer({
      ice: options.ice,
      iceServers: options.iceServers,
      onCandidate: (candidate) => this.#emit(() => options.events.candidate(candidate)),
      onRestartOffer: (offer) => {
        this.#egress?.beginPath(false);
        this.#emit(() => options.events.offer(offer, [...this.#subprotocols]));
      },
      onPathFound: () => this.#egress?.beginPath(true),
      onConnected: (media, transport) => this.#goLive(media, transport),
      // What comes while the goodbye is on its way is not obeyed any more.
      onRtcp: (message) => {
        if (this.#state !== 'live') return;
        this.#egress?.receiveRtcp(message);
        this.#talk.receiveRtcp(message, options.clock.now());
      },
      onTalk: (packet, codec, level) => {
        if (this.#state !== 'live') return;
        this.#talk.receive(packet, codec, options.clock.now());
        options.onTalk?.(packet, codec, level);
      },
      onDataChannel: (channel) => this.#onDataChannel(channel),
      onDisconnected: (error) => this.close(reasonOf(error)),
    });
  }

  /** Of a session that is closed: the viewer was told, as far as it can be. */
  get goodbye(): Promise<void> {
    return this.#goodbye;
  }

  /** Token of the one that is shown. */
  get profile(): string {
    return this.#profile;
  }

  /** Those that are left out, each with the reason. */
  get unusableIceServers(): readonly string[] {
    return this.#peer.unusableIceServers;
  }

  /**
   * Makes the offer.
   *
   * @param known what the offer says of the profile waits for this
   */
  async start(known?: Promise<void>): Promise<void> {
    this.#limitSetup(ANSWER_TIMEOUT_MS);
    this.#options.events.state('connecting');
    await known;
    if (this.#state === 'closed') return;
    this.#subprotocols = this.#watched.metadata === false ? [] : [METADATA_SUBPROTOCOL];
    try {
      const offer = await this.#peer.offer({ video: offeredVideo(this.#watched), audio: offeredAudio(this.#watched) });
      this.#emit(() => this.#options.events.offer(offer, [...this.#subprotocols]));
    } catch (error) {
      this.close(reasonOf(error));
    }
  }

  /** Takes the viewer's answer; ends the session when it is unusable. Later answers are those to offers of an ICE restart. */
  async answer(sdp: string, subprotocols: readonly string[]): Promise<void> {
    if (this.#hasAnswer) {
      if (this.#isAnswered) await this.#peer.acceptRestart(sdp);
      return;
    }
    this.#hasAnswer = true;
    if (this.#state === 'connecting') this.#limitSetup(SETUP_TIMEOUT_MS);
    this.#subprotocols = this.#subprotocols.filter((name) => subprotocols.includes(name));
    try {
      await this.#peer.accept(sdp);
    } catch (error) {
      this.close(reasonOf(error));
      return;
    }
    this.#tellAnswered();
    this.#answered.resolve();
  }

  /** The viewer did not take the offer: one that is live, and was to restart ICE, goes on as it was. */
  refused(reason: Reason): void {
    if (this.#isAnswered) this.#peer.refuseRestart();
    else this.close(reason);
  }

  /**
   * Takes a candidate of the viewer; one that comes before its answer waits for that.
   *
   * @throws GatewayError `session.candidate` when it is malformed; the session goes on
   */
  async addCandidate(candidate: IceCandidate): Promise<void> {
    if (!this.#isAnswered) {
      if (this.#earlyCandidates === MAX_EARLY_CANDIDATES)
        throw new GatewayError('session.candidate', `More than ${MAX_EARLY_CANDIDATES} candidates came before the answer.`);
      this.#earlyCandidates += 1;
    }
    await this.#answered.promise;
    await this.#peer.addCandidate(candidate);
  }

  /** It has a data channel for metadata. */
  get takesMetadata(): boolean {
    return this.#metadata.open;
  }

  /** Sends a document that is not of the stream; one that cannot be sent is dropped and counted. */
  sendMetadata(gzipped: Buffer): void {
    if (this.#state === 'live') this.#metadata.send(gzipped);
  }

  /** Which pictures the viewer is not sent; it stays over profiles. To be set at any time. */
  get thinning(): Thinning {
    return this.#thinning;
  }

  set thinning(thinning: Thinning) {
    this.#thinning = thinning;
    if (this.#egress !== undefined) this.#egress.thinning = thinning;
  }

  /** What is known of the path to the viewer; undefined before it is live. */
  get path(): PathView | undefined {
    return this.#egress?.path;
  }

  /** Begins to find out whether the path carries so many bit/s in all; false where that may not begin now. */
  probe(bitsPerSecond: number): boolean {
    return this.#state === 'live' && this.#egress?.probe(bitsPerSecond) === true;
  }

  /** Undefined where the viewer is not to go over to another profile. */
  get pending(): PendingJoin | undefined {
    return this.#pending && { ...this.#pending, isLate: this.#options.clock.now() - this.#pending.sinceMs > JOIN_LATE_MS };
  }

  /**
   * Shows another profile, whole: picture, sound and metadata. A viewer that is not live yet is shown it from the first on; one that is sees it go on
   *
   * - `now`: from its cached keyframe, else its next one on; until then there is no picture;
   * - `keyframe`: from the next keyframe that it sends, which is asked for; until then the profile before goes on ({@link pending}), and must be pulled.
   *   {@link SessionEvents.joined} tells of it. Another call takes the place of this one, and one for the profile that is shown calls it off.
   */
  watch(profile: string, watched: WatchedProfile, { join }: { join: Join } = { join: 'now' }): void {
    this.#pending = undefined;
    this.#streams?.cancel();
    if (watched === this.#watched) return;
    if (this.#state === 'live' && join === 'keyframe') {
      this.#pending = { profile, sinceMs: this.#options.clock.now() };
      this.#streams?.join(watched.stream, () => this.#joined(profile, watched));
      watched.requestKeyframe();
      return;
    }
    this.#profile = profile;
    this.#watched = watched;
    if (this.#state === 'live') this.#show();
    if (join === 'keyframe') this.#emit(() => this.#options.events.joined?.(profile));
  }

  stats(): Omit<SessionStats, 'talking' | 'adaptation'> {
    const { id, cameraId, profile: requestedProfile } = this.#options;
    const { firstPacketAt, ...sent } = this.#egress?.statistics ?? NOTHING_SENT;
    return {
      sessionId: id,
      cameraId,
      profile: this.#profile,
      requestedProfile,
      videoCodec: this.#egress?.videoCodec ?? null,
      audioCodec: this.#egress?.audioCodec ?? null,
      videoConverted: this.#egress !== undefined && this.#watched.stream.isConvertedFor(this.#egress),
      state: this.#state,
      openedAt: this.#openedAt,
      firstPacketMs: firstPacketAt === null ? null : firstPacketAt - this.#openedAt,
      ...sent,
      sentKbps: this.#egress === undefined ? null : Math.round(this.#egress.path.sentBitsPerSecond / 1000),
      videoSsrc: this.#peer.videoSsrc,
      path: this.#peer.path ?? null,
      metadataDocuments: this.#metadata.documents,
      metadataDropped: this.#metadata.dropped,
    };
  }

  /** Ends the session; may be called again. */
  close(reason: Reason): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#setupTimer);
    clearInterval(this.#reportTimer);
    this.#streams?.close();
    this.#egress?.close();
    this.#goodbye = this.#peer.close().catch(() => undefined);
    this.#options.events.state('closed', reason);
  }

  #limitSetup(timeoutMs: number): void {
    clearTimeout(this.#setupTimer);
    this.#setupTimer = setTimeout(() => this.close(this.#whyNotLive()), timeoutMs);
  }

  #whyNotLive(): Reason {
    if (!this.#isAnswered) return { code: 'session.timeout', message: 'The viewer did not connect in time.' };
    if (this.#peer.path === undefined) return { code: 'session.ice', message: 'No network path to the viewer was found.' };
    return { code: 'session.dtls', message: 'The encrypted connection to the viewer could not be made.' };
  }

  #goLive(media: NegotiatedMedia, transport: EgressTransport): void {
    this.#tellAnswered();
    // What the viewer takes may be nothing that can be shown.
    if (this.#state !== 'connecting') return;
    const { clock, events } = this.#options;
    this.#state = 'live';
    clearTimeout(this.#setupTimer);
    const egress = new ViewerEgress({
      media,
      transport,
      times: this.#watched.stream,
      now: () => clock.now(),
      onKeyframeWanted: () => this.#watched.requestKeyframe(),
      pacing: this.#options.pacing,
      holdsBack: this.#options.holdsBack,
      onSlow: (why) => events.slow?.(SLOW[why]),
      onBroken: (why) => this.close(BROKEN[why]),
      metadata: this.#metadata,
    });
    egress.thinning = this.#thinning;
    this.#egress = egress;
    this.#reportTimer = setInterval(() => {
      if (this.#peer.isPathInDoubt) egress.beginPath(false);
      egress.sendReports();
      const report = media.talk && this.#talk.report(media.talk, clock.now());
      if (report !== undefined) transport.sendRtcp(report);
    }, REPORT_INTERVAL_MS);
    this.#streams = new StreamSwitch(egress, (error) => this.close(reasonOf(error)));
    events.state('live');
    this.#show();
  }

  #show(): void {
    const { stream } = this.#watched;
    if (!stream.hasKeyframe) this.#watched.requestKeyframe();
    this.#streams?.show(stream);
  }

  #joined(profile: string, watched: WatchedProfile): void {
    this.#pending = undefined;
    this.#profile = profile;
    this.#watched = watched;
    this.#emit(() => this.#options.events.joined?.(profile));
  }

  /** Once, and before the session is live: the connection may stand before the answer is taken to its end. */
  #tellAnswered(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#emit(() => this.#options.events.answered(this.#peer.acceptedVideo));
  }

  #onDataChannel(channel: PeerDataChannel): void {
    if (this.#state === 'closed') return;
    // ONVIF WebRTC section 6.7.1: only what both sides listed.
    if (!this.#subprotocols.includes(channel.protocol)) {
      channel.close();
      return;
    }
    this.#metadata.attach(channel, this.#peer.maxMessageSize);
    this.#emit(() => this.#options.events.metadata?.());
  }

  #emit(event: () => void): void {
    if (this.#state !== 'closed') event();
  }
}

/** What the profile sends stands first, H.264 last: what else it sends is converted to that. Where it is not known, as most cameras have it. */
function offeredVideo({ video }: WatchedProfile): readonly VideoCodec[] {
  if (video === 'H265') return ['H265', 'H264'];
  return video === undefined ? ['H264', 'H265'] : ['H264'];
}

/** ONVIF WebRTC section 6.6: sendonly with an encoder, recvonly with a decoder, sendrecv with both, no sound at all with neither. */
function offeredAudio({ audio, talk }: WatchedProfile): OfferedAudio | undefined {
  const sends = audio !== false;
  // A camera's decoder takes G.711 as a rule: listed first, a browser sends it, and nothing need be transcoded.
  if (talk) return { direction: sends ? 'sendrecv' : 'recvonly', codecs: ['PCMU', 'PCMA', 'OPUS'] };
  return sends ? { direction: 'sendonly', codecs: ['OPUS', 'PCMU', 'PCMA'] } : undefined;
}
