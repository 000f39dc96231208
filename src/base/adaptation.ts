/** What of a profile's pictures a viewer is not sent: none, those that no other picture refers to, all but keyframes, all of them (sound alone is left). */
export type Thinning = 'none' | 'discardable' | 'keyframes' | 'pictures';

/**
 * Why a viewer is sent another rung than before: `start` its first, `congested` its path carries less than the rung takes, `collapsed` much less,
 * `room` its path carries more, `profile_lost` the profile cannot be pulled, `policy` the camera's profiles or what the config says of them changed.
 */
export type SwitchReason = 'start' | 'congested' | 'collapsed' | 'room' | 'profile_lost' | 'policy';

/** What may be done for a camera's viewers. */
export interface AdaptationPolicy {
  /** They are shown what their paths carry; else what they ask for. */
  adaptive: boolean;
  /** Token or name of the lowest profile that is shown in place of the one asked for; absent: the lowest. */
  floor?: string;
  /** The same of the highest; absent: the one that is asked for. */
  ceiling?: string;
}

/** One step of what a viewer may be sent of a camera. */
export interface RungInfo {
  /** Token of the profile. */
  profile: string;
  thinning: Thinning;
  /** Its mean with headers and sound: as measured, else as the camera's configuration has it; 0 where neither is known. */
  kbps: number;
}

/** What was decided for one viewer. */
export interface AdaptationStats {
  /** That which is sent, in {@link rungs}; while a switch waits for its keyframe that which it goes to. */
  rung: number;
  /** Lowest first. */
  rungs: RungInfo[];
  /** The last switch, numbered by the rungs of that time; null before the first. `text` says it in one sentence. `atMs` since 1970. */
  last: { atMs: number; from: number; to: number; reason: SwitchReason; text: string } | null;
  /** What is counted never falls; the first rung is no switch. */
  switches: number;
  /** Times that it was tried whether the path carries more. */
  probes: number;
}
