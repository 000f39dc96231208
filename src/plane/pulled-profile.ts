import { RtspSource } from '../camera/rtsp/source.ts';
import type { RtspTrack } from '../camera/rtsp/sdp.ts';
import type { Clock } from '../base/clock.ts';
import type { DialTurn } from '../base/dial-stagger.ts';
import type { Reason } from '../base/errors.ts';
import type { TranscodeMode } from '../base/transcode-mode.ts';
import type { Logger } from '../base/log.ts';
import type { PictureCount, RequestPace } from '../media/keyframe-policy.ts';
import { Stream } from '../media/stream.ts';
import { KeyframeRequester } from './keyframe-requester.ts';
import { bFrames, interlaced } from './picture-warnings.ts';
import { noH264, noKeyframeOnRequest, noPicture, streamMedia } from './stream-media.ts';
import type { WatchedProfile } from '../peer/session.ts';
import { accessOf } from './camera-access.ts';
import { StreamConversions } from './conversion/stream-conversions.ts';
import type { CameraSource, ProfileSource, StreamMedia, StreamState, StreamStats } from './messages.ts';
import type { StartTranscoder } from './transcoders.ts';

/** RTP payload that leaves room, within 1200 bytes, for header and extensions (32), the number of a retransmission (2) and the SRTP tag (16). */
const MAX_PAYLOAD = 1200 - 32 - 2 - 16;
const RECEIVER_REPORT_INTERVAL_MS = 5000;
/** A keyframe is asked for when the camera begins; one that has none for so long leaves its viewers without a picture. */
const NO_PICTURE_MS = 30_000;

export interface PulledProfileOptions {
  camera: CameraSource;
  profile: ProfileSource;
  lingerMs: number;
  keyframeCacheBytes: number;
  /** Waited for before each attempt to connect. */
  turn: DialTurn;
  clock: Clock;
  logger: Logger;
  onState: (state: StreamState, reason?: Reason, media?: StreamMedia) => void;
  /** Keeps requests to the camera for keyframes apart. */
  keyframePace: RequestPace;
  /** The camera is to be asked for a keyframe by ONVIF too. */
  onKeyframeWanted: () => void;
  /** Of cameras that say nothing of their own; default `auto`. */
  transcode?: TranscodeMode;
  /** Absent: nothing is converted. */
  startTranscoder?: StartTranscoder;
  /** What the profile carries became known, or that it cannot be pulled. */
  onKnown?: () => void;
}

type SourceCounters = Pick<StreamStats, 'reconnects' | 'stalls' | 'garbageBytes'>;

/** One profile of a camera, pulled while somebody watches and a while after. */
export class PulledProfile implements WatchedProfile {
  readonly stream: Stream;
  readonly #options: PulledProfileOptions;
  readonly #conversions: StreamConversions | undefined;
  #camera: CameraSource;
  #profile: ProfileSource;
  #viewers = 0;
  #isAwaited = false;
  /** Those who wait until it is known what the profile carries. */
  readonly #waiting = new Set<() => void>();
  #closed = false;
  #source: RtspSource | undefined;
  #tracks: readonly RtspTrack[] = [];
  #media: StreamMedia | undefined;
  #state: StreamState = 'idle';
  #reason: Reason | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  readonly #keyframes: KeyframeRequester;
  /** When the camera began to send, and what had been counted by then; until there is a picture, or that it is missing was said. */
  #begun: ({ atMs: number } & PictureCount) | undefined;
  #countedBefore: SourceCounters = { reconnects: 0, stalls: 0, garbageBytes: 0 };

