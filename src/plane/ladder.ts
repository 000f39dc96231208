import type { AdaptationPolicy, Thinning } from '../base/adaptation.ts';
import type { StreamRates } from '../media/picture-rates.ts';
import type { Rung } from '../peer/congestion/rung-choice.ts';

/*
 * What a viewer may be sent of a camera, by what it takes: profiles of the same input and codec as the one that it asks for, and at the lower end
 * parts of the lowest of them.
 */

/** A profile as far as it is known. */
export interface LadderProfile {
  token: string;
  name: string | undefined;
  /** Encoding name as in SDP; undefined while it is not known. */
  codec: string | undefined;
  /** Of one picture; undefined while that is not known. */
  pixels: number | undefined;
  /** Which input of the device it shows; undefined where the device has one. */
  videoSource: string | undefined;
  /** What the camera's configuration limits it to; undefined where it says nothing. */
  bitrateKbps: number | undefined;
  /** As measured; undefined before it was pulled. */
  rates: StreamRates | undefined;
  /** False: it could not be pulled of late. */
  isUsable: boolean;
  /** It is pulled, or may be besides those that are. */
  hasPlace: boolean;
}

export interface LadderRung extends Rung {
  profile: string;
  thinning: Thinning;
}

/** A rung that takes more than this of the one above is left out: it saves too little. */
const SAVING = 0.8;
/** Of a profile of which nothing is known, to the one above it. */
const UNKNOWN_SHARE = 0.25;
/** Of a profile that nothing was measured of, what its keyframes take: of a group of two seconds. */
const KEYFRAME_SHARE = 0.2;
/** Where nothing is known of any profile, bit/s. */
const UNKNOWN_BITS_PER_SECOND = 4_000_000;

/**
 * Lowest first; at least the one rung of the profile that was asked for.
 *
 * @param requested token of the profile that is the highest, which is one of `profiles`
 * @param profiles of the camera, in its own order
 * @param soundBitsPerSecond of the sound that the viewer is sent, with headers; 0: none
 * @param present token of the profile that was decided for, which stays a rung however little it saves
 */
export function makeLadder(
  requested: string,
  profiles: readonly LadderProfile[],
  policy: AdaptationPolicy,
  soundBitsPerSecond: number,
  present: string | undefined,
): LadderRung[] {
  const [highest, ...lower] = takenTogether(requested, profiles, policy);
  if (highest === undefined) return [];
  const kept: RatedProfile[] = [];
  for (const each of [highest, ...lower]) {
    const { token, isUsable, hasPlace } = each.profile;
    const saves = each.bitsPerSecond <= SAVING * (kept.at(-1)?.bitsPerSecond ?? Number.POSITIVE_INFINITY);
    if (isUsable && (token === present || ((each === highest || hasPlace) && saves))) kept.push(each);
  }
  if (kept.length === 0) kept.push(highest);
  const whole = kept.map(({ profile: { token }, bitsPerSecond }) => rung(token, 'none', bitsPerSecond + soundBitsPerSecond));
  const lowest = kept.at(-1);
  return [...whole, ...(lowest === undefined ? [] : thinned(lowest, soundBitsPerSecond))].toReversed();
}

/**
 * Token of the highest profile that is shown to who asks for another: the ceiling of the policy where that is lower, else the one that is asked for.
 *
 * @param profiles of the camera, in its own order
 */
export function highestProfile(requested: string, profiles: readonly LadderProfile[], policy: AdaptationPolicy): string {
  const asked = profiles.find(({ token }) => token === requested);
  const ceiling = policy.adaptive ? named(policy.ceiling, profiles) : undefined;
  if (asked === undefined || ceiling === undefined || !isAlike(ceiling, asked)) return requested;
  const rated = rate(profiles);
  const [most, least] = [rated.get(asked) ?? 0, rated.get(ceiling) ?? 0];
  return least < most ? ceiling.token : requested;
}

interface RatedProfile {
  profile: LadderProfile;
  /** Of the pictures, with headers. */
  bitsPerSecond: number;
}

