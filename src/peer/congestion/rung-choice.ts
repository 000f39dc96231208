import type { SwitchReason } from '../../base/adaptation.ts';
import type { PathView } from './path-view.ts';

/** One step of what a viewer may be sent. */
export interface Rung {
  /** Names it, also where others are measured to be more or less meanwhile. */
  key: string;
  /** Its mean, with headers and sound. */
  bitsPerSecond: number;
}

export interface RungDecision {
  /** In the list that was looked at. */
  rung: number;
  /** Of the last change. */
  reason: SwitchReason;
  /** It is to be tried now whether the path carries so much in all, bit/s. */
  probe?: number;
}

/** Of what the path carries, a rung's mean takes no more than this: keyframes, repairs and what others send need the rest. */
const SHARE = 0.8;
/** Less than this of what the rung takes is a collapse, where there is a queue, or loss, to show for it. */
const COLLAPSED = 0.75;
/** No picture makes a queue of this on a path that carries the rung. */
const COLLAPSED_QUEUE_MS = 150;
const FULL_QUEUE_MS = 600;
/** Behind a step down the queue is still of the rung before, and what is lost too: so long that is no reason for another one. */
const EFFECT_MS = 2000;
/** A queue that does not fall to this in so long is not of a keyframe: those have gone by then, also large ones on a path with little room. */
const STANDING_QUEUE_MS = 60;
const STANDING_MS = 3000;
/** More is no room, though the rung may be carried all the same. */
const UNCALM_MS = 1000;
/** More than a radio link loses by itself. */
const HIGH_LOSS = 0.1;
const LOSS_MS = 1000;
/** So long a rung is sent without a sign of congestion before more is tried; longer where what was tried had to be taken back soon. */
const ROOM_MS = 4000;
const FIRST_BACK_OFF_MS = 15_000;
const MAX_BACK_OFF_MS = 240_000;
/** A step up is taken back soon, and is well founded. */
const SOON_MS = 30_000;
const FOUNDED_MS = 120_000;
/** What a probe showed holds for so long. */
const PROBE_VALID_MS = 5000;
/** A probe that reached nearly what was to be tried. */
const NEARLY = 0.97;
/** Where nothing can be probed: so much longer, and by one rung. */
const UNPROBED_ROOM_MS = 20_000;
/** There, of what the rung takes: more is not said of a path that is sent no more. */
const UNPROBED_ROOM = 1.3;

/**
 * Decides which rung one viewer is sent: down at once on evidence that its path does not carry the present one, and to where there is room; up after a while
 * without such a sign and a probe. Pure: milliseconds on one monotonic clock.
 */
export class RungChoice {
  #key: string | undefined;
  #bitsPerSecond = 0;
  #reason: SwitchReason = 'start';
  #changedAtMs = 0;
  /** When the present rung was gone up to; undefined where it was gone down to, or is founded. */
  #roseAtMs: number | undefined;
  #wentDownAtMs = Number.NEGATIVE_INFINITY;
  #backOffMs = 0;
  #queuedSinceMs: number | undefined;
  #lossSinceMs: number | undefined;
  #calmSinceMs: number | undefined;

