import type { SenderClock } from './rtp/sender-clock.ts';
import type { TimeMapping } from './rtp/timeline.ts';
import type { TrackReceiver } from './track.ts';

/**
 * A clock that is further off than this from what ONVIF says, or from ours, does not tell the time of day: it was never set (1970), counts
 * the camera's uptime, or has 1970 for 1900.
 */
const MAX_CLOCK_ERROR_MS = 366 * 24 * 3_600_000;
/** Sound and picture of a camera whose reports are further apart than this have reports of different clocks. */
const MAX_DISAGREEMENT_MS = 1000;
/** Two tracks that saw the clock set by about the same saw the same. */
const SAME_JUMP_MS = 100;
/** What reports say that are further apart differs by what clocks drift meanwhile. */
const COMPARABLE_MS = 10_000;
/** Of so many comparisons, as of reports whose timestamps are not exact, the mean counts. */
const MEAN_OF = 16;
/** Reports that were made together confirm nothing of each other: they read the same clock. */
const MIN_APART_MS = 500;

/**
 * The camera's clock, by what its tracks say of it. Sound and picture are in step whatever that is: where the one has no reports, it is tied to
 * the other by when both arrive, and where the clock is seen to be set by the one, it is for the other.
 */
export class StreamClock {
  /** The camera's clock minus ours as it was measured otherwise, milliseconds. */
  offsetMs: number;
  /** Video first. */
  readonly #receivers: () => readonly TrackReceiver[];
  /** How much longer the second track takes to arrive than the first, as long as both had reports; milliseconds. */
  #laterMs = 0;
  #compared = 0;

  constructor(offsetMs: number, receivers: () => readonly TrackReceiver[]) {
    this.offsetMs = offsetMs;
    this.#receivers = receivers;
  }

  /** To be called behind each report of the camera. */
  compare(): void {
    const [first, second] = this.#receivers();
    if (first === undefined || second === undefined) return;
    carryJump(first.clock, second.clock);
    carryJump(second.clock, first.clock);
    confirmTogether(first.clock, second.clock);
    const [delayMs, secondDelayMs] = [first.clock.delayMs, second.clock.delayMs];
    const apartMs = Math.abs(first.clock.lastReportMs - second.clock.lastReportMs);
    if (delayMs === undefined || secondDelayMs === undefined || apartMs > COMPARABLE_MS) return;
    const laterMs = secondDelayMs - delayMs;
    if (Math.abs(laterMs) > MAX_DISAGREEMENT_MS) return;
    this.#compared = Math.min(this.#compared + 1, MEAN_OF);
    this.#laterMs += (laterMs - this.#laterMs) / this.#compared;
  }

  /** The camera's clock minus ours: by its sender reports, so that all tracks agree, else as it was given. Milliseconds. */
  get cameraOffsetMs(): number {
    return this.reportedOffsetMs ?? this.offsetMs;
  }

  /** The camera's clock minus ours by its sender reports, milliseconds; undefined where they tell no time of day. */
  get reportedOffsetMs(): number | undefined {
    const offset = this.#reporting()?.clock.offsetMs;
    return offset !== undefined && Math.abs(offset - this.offsetMs) < MAX_CLOCK_ERROR_MS ? offset : undefined;
  }

  /**
   * The camera's time on a track's timeline: by its sender reports, as long as they agree with those of the other track; else by arrival. A
   * clock without the time of day brings sound and picture in step all the same: its times are moved to the camera's.
   */
  timeOf(receiver: TrackReceiver | undefined): TimeMapping | undefined {
    const arrival = receiver?.arrivalTime;
    if (receiver === undefined || arrival === undefined) return undefined;
    const reporting = this.#reporting();
    const delayMs = reporting?.clock.delayMs;
    if (reporting === undefined || delayMs === undefined) return moved(arrival, this.offsetMs);
    const toTimeOfDay = this.reportedOffsetMs === undefined ? this.offsetMs + delayMs : 0;
    const { clock } = receiver;
    const agrees = clock.delayMs !== undefined && Math.abs(clock.delayMs - delayMs) <= MAX_DISAGREEMENT_MS;
    // Of few reports it is not known: to go by arrival until it is, and then not, would move what viewers are told of the one track.
    const isAsExact = !clock.isInexact || !reporting.clock.isExact;
    if (clock.time !== undefined && agrees && isAsExact && this.#isFresh(receiver)) return moved(clock.time, toTimeOfDay);
    return moved(arrival, toTimeOfDay - delayMs - this.#laterThan(reporting, receiver));
  }

  /** The track whose reports tell the time: one whose reports are exact, else the first of which they still come, or came. */
  #reporting(): TrackReceiver | undefined {
    const all = this.#receivers();
    const fresh = all.filter((receiver) => this.#isFresh(receiver));
    return fresh.find(({ clock }) => clock.isExact) ?? fresh[0] ?? all.find(({ clock }) => clock.time !== undefined);
  }

  /** Whether its reports still come, by the time of whatever comes: it may have fallen silent itself. */
  #isFresh({ clock }: TrackReceiver): boolean {
    return clock.isFresh(Math.max(...this.#receivers().map(({ arrivalTime }) => arrivalTime?.unixMs ?? 0)));
  }

  #laterThan(reporting: TrackReceiver, receiver: TrackReceiver): number {
    if (receiver === reporting) return 0;
    return receiver === this.#receivers()[1] ? this.#laterMs : -this.#laterMs;
  }
}

function moved({ unixMs, timestamp }: TimeMapping, byMs: number): TimeMapping {
  return { unixMs: unixMs + byMs, timestamp };
}

/** What one track's reports confirmed holds for the other, unless it has had a report since that says otherwise. */
function carryJump(from: SenderClock, to: SenderClock): void {
  const jump = from.takeJump();
  if (jump === undefined) return;
  const { suspected } = to;
  const saysTheSame = suspected !== undefined && Math.abs(suspected.byMs - jump.byMs) <= SAME_JUMP_MS;
  if (saysTheSame || to.lastReportMs < jump.sinceMs) to.jump(jump.byMs);
}

function confirmTogether(a: SenderClock, b: SenderClock): void {
  const [one, other] = [a.suspected, b.suspected];
  if (one === undefined || other === undefined) return;
  const isSame = Math.abs(one.byMs - other.byMs) <= SAME_JUMP_MS && Math.abs(one.sinceMs - other.sinceMs) >= MIN_APART_MS;
  if (!isSame) return;
  const byMs = Math.min(one.byMs, other.byMs);
  a.jump(byMs);
  b.jump(byMs);
}
