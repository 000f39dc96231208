import type { AdaptationStats, SwitchReason } from '../base/adaptation.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/log.ts';
import { printable } from '../base/printable.ts';
import { rungName } from '../base/rung-name.ts';
import type { PathView } from '../peer/congestion/path-view.ts';
import { RungChoice } from '../peer/congestion/rung-choice.ts';
import type { Session } from '../peer/session.ts';
import type { CameraLadder } from './camera-ladder.ts';
import type { LadderRung } from './ladder.ts';
import type { PulledProfile } from './pulled-profile.ts';

/** The ladder changes slowly: what is measured is a mean of some seconds, what cannot be pulled is left out for minutes. */
const LADDER_MS = 1000;
/** What is shown broke off so soon after another profile was pulled beside it: the camera gave it up for that, as some do. */
const GIVEN_UP_MS = 10_000;
/** Lines of one session are no closer. */
const LOG_MS = 5000;
/** With headers, bit/s. */
const SOUND_BITS_PER_SECOND = { PCMU: 83_200, PCMA: 83_200, OPUS: 56_000 };

export interface AdaptationOptions {
  session: Pick<Session, 'path' | 'probe' | 'thinning' | 'watch' | 'stats'>;
  ladder: CameraLadder;
  /** Undefined where the camera has no such profile any more. */
  pulled: (token: string) => PulledProfile | undefined;
  clock: Clock;
  /** Of the session. */
  logger: Logger;
}

/**
 * Has one viewer shown what its path carries: goes over from rung to rung, and sees to it that what it goes to is pulled by then. The profile that is shown is
 * counted by its owner; those that are about to be, here.
 */
