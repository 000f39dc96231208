import type { AdaptationPolicy } from '../base/adaptation.ts';
import { describeReason, type Reason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { printable } from '../base/printable.ts';
import { SaidLately } from '../base/said-lately.ts';
import { suggest } from '../config/suggest.ts';
import { highestProfile, makeLadder, type LadderProfile, type LadderRung } from './ladder.ts';
import type { CameraSource } from './messages.ts';
import type { PulledProfile } from './pulled-profile.ts';

/** Cameras serve few at once, cheap ones two or three; a viewer's own is pulled beyond that, since it was asked for. */
const MAX_PULLS = 3;
/** A profile that could not be pulled is left out so long, twice as long each time that this comes soon again. */
const LEFT_OUT_MS = 60_000;
const MAX_LEFT_OUT_MS = 16 * 60_000;
/** What was measured of a profile is forgotten so long after it was last seen playing: at night a camera sends something else. */
const MEASURED_MS = 10 * 60_000;

export interface CameraLadderOptions {
  /** As it is now. */
  source: () => CameraSource;
  /** Those that were watched once, by token. */
  profiles: ReadonlyMap<string, PulledProfile>;
  /** Of cameras that say nothing of their own. */
  adaptive: boolean;
  logger: Logger;
}

/** What the viewers of one camera may be shown in place of what they ask for. */
export class CameraLadder {
  readonly #options: CameraLadderOptions;
  readonly #said = new SaidLately();
  /** By token. */
  readonly #leftOut = new Map<string, { untilMs: number; forMs: number }>();
  /** When each was last seen playing, by token. */
  readonly #playedMs = new Map<string, number>();

  constructor(options: CameraLadderOptions) {
    this.#options = options;
  }

  get policy(): AdaptationPolicy {
    return { adaptive: this.#options.adaptive, ...this.#options.source().adaptation };
  }

  /** To be called when the camera's profiles may be others: says it where the policy names one that there is not. */
  review(): void {
    const { profiles } = this.#options.source();
    const names = profiles.flatMap(({ token, name }) => (name === undefined ? [token] : [token, name]));
    for (const key of ['floor', 'ceiling'] as const) {
      const written = this.policy[key];
      if (written === undefined || names.length === 0 || names.includes(written)) continue;
      if (this.#said.due(`${key} ${names.join(' ')}`) === undefined) continue;
      const meant = suggest(written, names);
      const instead =
        meant === undefined
          ? `write one of ${names.map((name) => printable(name)).join(', ')}`
          : `did you mean "${printable(meant)}"?`;
      this.#options.logger.warn({ [key]: written }, `The ${key} of the camera names no profile that it has; ${instead}`);
    }
  }

  /** Token of the highest profile that is shown to who asks for another. */
  highest(requested: string): string {
    return highestProfile(requested, this.#known(performance.now()), this.policy);
  }

  /**
   * Lowest first.
   *
   * @param highest token
   * @param soundBitsPerSecond of the sound that the viewer is sent; 0: none
   * @param present token of the profile that was decided for
   */
  rungs(highest: string, soundBitsPerSecond: number, present: string, nowMs: number): LadderRung[] {
    const rungs = makeLadder(highest, this.#known(nowMs), this.policy, soundBitsPerSecond, present);
    return this.policy.adaptive ? rungs : rungs.slice(-1);
  }

  /**
   * A profile could not be pulled. While another one plays that is the profile's own fault, or the camera serves no more at once, as many do: it is left out
   * of what viewers are shown in place of others, for a while.
   */
  failed({ token }: PulledProfile, reason: Reason, nowMs: number): void {
    const hasOther = [...this.#options.profiles.values()].some((each) => each.token !== token && each.isPlaying);
    if (hasOther) this.#leaveOut(token, reason, nowMs);
  }

  /** The camera gave up another profile for this one: it is left out in the same way. */
  gaveUpFor({ token }: PulledProfile, nowMs: number): void {
    const message = 'When it was pulled, the camera ended what it already sent.';
    this.#leaveOut(token, { code: 'stream.given_up', message }, nowMs);
  }

  /** The profile plays: it is not left out any more. */
  plays({ token }: PulledProfile, nowMs: number): void {
    const leftOut = this.#leftOut.get(token);
    if (leftOut !== undefined) leftOut.untilMs = Math.min(leftOut.untilMs, nowMs);
  }

  /** It could not be pulled of late. */
  isLeftOut(token: string, nowMs: number): boolean {
    return (this.#leftOut.get(token)?.untilMs ?? 0) > nowMs;
  }

  /** Whether the profile may be pulled for what may come: not while any is left out, since the camera may serve no more at once. */
  mayKeepWarm(token: string, nowMs: number): boolean {
    const isServedAll = [...this.#leftOut.keys()].every((each) => !this.isLeftOut(each, nowMs));
    return isServedAll && this.#hasPlace(token, this.#pulls);
  }

  /** Said once; and again after a time without. */
  #leaveOut(token: string, reason: Reason, nowMs: number): void {
    const before = this.#leftOut.get(token);
    if (before !== undefined && before.untilMs > nowMs) return;
    const isNews = before === undefined || nowMs - before.untilMs > MAX_LEFT_OUT_MS;
    const forMs = isNews ? LEFT_OUT_MS : Math.min(2 * before.forMs, MAX_LEFT_OUT_MS);
    this.#leftOut.set(token, { untilMs: nowMs + forMs, forMs });
    this.#options.logger[isNews ? 'warn' : 'debug'](
      { profile: token, reason, seconds: forMs / 1000 },
      `The profile cannot be pulled beside another one of the camera, which may serve no more at once. For ${forMs / 1000} s no viewer is shown it in place of another: ${describeReason(reason)}`,
    );
  }

  get #pulls(): number {
    return [...this.#options.profiles.values()].filter(({ isPulled }) => isPulled).length;
  }

  #hasPlace(token: string, pulls: number): boolean {
    return pulls < MAX_PULLS || this.#options.profiles.get(token)?.isPulled === true;
  }

  #known(nowMs: number): LadderProfile[] {
    const { source, profiles } = this.#options;
    const pulls = this.#pulls;
    for (const { token, isPlaying } of profiles.values()) if (isPlaying) this.#playedMs.set(token, nowMs);
    return source().profiles.map(({ token, name, video, videoSource, bitrateKbps }) => {
      const pulled = profiles.get(token);
      const pixels = video === undefined ? 0 : video.width * video.height;
      return {
        token,
        name,
        codec: pulled === undefined ? video?.codec : pulled.video,
        pixels: pixels === 0 ? undefined : pixels,
        videoSource,
        bitrateKbps,
        rates: nowMs - (this.#playedMs.get(token) ?? Number.NEGATIVE_INFINITY) > MEASURED_MS ? undefined : pulled?.stream.rates,
        isUsable: pulled?.unplayable === undefined && !this.isLeftOut(token, nowMs),
        hasPlace: this.#hasPlace(token, pulls),
      };
    });
  }
}
