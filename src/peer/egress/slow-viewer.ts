import type { RtcpMessage } from '../../media/rtp/rtcp.ts';

/** Why a viewer is not sent all pictures: its path takes them too slowly, or it says of none any more that it came. */
export type SkipReason = 'stalled' | 'silent';

/** What waits longer for the path is no live picture any more. */
const MAX_WAIT_MS = 1000;
/** Beyond the round trip: with transport-wide feedback a viewer reports ten times a second, and a thread may be held up. */
const MAX_SILENCE_MS = 2000;
/** Of a viewer that reports seldom; some of its reports may be lost. */
const MISSED_REPORTS = 4;
/** Between two reports while it is not known: a viewer of the kind that reports seldom takes up to twice as long. */
const UNKNOWN_INTERVAL_MS = 2500;
/** Of one interval between reports, in the smoothed one. */
const SMOOTHING = 1 / 8;
/** More is no interval but a pause of the pictures. */
const MAX_REPORT_INTERVAL_MS = 6000;
/** So often is one that is silent sent a keyframe at most, so that it has something to report on. */
const TRICKLE_MS = 1000;
/** So often at most is a keyframe wanted for one that was skipped: each of them is paid by all viewers of the camera. */
const ASK_MS = 10_000;
/** One that is silent, is sent nothing and asks for nothing has nothing to report on: a keyframe is to be had for it all the same. */
const ASK_UNASKED_MS = 5000;
/** Skips that are closer together are told as one. */
const EPISODE_MS = 30_000;

/** How the path to a viewer is at this instant. */
export interface ViewerPath {
  /** It takes nothing. */
  isBlocked: boolean;
  /** How long the oldest of what is to be sent waits for it. */
  waitingMs: number;
  /** Null while it is not known. */
  roundTripMs: number | null;
}

/**
 * Decides which pictures a viewer is not sent: all, from when it cannot follow until it can, and from there on up to a keyframe. Milliseconds on a
 * monotonic clock of the caller.
 */
export class SlowViewer {
  /** Times that it was skipped to a keyframe. */
  readonly skips: Record<SkipReason, number> = { stalled: 0, silent: 0 };
  readonly #onEpisode: (reason: SkipReason) => void;
  /** Since it was skipped, until it is sent a keyframe and all that follows. */
  #isSkipping = false;
  /** Why it cannot follow, as of the last picture. */
  #reason: SkipReason | undefined;
  /** Since when it is silent without a pause. */
  #silentSinceMs: number | undefined;
  /** Since when the path takes nothing without a pause. */
  #blockedSinceMs: number | undefined;
  #skippedAtMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #trickledAtMs = Number.NEGATIVE_INFINITY;
  /** Since when it was sent pictures and has said of none that it came. */
  #unansweredSinceMs: number | undefined;
  #answeredAtMs: number | undefined;
  /** Smoothed, from one report to the next; undefined before two came. */
  #reportIntervalMs: number | undefined;

  /** Extended highest sequence number of the pictures, as reported last. */
  #highest: number | undefined;

  /** @param onEpisode it was skipped, and had not been of late */
  constructor(onEpisode: (reason: SkipReason) => void) {
    this.#onEpisode = onEpisode;
  }

  /**
   * To be called whenever it is looked at whether the path takes more; returns that. Where pictures are left out for another reason none waits, and sound would fill
   * the path.
   */
  looked(isBlocked: boolean, nowMs: number): boolean {
    if (!isBlocked) this.#blockedSinceMs = undefined;
    else this.#blockedSinceMs ??= nowMs;
    return isBlocked;
  }