export class Adaptation {
  readonly #options: AdaptationOptions;
  #choice = new RungChoice();
  #rungs: readonly LadderRung[] = [];
  /** For which the ladder was made, and when. */
  #highest: string | undefined;
  #ladderAtMs = Number.NEGATIVE_INFINITY;
  /** As decided. */
  #rung: LadderRung | undefined;
  /** What the viewer goes over to. */
  #next: PulledProfile | undefined;
  /** It waits for its keyframe. */
  #isJoining = false;
  /** What it may go over to, and since when that is pulled for it. */
  #warm: PulledProfile | undefined;
  #warmSinceMs = Number.NEGATIVE_INFINITY;
  #last: AdaptationStats['last'] = null;
  #switches = 0;
  #probes = 0;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(options: AdaptationOptions) {
    this.#options = options;
  }

  /** Null before there is something to decide. */
  get stats(): AdaptationStats | null {
    const rung = this.#rungs.findIndex(({ key }) => key === this.#rung?.key);
    if (rung < 0) return null;
    const rungs = this.#rungs.map(({ profile, thinning, bitsPerSecond }) => ({
      profile,
      thinning,
      kbps: Math.round(bitsPerSecond / 1000),
    }));
    return { rung, rungs, last: this.#last, switches: this.#switches, probes: this.#probes };
  }

  /**
   * To be called several times a second while the viewer is live.
   *
   * @param highest token of the profile that is shown where the path carries it
   * @param shown what the viewer is shown
   */
  look(highest: string, shown: PulledProfile): void {
    const { session } = this.#options;
    const { path } = session;
    if (path === undefined) return;
    const nowMs = performance.now();
    const before = { rungs: this.#rungs, rung: this.#rung };
    this.#climb(highest, this.#rung?.profile ?? shown.token, nowMs);
    if (this.#rungs.length === 0) return;
    const { rung, reason, probe } = this.#choice.look(this.#rungs, path, nowMs, this.#next !== undefined);
    if (probe !== undefined && session.probe(probe)) this.#probes += 1;
    const chosen = this.#rungs[rung];
    if (chosen === undefined) return;
    this.#rung = chosen;
    if (before.rung !== undefined && before.rung.key !== chosen.key) {
      const from = before.rungs.findIndex(({ key }) => key === before.rung?.key);
      this.#note(before.rung, { from, to: rung, reason: this.#why(reason, before.rung) }, path, nowMs);
    }
    this.#go(chosen, shown);
    this.#keepWarm(rung, shown, nowMs);
  }

  /** The viewer is shown what it was to go over to; that is its owner's to let go from now on. */
  joined(token: string): PulledProfile | undefined {
    const next = this.#next;
    if (next === undefined || next.token !== token) return undefined;
    this.#next = undefined;
    this.#isJoining = false;
    if (this.#rung?.profile === token) this.#options.session.thinning = this.#rung.thinning;
    return next;
  }

  /** What may be shown of the camera has changed. */
  review(): void {
    this.#ladderAtMs = Number.NEGATIVE_INFINITY;
  }

  /** The viewer is shown another profile for another reason, or nothing is to be decided any more: it begins anew. */
  reset(): void {
    this.#choice = new RungChoice();
    this.#rungs = [];
    this.#rung = undefined;
    this.review();
    this.#options.session.thinning = 'none';
    this.close();
  }

  /** Lets go what is pulled for what may come; may be called again. */
  close(): void {
    this.#leaveNext();
    this.#warm?.release();
    this.#warm = undefined;
  }

  #climb(highest: string, present: string, nowMs: number): void {
    const { session, ladder } = this.#options;
    if (this.#highest === highest && nowMs - this.#ladderAtMs < LADDER_MS) return;
    this.#highest = highest;
    this.#ladderAtMs = nowMs;
    const { audioCodec } = session.stats();
    this.#rungs = ladder.rungs(highest, audioCodec === null ? 0 : SOUND_BITS_PER_SECOND[audioCodec], present, nowMs);
  }

  #why(reason: SwitchReason, before: LadderRung): SwitchReason {
    return reason === 'profile_lost' && !this.#options.ladder.isLeftOut(before.profile, performance.now()) ? 'policy' : reason;
  }

  #go(rung: LadderRung, shown: PulledProfile): void {
    const { session, pulled } = this.#options;
    if (rung.profile === shown.token) {
      if (this.#isJoining) session.watch(shown.token, shown, { join: 'keyframe' });
      this.#leaveNext();
      if (session.thinning !== rung.thinning) session.thinning = rung.thinning;
      return;
    }
    if (this.#next?.token !== rung.profile) {
      this.#leaveNext();
      this.#next = pulled(rung.profile);
      this.#next?.retain();
    }
    // Less is sent at once, more only of what is gone over to; which is not seen where no picture is sent.
    if (rung.thinning !== 'none') session.thinning = rung.thinning;
    else if (session.thinning === 'pictures') session.thinning = 'keyframes';
    // What it sends may turn out to be another codec when it is pulled, which is then no rung any more.
    if (this.#next === undefined || this.#isJoining || this.#next.video !== shown.video) return;
    this.#isJoining = true;
    session.watch(rung.profile, this.#next, { join: 'keyframe' });
  }

  #leaveNext(): void {
    this.#next?.release();
    this.#next = undefined;
    this.#isJoining = false;
  }

  /** Has the next lower profile pulled while the viewer's own plays: a pull takes a second, and a path that collapses leaves none. */
  #keepWarm(at: number, shown: PulledProfile, nowMs: number): void {
    const { ladder, pulled } = this.#options;
    const isNew = nowMs - this.#warmSinceMs < GIVEN_UP_MS;
    // Where both break off it is the camera, or the way to it.
    if (this.#warm?.hasFailed === false && shown.hasFailed && isNew) ladder.gaveUpFor(this.#warm, nowMs);
    const present = this.#rungs[at]?.profile;
    const below = this.#rungs.findLast(({ profile }, index) => index < at && profile !== present)?.profile;
    const isServed = below !== undefined && shown.isPlaying && ladder.mayKeepWarm(below, nowMs);
    const warm = isServed ? pulled(below) : undefined;
    if (warm === this.#warm) return;
    // What it is given up for may be in need of its place.
    this.#warm?.release(0);
    this.#warm = warm;
    this.#warmSinceMs = nowMs;
    warm?.retain(false);
  }

  #note(
    before: LadderRung,
    { from, to, reason }: { from: number; to: number; reason: SwitchReason },
    path: PathView,
    nowMs: number,
  ): void {
    const rung = this.#rungs[to];
    if (rung === undefined) return;
    const text = sentence(before, rung, reason, path);
    this.#last = { atMs: this.#options.clock.now(), from, to, reason, text };
    this.#switches += 1;
    if (nowMs - this.#loggedAtMs < LOG_MS) {
      this.#unlogged += 1;
      return;
    }
    const estimateKbps = path.estimateBitsPerSecond === null ? null : Math.round(path.estimateBitsPerSecond / 1000);
    const rest = this.#unlogged === 0 ? {} : { notLogged: this.#unlogged };
    this.#options.logger.info({ from: nameOf(before), to: nameOf(rung), reason, estimateKbps, ...rest }, text);
    this.#loggedAtMs = nowMs;
    this.#unlogged = 0;
  }
}

function sentence(before: LadderRung, after: LadderRung, reason: SwitchReason, path: PathView): string {
  const [was, is] = [nameOf(before), nameOf(after)];
  const carries = `the path carries about ${megabits(Math.max(path.estimateBitsPerSecond ?? 0, path.capacityBitsPerSecond ?? 0))}`;
  switch (reason) {
    case 'congested':
    case 'collapsed':
      return `From "${was}" to "${is}": ${carries} of the ${megabits(before.bitsPerSecond)} that is taken.`;
    case 'room':
      return `From "${was}" to "${is}": there is room for its ${megabits(after.bitsPerSecond)}.`;
    case 'profile_lost':
      return `From "${was}" to "${is}": the camera does not give that profile now.`;
    case 'start':
    case 'policy':
      return `From "${was}" to "${is}": the camera's profiles, or what the config says of them, have changed.`;
  }
}

function nameOf({ profile, thinning, bitsPerSecond }: LadderRung): string {
  return printable(rungName({ profile, thinning, kbps: bitsPerSecond / 1000 }));
}

function megabits(bitsPerSecond: number): string {
  return `${(bitsPerSecond / 1_000_000).toFixed(bitsPerSecond < 1_000_000 ? 2 : 1)} Mbit/s`;
}
