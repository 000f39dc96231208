import { RtspSource } from '../camera/rtsp/source.ts';
import type { RtspTrack } from '../camera/rtsp/sdp.ts';
import type { Clock } from '../base/clock.ts';
import type { DialTurn } from '../base/dial-stagger.ts';
import type { Reason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { Stream } from '../media/stream.ts';
import { bFrames, noH264, noPicture, streamMedia } from './stream-media.ts';
import type { WatchedProfile } from '../peer/session.ts';
import type { CameraSource, ProfileSource, StreamMedia, StreamState, StreamStats } from './messages.ts';

/** RTP payload that leaves room, within 1200 bytes, for header and extensions (32), the number of a retransmission (2) and the SRTP tag (16). */
const MAX_PAYLOAD = 1200 - 32 - 2 - 16;
/** A camera is not asked for keyframes more often than this. */
const KEYFRAME_INTERVAL_MS = 500;
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
  onKeyframeWanted: () => void;
}

type SourceCounters = Pick<StreamStats, 'reconnects' | 'stalls' | 'garbageBytes'>;

/** One profile of a camera, pulled while somebody watches and a while after. */
export class PulledProfile implements WatchedProfile {
  readonly stream: Stream;
  readonly #options: PulledProfileOptions;
  #camera: CameraSource;
  #profile: ProfileSource;
  #viewers = 0;
  #closed = false;
  #source: RtspSource | undefined;
  #tracks: readonly RtspTrack[] = [];
  #media: StreamMedia | undefined;
  #state: StreamState = 'idle';
  #reason: Reason | undefined;
  #lingerTimer: NodeJS.Timeout | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  /** The camera has agreed to send, so that it can be asked for a keyframe. */
  #playing = false;
  #lastKeyframeRequest = Number.NEGATIVE_INFINITY;
  /** When the camera began to send, and what had been counted by then; until there is a picture, or that it is missing was said. */
  #begun: { atMs: number; keyframes: number; accessUnits: number } | undefined;
  #countedBefore: SourceCounters = { reconnects: 0, stalls: 0, garbageBytes: 0 };

  constructor(options: PulledProfileOptions) {
    this.#options = options;
    this.#camera = options.camera;
    this.#profile = options.profile;
    this.stream = new Stream({
      maxPayload: MAX_PAYLOAD,
      keyframeCacheBytes: options.keyframeCacheBytes,
      clockOffsetMs: options.camera.clockOffsetMs,
      onKeyframeWanted: () => this.requestKeyframe(),
      onReordered: () => this.#warn(bFrames()),
    });
  }

  get audio(): boolean | undefined {
    return this.#media === undefined ? this.#profile.audio : this.#media.audioPassed;
  }

  get metadata(): boolean | undefined {
    return this.#media === undefined ? this.#profile.metadata : this.#media.metadata;
  }

  /** Why the profile cannot be watched whatever is waited for; undefined while it may be. */
  get unplayable(): Reason | undefined {
    return this.#reason?.code === 'stream.no_h264' ? this.#reason : undefined;
  }

  /** Counts a viewer in; the first starts the pull. */
  retain(): void {
    this.#viewers += 1;
    clearTimeout(this.#lingerTimer);
    if (this.#source === undefined && !this.#closed) this.#pull();
  }

  /** Counts a viewer out; some time after the last the camera is let go. */
  release(): void {
    this.#viewers -= 1;
    if (this.#viewers > 0 || this.#closed) return;
    this.#lingerTimer = setTimeout(() => void this.#letGo(), this.#options.lingerMs);
  }

  /** Takes what changed of the camera; a pull under way is begun anew when it is to be got at in another way. */
  async update(camera: CameraSource, profile: ProfileSource): Promise<void> {
    const moved =
      profile.uri !== this.#profile.uri || JSON.stringify(accessOf(camera)) !== JSON.stringify(accessOf(this.#camera));
    this.#camera = camera;
    this.#profile = profile;
    this.stream.clockOffsetMs = camera.clockOffsetMs;
    if (!moved || this.#source === undefined) return;
    await this.#letGo();
    // A viewer may have begun a pull meanwhile, or the profile have been closed: then nobody would end another one.
    if (this.#viewers > 0 && this.#source === undefined && !this.#closed) this.#pull();
  }

  requestKeyframe(): void {
    const now = performance.now();
    if (!this.#playing || now - this.#lastKeyframeRequest < KEYFRAME_INTERVAL_MS) return;
    this.#lastKeyframeRequest = now;
    this.#options.onKeyframeWanted();
    this.#sendToCamera((index) => this.stream.pictureLossIndication(index, this.#options.clock.now()));
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
      clockOffsetMs: this.#state === 'playing' ? (stream.reportedClockOffsetMs ?? null) : null,
    };
  }

  /** Lets the camera go for good. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#lingerTimer);
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
        this.#playing = true;
        const { keyframes = 0, accessUnits = 0 } = this.stream.video ?? {};
        this.#begun = { atMs: performance.now(), keyframes, accessUnits };
        this.requestKeyframe();
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

  /** Without H.264 there is nothing to watch: the pull fails, and is tried again as after any other failure. */
  #choose(described: readonly RtspTrack[]): RtspTrack[] {
    const chosen = Stream.choose(described);
    this.#media = streamMedia(described, chosen);
    if (chosen.some(({ kind }) => kind === 'video')) return chosen;
    throw noH264(this.#media.video);
  }

  /** Packets may come and no picture of them: another payload type than described, an encrypted stream, a keyframe every five minutes. */
  #lookForPictures(): void {
    const begun = this.#begun;
    const { video } = this.stream;
    if (begun === undefined || video === undefined || this.#state !== 'playing') return;
    const isMissing = video.keyframes === begun.keyframes;
    if (isMissing && performance.now() - begun.atMs < NO_PICTURE_MS) return;
    this.#begun = undefined;
    if (isMissing) this.#warn(noPicture(video.accessUnits > begun.accessUnits, NO_PICTURE_MS));
  }

  /** Says what was found out while the profile plays, once a connection. */
  #warn(warning: Reason): void {
    if (this.#media === undefined || this.#media.warnings.some(({ code }) => code === warning.code)) return;
    this.#media = { ...this.#media, warnings: [...this.#media.warnings, warning] };
    this.#options.onState(this.#state, this.#reason, this.#media);
  }

  #setState(state: StreamState, reason?: Reason): void {
    this.#state = state;
    this.#reason = reason;
    if (state !== 'playing') this.#playing = false;
    this.#options.onState(state, reason, this.#media);
  }
}

/** How the camera's streams are got at. */
function accessOf({ credentials, transport, tls }: CameraSource): Pick<CameraSource, 'credentials' | 'transport' | 'tls'> {
  return {
    ...(credentials === undefined ? {} : { credentials }),
    ...(transport === undefined ? {} : { transport }),
    ...(tls === undefined ? {} : { tls }),
  };
}
