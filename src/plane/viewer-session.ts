import type { Reason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { TranscodeMode } from '../base/transcode-mode.ts';
import type { VideoCodec } from '../media/viewer-codecs.ts';
import { Session, type SessionEvents, type SessionOptions } from '../peer/session.ts';
import { Adaptation } from './adaptation.ts';
import type { CameraLadder } from './camera-ladder.ts';
import type { CameraSource, ProfileSource, SessionStats } from './messages.ts';
import { chooseProfile, type KnownProfile, type ProfileChoice } from './profile-choice.ts';
import type { PulledProfile } from './pulled-profile.ts';

/** How long an offer waits until it is known what the camera sends: most have answered DESCRIBE by then. */
const DESCRIBED_WITHIN_MS = 1000;

/** A camera as its viewers need it. */
export interface ViewedCamera {
  readonly source: CameraSource;
  /** Those that were watched once, by token. */
  readonly profiles: ReadonlyMap<string, PulledProfile>;
  /** What stands for what. */
  readonly ladder: CameraLadder;
}

export interface ViewerSessionOptions extends Omit<SessionOptions, 'profile' | 'watched' | 'events'> {
  camera: ViewedCamera;
  requested: ProfileSource;
  pulled: (profile: ProfileSource) => PulledProfile;
  transcode: () => TranscodeMode;
  logger: Logger;
  events: Omit<SessionEvents, 'answered' | 'joined'> & {
    /** Another profile is shown than before. */
    watched(): void;
  };
}

/** What is asked about a profile before a viewer has said what it plays. */
const ALL: ReadonlySet<VideoCodec> = new Set(['H264', 'H265']);

/**
 * A viewer of a camera, and which of its profiles it is shown: the one that it asked for, or where it does not play that, another; and where its path does not carry
 * that, a lower one.
 */
export class ViewerSession {
  readonly session: Session;
  readonly #adaptation: Adaptation;
  readonly #options: ViewerSessionOptions;
  readonly #requested: string;
  /** Token of the profile that it is shown where its path carries that. */
  #highest: string;
  #watched: PulledProfile;
  /** It is counted as a viewer of what it watches. */
  #isRetained = false;
  #accepted: ReadonlySet<VideoCodec> | undefined;
  /** Profiles that were to be shown in place of the requested, and could not be pulled. */
  readonly #failed = new Set<string>();
  /** Packets that it had been sent when it began to watch what it watches. */
  #sentBefore = 0;
  #isClosed = false;

  /** Why such a session would end at once; undefined where it would not. */
  static refusal(options: Pick<ViewerSessionOptions, 'camera' | 'requested' | 'transcode'>): Reason | undefined {
    const { camera, requested, transcode } = options;
    const choice = choose(camera, requested.token, ALL, transcode(), NONE);
    return 'refused' in choice ? choice.refused : undefined;
  }

  constructor(options: ViewerSessionOptions) {
    this.#options = options;
    const { requested, pulled, events, logger, ...session } = options;
    this.#requested = requested.token;
    this.#highest = requested.token;
    this.#watched = pulled(requested);
    this.session = new Session({
      ...session,
      profile: requested.token,
      watched: this.#watched,
      events: {
        ...events,
        joined: (token) => this.#joined(token),
        answered: (video) => {
          this.#accepted = video;
          this.review();
        },
        state: (state, reason) => {
          if (state === 'closed') this.#leave();
          events.state(state, reason);
        },
      },
    });
    const { camera, clock } = options;
    this.#adaptation = new Adaptation({
      session: this.session,
      ladder: camera.ladder,
      pulled: (token) => this.#pulled(token),
      clock,
      logger,
    });
  }

  get cameraId(): string {
    return this.#options.cameraId;
  }

  /** Token of the profile that was asked for. */
  get requested(): string {
    return this.#requested;
  }

  get watched(): PulledProfile {
    return this.#watched;
  }

  start(): Promise<void> {
    // One that many viewers cannot play is not pulled before this one has said whether it can.
    const forMost = this.#choose(new Set(['H264']));
    if ('refused' in forMost || forMost.profile === this.#requested) this.#retain();
    else if (forMost.profile === this.#options.camera.ladder.highest(this.#requested)) this.#watch(forMost.profile);
    return this.session.start(this.#watched.known(DESCRIBED_WITHIN_MS));
  }

  /** To be called when what is known of the camera's profiles is another than before. */
  review(): void {
    if (this.#isClosed) return;
    const choice = this.#choose(this.#accepted ?? ALL);
    if ('refused' in choice) this.session.close(choice.refused);
    else if (this.#accepted !== undefined) this.#watch(choice.profile);
    this.#adaptation.review();
    this.lookAtPictures();
  }

  /**
   * To be called when the conversion of pictures fails: who plays nothing but what is converted, and has seen nothing, is told why. Who has seen the
   * camera waits for it to come back.
   */
  lookAtPictures(): void {
    const { video, pictureFailure } = this.#watched;
    const accepted: ReadonlySet<string> = this.#accepted ?? NONE;
    if (pictureFailure === undefined || video === undefined || accepted.size === 0 || accepted.has(video)) return;
    if (this.session.stats().videoCodec === null) this.session.close(pictureFailure);
  }

  /** The pull of a profile failed: one that was to stand in for another, and has shown nothing, makes way for the next. */
  failed(pulled: PulledProfile): void {
    if (pulled !== this.#watched || pulled.token !== this.#highest || pulled.token === this.#requested) return;
    if (this.session.stats().packetsSent > this.#sentBefore) return;
    this.#failed.add(pulled.token);
    this.review();
  }

  /** To be called several times a second: it is shown what its path carries. */
  adapt(): void {
    const codec: string | undefined = this.#options.camera.profiles.get(this.#highest)?.video;
    const accepted: ReadonlySet<string> = this.#accepted ?? NONE;
    // What is converted is made in one size alone.
    if (!this.#isClosed && codec !== undefined && accepted.has(codec)) this.#adaptation.look(this.#highest, this.#watched);
  }

  stats(): Omit<SessionStats, 'talking'> {
    const { policy } = this.#options.camera.ladder;
    return { ...this.session.stats(), adaptation: policy.adaptive ? this.#adaptation.stats : null };
  }

  #choose(accepted: ReadonlySet<VideoCodec>): ProfileChoice {
    const { camera, transcode } = this.#options;
    const choice = choose(camera, this.#requested, accepted, transcode(), this.#failed);
    return 'refused' in choice ? choice : { profile: camera.ladder.highest(choice.profile) };
  }

  /** Shows the profile where the viewer's path carries it. */
  #watch(token: string): void {
    const { camera, events } = this.#options;
    const isGone = camera.profiles.get(this.#watched.token) !== this.#watched;
    const next = token !== this.#highest || isGone ? this.#pulled(token) : undefined;
    if (next !== undefined && next !== this.#watched) {
      this.#adaptation.reset();
      this.session.watch(token, next);
      this.#takeOver(next, false);
      events.watched();
    }
    if (next !== undefined) this.#highest = token;
    this.#retain();
  }

  #joined(token: string): void {
    const next = this.#adaptation.joined(token);
    if (next === undefined) return;
    this.#takeOver(next, true);
    this.#options.events.watched();
  }

  /** @param isRetained it is counted as a viewer of that already */
  #takeOver(next: PulledProfile, isRetained: boolean): void {
    const [before, wasRetained] = [this.#watched, this.#isRetained];
    this.#watched = next;
    this.#isRetained = isRetained;
    this.#sentBefore = this.session.stats().packetsSent;
    this.#retain();
    if (wasRetained) before.release();
  }

  #pulled(token: string): PulledProfile | undefined {
    const { camera, pulled } = this.#options;
    const profile = camera.source.profiles.find((each) => each.token === token);
    return profile && pulled(profile);
  }

  #retain(): void {
    if (this.#isRetained || this.#isClosed) return;
    this.#isRetained = true;
    this.#watched.retain();
  }

  #leave(): void {
    this.#isClosed = true;
    this.#adaptation.close();
    if (this.#isRetained) this.#watched.release();
    this.#isRetained = false;
  }
}

const NONE: ReadonlySet<string> = new Set();

function choose(
  { source, profiles }: ViewedCamera,
  token: string,
  accepted: ReadonlySet<VideoCodec>,
  transcode: TranscodeMode,
  failed: ReadonlySet<string>,
): ProfileChoice {
  const known = source.profiles.map((profile) => knownProfile(profile, profiles.get(profile.token)));
  const requested = known.find((profile) => profile.token === token) ?? UNKNOWN;
  const others = known.filter((profile) => profile !== requested && !failed.has(profile.token));
  return chooseProfile({ ...requested, token }, others, accepted, transcode);
}

const UNKNOWN = { codec: undefined, pixels: undefined, videoSource: undefined, unplayable: undefined };

function knownProfile({ token, video, videoSource }: ProfileSource, pulled: PulledProfile | undefined): KnownProfile {
  const pixels = video === undefined ? 0 : video.width * video.height;
  return {
    token,
    codec: pulled === undefined ? video?.codec : pulled.video,
    pixels: pixels === 0 ? undefined : pixels,
    videoSource,
    unplayable: pulled?.unplayable,
  };
}