  /**
   * To be called for each picture: why it is left out. After one that was, others are left out too until a keyframe comes, which is for the caller to see to.
   */
  leavesOut(isKeyframe: boolean, path: ViewerPath, nowMs: number): SkipReason | undefined {
    const reason = this.#findReason(path, nowMs);
    this.#reason = reason;
    if (reason !== 'silent') this.#silentSinceMs = undefined;
    else this.#silentSinceMs ??= nowMs;
    if (reason === undefined) {
      if (isKeyframe) this.#isSkipping = false;
      return undefined;
    }
    if (!this.#isSkipping) this.skips[reason] += 1;
    this.#isSkipping = true;
    if (nowMs - this.#skippedAtMs > EPISODE_MS) this.#onEpisode(reason);
    this.#skippedAtMs = nowMs;
    if (reason === 'stalled' || !isKeyframe || nowMs - this.#trickledAtMs < TRICKLE_MS) return reason;
    this.#trickledAtMs = nowMs;
    return undefined;
  }

  /** What waits for its path is no use. */
  get isStalled(): boolean {
    return this.#reason === 'stalled';
  }

  /** Whether the camera may be asked for a keyframe for this viewer. */
  mayAsk(nowMs: number): boolean {
    if (!this.#isSkipping) return true;
    if (this.isStalled || nowMs - this.#askedAtMs < ASK_MS) return false;
    this.#askedAtMs = nowMs;
    return true;
  }

  /** It is silent, and was sent nothing for so long that a keyframe is to be had for it though it asks for none. */
  needsKeyframe(nowMs: number): boolean {
    if (this.#silentSinceMs === undefined) return false;
    return nowMs - Math.max(this.#silentSinceMs, this.#trickledAtMs) >= ASK_UNASKED_MS;
  }

  /** A picture is on its way to it. */
  sent(nowMs: number): void {
    this.#unansweredSinceMs ??= nowMs;
  }

  /** @param videoSsrc under which it is sent the pictures */
  receive(message: RtcpMessage, videoSsrc: number | undefined, nowMs: number): void {
    // Who misses some, or cannot decode what it has, is there; that says nothing of how often it reports.
    if (message.type === 'nack' || message.type === 'pli' || message.type === 'fir') this.#unansweredSinceMs = undefined;
    else if (this.#saysWhatCame(message, videoSsrc)) this.#answered(nowMs);
  }

  /**
   * Another path is being looked for, which may be done again and again, and gives the viewer its time anew; or was found. One that could not follow is trusted
   * to follow only then: while it is looked for all goes the former way.
   */
  beginPath(isFound: boolean, nowMs: number): void {
    this.#unansweredSinceMs = isFound ? undefined : this.#unansweredSinceMs && nowMs;
  }

  #saysWhatCame(message: RtcpMessage, videoSsrc: number | undefined): boolean {
    if (message.type === 'transport-feedback') return true;
    if (message.type !== 'sender-report' && message.type !== 'receiver-report') return false;
    const highest = message.reports.find(({ ssrc }) => ssrc === videoSsrc)?.extendedHighestSequence;
    // Where nothing arrives any more, a viewer may go on with its reports.
    const isNew = highest !== undefined && highest !== this.#highest;
    this.#highest = highest ?? this.#highest;
    return isNew;
  }

  #answered(nowMs: number): void {
    // A time in which little or nothing came is no interval.
    if (this.#answeredAtMs !== undefined && this.#reason === undefined) {
      const interval = Math.min(Math.max(0, nowMs - this.#answeredAtMs), MAX_REPORT_INTERVAL_MS);
      this.#reportIntervalMs ??= interval;
      this.#reportIntervalMs += (interval - this.#reportIntervalMs) * SMOOTHING;
    }
    this.#answeredAtMs = nowMs;
    this.#unansweredSinceMs = undefined;
  }

  #findReason({ isBlocked, waitingMs, roundTripMs }: ViewerPath, nowMs: number): SkipReason | undefined {
    // What waited was given up since: that alone lets nothing pass.
    if (this.looked(isBlocked, nowMs) && this.#reason === 'stalled') return 'stalled';
    if (Math.max(waitingMs, nowMs - (this.#blockedSinceMs ?? nowMs)) > MAX_WAIT_MS) return 'stalled';
    if (this.#unansweredSinceMs === undefined) return undefined;
    // What waited is gone, if only into the system's own buffer, which grows while the path stands still: that the path takes some is for the viewer to say.
    if (this.#reason !== undefined) return 'silent';
    // One that has never reported is for others to give up.
    if (this.#answeredAtMs === undefined) return undefined;
    const intervalMs = this.#reportIntervalMs ?? UNKNOWN_INTERVAL_MS;
    const allowedMs = Math.max(MAX_SILENCE_MS, MISSED_REPORTS * intervalMs) + (roundTripMs ?? 0);
    return nowMs - this.#unansweredSinceMs > allowedMs ? 'silent' : undefined;
  }
}