  /**
   * To be called often, several times a second.
   *
   * @param rungs lowest first; at least one
   * @param isJoining what was decided is not yet sent: it waits for its keyframe
   */
  look(rungs: readonly Rung[], path: PathView, nowMs: number, isJoining = false): RungDecision {
    this.#watch(path, nowMs);
    const at = rungs.findIndex(({ key }) => key === this.#key);
    const current = rungs[at];
    if (current === undefined) return this.#begin(rungs, nowMs);
    this.#bitsPerSecond = current.bitsPerSecond;
    const why = at > 0 ? this.#whyDown(current, path, nowMs) : undefined;
    if (why !== undefined) return this.#goDown(rungs, at, path, why, nowMs);
    if (isJoining) this.#changedAtMs = nowMs;
    return this.#lookUp(rungs, at, path, nowMs);
  }

  /** The first time the highest; where the present one is gone, the next below it. */
  #begin(rungs: readonly Rung[], nowMs: number): RungDecision {
    const isFirst = this.#key === undefined;
    const below = rungs.findLastIndex(({ bitsPerSecond }) => bitsPerSecond <= this.#bitsPerSecond);
    return this.#change(rungs, isFirst ? rungs.length - 1 : Math.max(0, below), isFirst ? 'start' : 'profile_lost', nowMs);
  }

  #watch(path: PathView, nowMs: number): void {
    if (path.queueMs + path.waitingMs <= STANDING_QUEUE_MS) this.#queuedSinceMs = undefined;
    else this.#queuedSinceMs ??= nowMs;
    if (path.lossShare <= HIGH_LOSS) this.#lossSinceMs = undefined;
    else this.#lossSinceMs ??= nowMs;
    if (isSince(this.#queuedSinceMs, UNCALM_MS, nowMs) || this.#lossSinceMs !== undefined) this.#calmSinceMs = undefined;
    else this.#calmSinceMs ??= nowMs;
  }

  /** A low estimate alone is no evidence: nobody knows what a path carries on which little is sent. */
  #whyDown({ bitsPerSecond }: Rung, path: PathView, nowMs: number): SwitchReason | undefined {
    const { estimateBitsPerSecond: estimate } = path;
    if (estimate === null || estimate >= bitsPerSecond) return undefined;
    if (nowMs - this.#wentDownAtMs < EFFECT_MS) return undefined;
    const queueMs = path.queueMs + path.waitingMs;
    const isLosing = isSince(this.#lossSinceMs, LOSS_MS, nowMs);
    if (estimate < COLLAPSED * bitsPerSecond && (queueMs > COLLAPSED_QUEUE_MS || isLosing)) return 'collapsed';
    const isStanding = isSince(this.#queuedSinceMs, STANDING_MS, nowMs);
    return isStanding || queueMs > FULL_QUEUE_MS || isLosing ? 'congested' : undefined;
  }

  #goDown(rungs: readonly Rung[], from: number, path: PathView, why: SwitchReason, nowMs: number): RungDecision {
    const room = SHARE * Math.max(path.estimateBitsPerSecond ?? 0, path.capacityBitsPerSecond ?? 0);
    const to = rungs.findLastIndex(({ bitsPerSecond }, index) => index < from && bitsPerSecond <= room);
    if (isSince(this.#roseAtMs, FOUNDED_MS, nowMs)) this.#backOffMs = 0;
    else if (this.#roseAtMs !== undefined && nowMs - this.#roseAtMs < SOON_MS)
      this.#backOffMs = Math.min(Math.max(FIRST_BACK_OFF_MS, 2 * this.#backOffMs), MAX_BACK_OFF_MS);
    this.#roseAtMs = undefined;
    this.#wentDownAtMs = nowMs;
    return this.#change(rungs, Math.max(0, to), why, nowMs);
  }

  #lookUp(rungs: readonly Rung[], at: number, path: PathView, nowMs: number): RungDecision {
    const stay = { rung: at, reason: this.#reason };
    const next = rungs[at + 1];
    const roomMs = Math.max(ROOM_MS, this.#backOffMs);
    if (next === undefined || nowMs - this.#changedAtMs < roomMs || !isSince(this.#calmSinceMs, ROOM_MS, nowMs)) return stay;
    if (!path.canProbe) return this.#hasUnprobedRoom(next, path, nowMs) ? this.#goUp(rungs, at + 1, nowMs) : stay;
    const to = rungs.findLastIndex(
      ({ bitsPerSecond }, index) => index > at && this.#isCarried(bitsPerSecond / SHARE, path, nowMs),
    );
    if (to > at) return this.#goUp(rungs, to, nowMs);
    return path.isProbing ? stay : { ...stay, probe: next.bitsPerSecond / SHARE };
  }

  /** Nothing shows a limit, or that leaves room, and hardly more can be said of a path that is sent no more. */
  #hasUnprobedRoom(next: Rung, { estimateBitsPerSecond, capacityBitsPerSecond }: PathView, nowMs: number): boolean {
    const estimate = estimateBitsPerSecond ?? 0;
    // A limit holds as long as little is sent: sound alone would remain for good on a path that was found to carry far more.
    const hasRoom =
      capacityBitsPerSecond === undefined
        ? estimate >= UNPROBED_ROOM * this.#bitsPerSecond
        : next.bitsPerSecond <= SHARE * Math.min(estimate, capacityBitsPerSecond);
    return hasRoom && nowMs - this.#changedAtMs >= UNPROBED_ROOM_MS && isSince(this.#calmSinceMs, UNPROBED_ROOM_MS, nowMs);
  }

  #isCarried(bitsPerSecond: number, { lastProbe }: PathView, nowMs: number): boolean {
    if (lastProbe === undefined || !lastProbe.carried || lastProbe.atMs < this.#changedAtMs) return false;
    return nowMs - lastProbe.atMs < PROBE_VALID_MS && lastProbe.bitsPerSecond >= NEARLY * bitsPerSecond;
  }

  #goUp(rungs: readonly Rung[], to: number, nowMs: number): RungDecision {
    const decision = this.#change(rungs, to, 'room', nowMs);
    this.#roseAtMs = nowMs;
    return decision;
  }

  #change(rungs: readonly Rung[], to: number, reason: SwitchReason, nowMs: number): RungDecision {
    this.#key = rungs[to]?.key;
    this.#bitsPerSecond = rungs[to]?.bitsPerSecond ?? 0;
    this.#reason = reason;
    this.#changedAtMs = nowMs;
    this.#queuedSinceMs = undefined;
    this.#lossSinceMs = undefined;
    this.#calmSinceMs = undefined;
    return { rung: to, reason };
  }
}

function isSince(sinceMs: number | undefined, durationMs: number, nowMs: number): boolean {
  return sinceMs !== undefined && nowMs - sinceMs >= durationMs;
}
