import type { Clock } from '../base/clock.ts';
import type { Reason } from '../base/errors.ts';
import type { IceCandidate, IceServer } from '../base/ice.ts';
import type { RtpPacket } from '../media/rtp/packet.ts';
import type { Stream } from '../media/stream.ts';
import type { VideoCodec } from '../media/viewer-codecs.ts';
import type { IceSettings, SessionState } from '../plane/messages.ts';

/** The profile that a session watches. */
export interface WatchedProfile {
  readonly stream: Stream;
  /** Encoding name of its picture as in SDP; undefined while it is not known. */
  readonly video: string | undefined;
  /** Whether there is sound to offer; undefined while it is not known. */
  readonly audio: boolean | undefined;
  /** Whether the camera plays what the viewer says. */
  readonly talk: boolean;
  /** Whether there is metadata to offer; undefined while it is not known. */
  readonly metadata: boolean | undefined;
  requestKeyframe(): void;
}

/** What a session tells whoever opened it. */
export interface SessionEvents {
  offer(offer: string, subprotocols: string[]): void;
  candidate(candidate: IceCandidate): void;
  /** The viewer has said which codecs of the picture it takes, none where it does without; what is not for it is to be replaced now ({@link Session.watch}). */
  answered(video: ReadonlySet<VideoCodec>): void;
  state(state: SessionState, reason?: Reason): void;
  /** The viewer has opened a data channel for metadata, or closed the one that it had: {@link Session.takesMetadata}. */
  metadata?(): void;
  /** The viewer is shown the profile that it was to go over to at a keyframe ({@link Session.watch}). */
  joined?(profile: string): void;
  /** The viewer cannot follow, and is not sent all pictures; told once for a while in which that goes on. */
  slow?(reason: Reason): void;
}

/** How a viewer goes over to another profile: at once, with a gap until that has a picture; or when that has one, and nobody sees it. */
export type Join = 'now' | 'keyframe';

/** A profile that a viewer is to go over to. */
export interface PendingJoin {
  /** Its token. */
  profile: string;
  /** Since 1970. */
  sinceMs: number;
  /** No keyframe has come for so long that it is not known when one will: some cameras send none when they are asked, and one in minutes by themselves. */
  isLate: boolean;
}

export interface SessionOptions {
  id: string;
  cameraId: string;
  /** Token of the profile that was asked for. */
  profile: string;
  /** Shown unless {@link Session.watch} says otherwise. */
  watched: WatchedProfile;
  ice: IceSettings;
  iceServers: readonly IceServer[];
  clock: Clock;
  /** Whether keyframes are spread over time; absent: they are. */
  pacing?: boolean | undefined;
  /** The viewer is told how long to hold pictures back where some come late. */
  holdsBack?: boolean | undefined;
  events: SessionEvents;
  /**
   * Takes what the viewer says, packet by packet as it came (neither put in order nor counted for loss); only where the profile's
   * {@link WatchedProfile.talk} is true and the viewer has accepted it.
   *
   * @param codec `PCMU`, `PCMA` (8000 Hz) or `OPUS` (48000 Hz)
   * @param level how loud it is, -dBov (RFC 6464); undefined where the viewer does not say it
   */
  onTalk?: (packet: RtpPacket, codec: string, level: number | undefined) => void;
}