/** Those that may stand for the requested one, that first, from the highest on. */
function takenTogether(requested: string, profiles: readonly LadderProfile[], policy: AdaptationPolicy): RatedProfile[] {
  const rated = rate(profiles);
  const all = profiles.map((profile) => ({ profile, bitsPerSecond: rated.get(profile) ?? 0 }));
  const highest = all.find(({ profile }) => profile.token === requested);
  if (highest === undefined) return [];
  const floor = named(policy.floor, profiles);
  const least = floor === undefined || !isAlike(floor, highest.profile) ? 0 : (rated.get(floor) ?? 0);
  const lower = all.filter(({ profile, bitsPerSecond }) => {
    const isBetween = bitsPerSecond < highest.bitsPerSecond && bitsPerSecond >= least;
    return profile !== highest.profile && isAlike(profile, highest.profile) && isBetween;
  });
  return [highest, ...lower.toSorted((a, b) => b.bitsPerSecond - a.bitsPerSecond)];
}

/** Of one input and codec, as far as that is known. */
function isAlike(one: LadderProfile, other: LadderProfile): boolean {
  const isSameCodec = one.codec === undefined || other.codec === undefined || one.codec === other.codec;
  return isSameCodec && one.videoSource === other.videoSource;
}

/**
 * What each profile takes: as measured; else by what its configuration limits it to, or its pixels, in proportion to those that were measured: cameras send less
 * than they are limited to, and all profiles show the same scene. Of those of which nothing is known each is taken for a part of the one before it.
 */
function rate(profiles: readonly LadderProfile[]): Map<LadderProfile, number> {
  const measured = profiles.filter(({ rates }) => rates !== undefined);
  const limitShare = mean(measured.flatMap((each) => ratio(each.rates?.all, (each.bitrateKbps ?? 0) * 1000))) ?? 1;
  const pixelRate = mean(measured.flatMap((each) => ratio(each.rates?.all, each.pixels)));
  const known = profiles.map(({ rates, bitrateKbps, pixels }) => {
    const limit = bitrateKbps === undefined ? undefined : bitrateKbps * 1000 * limitShare;
    const byPixels = pixels === undefined || pixelRate === undefined ? undefined : pixels * pixelRate;
    return rates?.all ?? limit ?? byPixels;
  });
  return new Map(profiles.map((profile, index) => [profile, known[index] ?? beside(known, index)]));
}

/** By the nearest before it that is known, else the first behind it. */
function beside(known: readonly (number | undefined)[], index: number): number {
  const before = known.findLastIndex((each, at) => at < index && each !== undefined);
  const at = before === -1 ? known.findIndex((each) => each !== undefined) : before;
  return (known[at] ?? UNKNOWN_BITS_PER_SECOND) * UNKNOWN_SHARE ** (index - Math.max(0, at));
}

function ratio(value: number | undefined, to: number | undefined): number[] {
  return value === undefined || to === undefined || to === 0 ? [] : [value / to];
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, each) => sum + each, 0) / values.length;
}

/** Highest first; each saves enough to the one above. */
function thinned({ profile, bitsPerSecond }: RatedProfile, soundBitsPerSecond: number): LadderRung[] {
  const { rates } = profile;
  const parts: readonly (readonly [Thinning, number | undefined])[] = [
    ['discardable', rates?.kept],
    ['keyframes', rates?.keyframes ?? KEYFRAME_SHARE * bitsPerSecond],
    // Without sound nothing would be left.
    ['pictures', soundBitsPerSecond > 0 ? 0 : undefined],
  ];
  const rungs: LadderRung[] = [];
  let above = bitsPerSecond;
  for (const [thinning, part] of parts) {
    if (part === undefined || part > SAVING * above) continue;
    above = part;
    rungs.push(rung(profile.token, thinning, part + soundBitsPerSecond));
  }
  return rungs;
}

function rung(profile: string, thinning: Thinning, bitsPerSecond: number): LadderRung {
  return { key: `${thinning} ${profile}`, profile, thinning, bitsPerSecond };
}

/** By token, else by name. */
function named(name: string | undefined, profiles: readonly LadderProfile[]): LadderProfile | undefined {
  if (name === undefined) return undefined;
  return profiles.find(({ token }) => token === name) ?? profiles.find((each) => each.name === name);
}