  constructor(options: PulledProfileOptions) {
    this.#options = options;
    this.#camera = options.camera;
    this.#profile = options.profile;
    this.#keyframes = new KeyframeRequester({
      pace: options.keyframePace,
      count: () => this.#pictures(),
      ask: () => {
        options.onKeyframeWanted();
        this.#sendToCamera((index) => this.stream.pictureLossIndication(index, options.clock.now()));
      },
      onGivenUp: () => this.#warn(noKeyframeOnRequest()),
    });
    this.#conversions =
      options.startTranscoder &&
      new StreamConversions({
        start: options.startTranscoder,
        convertsPictures: () => this.#transcode === 'auto',
        onKeyframeWanted: () => this.requestKeyframe(),
        onWarnings: () => this.#tellState(),
      });
    this.stream = new Stream({
      maxPayload: MAX_PAYLOAD,
      keyframeCacheBytes: options.keyframeCacheBytes,
      clockOffsetMs: options.camera.clockOffsetMs,
      onKeyframeWanted: () => this.requestKeyframe(),
      onReordered: () => this.#warn(bFrames(this.#transcode)),
      onInterlaced: () => this.#warn(interlaced()),
      ...(this.#conversions === undefined ? {} : { conversions: this.#conversions }),
    });
  }

  /** Encoding name of its picture; undefined while it is not known. */
  get video(): string | undefined {
    return this.#media === undefined ? this.#profile.video?.codec : (this.#media.video ?? undefined);
  }

  get audio(): boolean | undefined {
    return this.#media === undefined ? this.#profile.audio : this.#media.sound;
  }

  get talk(): boolean {
    return this.#profile.talk === true;
  }

  get metadata(): boolean | undefined {
    return this.#hasMetadataStream || this.#camera.events === true ? true : this.#hasMetadataStream;
  }

  /** Its viewers' metadata are made of the camera's events, since it has no stream of them. */
  get listensToEvents(): boolean {
    return this.#camera.events === true && this.#hasMetadataStream === false;
  }

  /** The camera is asked for it, whatever comes of that. */
  get isPulled(): boolean {
    return this.#source !== undefined;
  }

  get isPlaying(): boolean {
    return this.#state === 'playing';
  }

  /** It is asked for in vain so far, or broke off. */
  get hasFailed(): boolean {
    return this.#state === 'failed';
  }

  get token(): string {
    return this.#profile.token;
  }

  /** Undefined while it is not known. */
  get #hasMetadataStream(): boolean | undefined {
    return this.#media === undefined ? this.#profile.metadata : this.#media.metadata;
  }

  /** Why the profile cannot be watched whatever is waited for; undefined while it may be. */
  get unplayable(): Reason | undefined {
    return this.#reason?.code === 'stream.no_h264' ? this.#reason : undefined;
  }

  /** Why its pictures are not converted for those who do not play them as they come, though they should be. */
  get pictureFailure(): Reason | undefined {
    return this.#conversions?.pictureFailure;
  }

  /** Waits until it is known what the pull under way brings, or that it brings nothing; so many milliseconds at most. */
  async known(withinMs: number): Promise<void> {
    if (this.#source === undefined || this.video !== undefined || this.#state === 'failed') return;
    const known = Promise.withResolvers<void>();
    this.#waiting.add(known.resolve);
    const timer = setTimeout(known.resolve, withinMs);
    await known.promise;
    clearTimeout(timer);
    this.#waiting.delete(known.resolve);
  }

  /** Counts a viewer in; the first starts the pull. The camera is not asked for a keyframe for one that only may need the profile: it costs all who watch. */
  retain(isAwaited = true): void {
    this.#viewers += 1;
    this.#isAwaited = isAwaited || (this.#viewers > 1 && this.#isAwaited);
    clearTimeout(this.#lingerTimer);
    if (this.#source === undefined && !this.#closed) this.#pull();
  }

  /** Counts a viewer out; some time after the last the camera is let go, `lingerMs` where that is not to be as the settings say. */
  release(lingerMs = this.#options.lingerMs): void {
    this.#viewers -= 1;
    if (this.#viewers > 0 || this.#closed) return;
    this.#lingerTimer = setTimeout(() => void this.#letGo(), lingerMs);
  }

  /** Takes what changed of the camera; a pull under way is begun anew when it is to be got at in another way. */
  async update(camera: CameraSource, profile: ProfileSource): Promise<void> {
    const moved =
      profile.uri !== this.#profile.uri || JSON.stringify(accessOf(camera)) !== JSON.stringify(accessOf(this.#camera));
    // What was pulled before it was set to another codec is not true any more.
    if (profile.video?.codec !== this.#profile.video?.codec && this.#state !== 'playing') this.#media = undefined;
    this.#camera = camera;
    this.#profile = profile;
    this.stream.clockOffsetMs = camera.clockOffsetMs;
    if (!moved || this.#source === undefined) return;
    await this.#letGo();
    // A viewer may have begun a pull meanwhile, or the profile have been closed: then nobody would end another one.
    if (this.#viewers > 0 && this.#source === undefined && !this.#closed) this.#pull();
  }

  requestKeyframe(): void {
    this.#keyframes.want();
  }

  stats(): StreamStats {
    const { stream } = this;
    return {
      cameraId: this.#camera.id,
      profile: this.#profile.token,
      state: this.#state,
      readers: stream.readers,
      packetsReceived: stream.packetsReceived,
      packetsLost: stream.packetsLost,
      packetsMalformed: stream.packetsMalformed,
      bytesReceived: stream.bytesReceived,
      accessUnits: stream.video?.accessUnits ?? 0,
      keyframes: stream.video?.keyframes ?? 0,
      accessUnitsDropped: stream.video?.damaged ?? 0,
      metadataDropped: stream.metadataDropped,
      ...this.#counted(),
      measuredKbps: stream.rates === undefined ? null : Math.round(stream.rates.all / 1000),
      clockOffsetMs: this.#state === 'playing' ? (stream.reportedClockOffsetMs ?? null) : null,
      conversions: this.#conversions?.stats ?? [],
      conversionsDropped: this.#conversions?.dropped ?? 0,
    };
  }

  /** Lets the camera go for good. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#lingerTimer);
    this.stream.close();
    await this.#letGo();
  }

  #pull(): void {
    this.#source = new RtspSource({
      url: this.#profile.uri,
      ...accessOf(this.#camera),
      turn: this.#options.turn,
      clock: this.#options.clock,
      logger: this.#options.logger,
      choose: (described) => this.#choose(described),
      onState: (state, reason) => this.#setState(state, reason),
      onTracks: (tracks) => {
        this.#tracks = tracks;
        this.stream.setTracks(tracks);
      },
      // A camera may join us in the middle of a long group of pictures, and some hold back everything until its end.
      onPlay: () => {
        this.#begun = { atMs: performance.now(), ...this.#pictures() };
        this.#keyframes.start(this.#isAwaited);
      },
      onRtp: (track, packet, arrivalMs) => this.stream.receiveRtp(this.#tracks.indexOf(track), packet, arrivalMs),
      onRtcp: (track, packet, arrivalMs) => this.stream.receiveRtcp(this.#tracks.indexOf(track), packet, arrivalMs),
    });
    this.#source.start();
    this.#reportTimer = setInterval(() => {
      this.#sendToCamera((index) => this.stream.receiverReport(index, this.#options.clock.now()));
      this.#lookForPictures();
    }, RECEIVER_REPORT_INTERVAL_MS);
  }

  async #letGo(): Promise<void> {
    const source = this.#source;
    if (source === undefined) return;
    this.#source = undefined;
    clearInterval(this.#reportTimer);
    this.#countedBefore = this.#counted(source);
    this.#setState('idle');
    // What the cache holds is old by the time anybody watches again.
    this.stream.setTracks([]);
    await source.close();
  }

  /** What this pull and those before have counted. */
  #counted(source = this.#source): SourceCounters {
    const { reconnects, stalls, garbageBytes } = this.#countedBefore;
    const now = source?.counters ?? { reconnects: 0, stalls: 0, garbageBytes: 0 };
    return {
      reconnects: reconnects + now.reconnects,
      stalls: stalls + now.stalls,
      garbageBytes: garbageBytes + now.garbageBytes,
    };
  }

  #sendToCamera(compound: (index: number) => Buffer | undefined): void {
    for (const [index, track] of this.#tracks.entries()) {
      const packet = compound(index);
      if (packet !== undefined) this.#source?.sendRtcp(track, packet);
    }
  }

  get #transcode(): TranscodeMode {
    return this.#camera.transcode ?? this.#options.transcode ?? 'auto';
  }

  /** Without H.264 there is nothing to watch: the pull fails, and is tried again as after any other failure. */
  #choose(described: readonly RtspTrack[]): RtspTrack[] {
    const hasVideo = (tracks: readonly RtspTrack[]): boolean => tracks.some(({ kind }) => kind === 'video');
    const chosen = Stream.choose(described, this.#transcode === 'auto');
    this.#media = streamMedia(described, chosen, this.#transcode);
    this.#tellKnown();
    if (hasVideo(chosen)) return chosen;
    throw noH264(this.#media.video, hasVideo(Stream.choose(described, true)));
  }

  /** Before anything comes of it: viewers for whom it is not are not to have it converted in vain. */
  #tellKnown(): void {
    for (const resolve of this.#waiting) resolve();
    this.#options.onKnown?.();
  }

  /** Packets may come and no picture of them: another payload type than described, an encrypted stream, a keyframe every five minutes. */
  #lookForPictures(): void {
    const begun = this.#begun;
    const { video } = this.stream;
    if (begun === undefined || video === undefined || this.#state !== 'playing') return;
    const isMissing = video.keyframes === begun.keyframes;
    if (isMissing && performance.now() - begun.atMs < NO_PICTURE_MS) return;
    this.#begun = undefined;
    if (isMissing) this.#warn(noPicture(video.accessUnits > begun.pictures, NO_PICTURE_MS, this.#media?.video ?? video.codec));
  }

  #pictures(): PictureCount {
    const { accessUnits = 0, keyframes = 0 } = this.stream.video ?? {};
    return { pictures: accessUnits, keyframes };
  }

  /** Says what was found out while the profile plays, once a connection. */
  #warn(warning: Reason): void {
    if (this.#media === undefined || this.#media.warnings.some(({ code }) => code === warning.code)) return;
    this.#media = { ...this.#media, warnings: [...this.#media.warnings, warning] };
    this.#tellState();
  }

  #setState(state: StreamState, reason?: Reason): void {
    this.#state = state;
    this.#reason = reason;
    if (state !== 'playing') this.#keyframes.stop();
    if (state === 'failed' || state === 'idle') this.#tellKnown();
    this.#tellState();
  }

  #tellState(): void {
    const media = this.#media;
    const warnings = [...(media?.warnings ?? []), ...(this.#conversions?.warnings ?? [])];
    this.#options.onState(this.#state, this.#reason, media && { ...media, warnings });
  }
}
