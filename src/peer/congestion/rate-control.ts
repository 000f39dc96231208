import { LinkCapacity } from './link-capacity.ts';
import type { Usage } from './overuse-detector.ts';

/** No path that shows pictures carries less, and none of a viewer more. Bit/s. */
export const MIN_BITS_PER_SECOND = 30_000;
const MAX_BITS_PER_SECOND = 1_000_000_000;

/** Draft-ietf-rmcat-gcc-02 section 5.5: in a second, far from the capacity. */
const GROWTH = 1.08;
/** Of what was delivered, after overuse. */
const BACK_OFF = 0.85;
/** No more than this beyond what is delivered: more was never tried. */
const HEADROOM = 1.5;
const HEADROOM_BITS_PER_SECOND = 10_000;
/** Near the capacity, a packet in each response time: round trip and what the detector takes. */
const PACKET_BITS = 1200 * 8;
const DETECTION_MS = 100;
const DEFAULT_ROUND_TRIP_MS = 100;
/** Between two reductions the first must have had its effect. */
const MIN_EFFECT_MS = 10;
const MAX_EFFECT_MS = 200;
/** Feedback that comes after a pause is no reason for a leap. */
const MAX_STEP_MS = 1000;

/** What is known of the path at an update. */
export interface PathReport {
  usage: Usage;
  /** Undefined while it is not known. */
  deliveredBitsPerSecond: number | undefined;
  roundTripMs: number | undefined;
}

/**
 * The rate that the delays allow: up while they do not grow, down when the path is overused (draft-ietf-rmcat-gcc-02 section 5.5). What is sent may
 * be much less: then the rate goes no further than what was tried allows, and not down either.
 */
export class RateControl {
  readonly #capacity = new LinkCapacity();
  #bitsPerSecond: number;
  /** Delays do not fall or grow: only then it goes up. */
  #isGrowing = true;
  #updatedAtMs: number | undefined;
  #reducedAtMs = Number.NEGATIVE_INFINITY;

  constructor(startBitsPerSecond: number) {
    this.#bitsPerSecond = startBitsPerSecond;
  }

  get bitsPerSecond(): number {
    return this.#bitsPerSecond;
  }

  /** What the path delivered when it was overused; undefined where it was not of late, or more was delivered since. */
  get capacityBitsPerSecond(): number | undefined {
    return this.#capacity.bitsPerSecond;
  }

  /** True where the path was overused, and the rate is less for it or was shortly before. */
  update({ usage, deliveredBitsPerSecond, roundTripMs = DEFAULT_ROUND_TRIP_MS }: PathReport, nowMs: number): boolean {
    const stepMs = Math.min(nowMs - (this.#updatedAtMs ?? nowMs), MAX_STEP_MS);
    this.#updatedAtMs = nowMs;
    if (usage === 'over') {
      this.#isGrowing = false;
      if (deliveredBitsPerSecond !== undefined) this.#reduce(deliveredBitsPerSecond, roundTripMs, nowMs);
      return deliveredBitsPerSecond !== undefined;
    }
    // The queue empties: what is delivered is more than what is sent.
    if (usage === 'under') this.#isGrowing = false;
    else if (this.#isGrowing) this.#grow(deliveredBitsPerSecond, roundTripMs, stepMs);
    else this.#isGrowing = true;
    return false;
  }

  /** The path was shown to carry this, though it is more than what was sent before. */
  carried(bitsPerSecond: number): void {
    this.#capacity.delivered(bitsPerSecond);
    if (bitsPerSecond > this.#bitsPerSecond) this.#set(bitsPerSecond);
  }

  #reduce(delivered: number, roundTripMs: number, nowMs: number): void {
    const effectMs = Math.min(Math.max(roundTripMs, MIN_EFFECT_MS), MAX_EFFECT_MS);
    if (nowMs - this.#reducedAtMs < effectMs && delivered > this.#bitsPerSecond / 2) return;
    this.#reducedAtMs = nowMs;
    this.#capacity.overusedAt(delivered);
    this.#set(BACK_OFF * delivered);
  }

  #grow(delivered: number | undefined, roundTripMs: number, stepMs: number): void {
    if (delivered === undefined) return;
    this.#capacity.delivered(delivered);
    const isNear = this.#capacity.bitsPerSecond !== undefined;
    const grown = isNear
      ? this.#bitsPerSecond + (PACKET_BITS * stepMs) / (roundTripMs + DETECTION_MS)
      : this.#bitsPerSecond * GROWTH ** (stepMs / 1000);
    const headroom = HEADROOM * delivered + HEADROOM_BITS_PER_SECOND;
    // What the path delivers it carries.
    const carried = isNear ? BACK_OFF * delivered : delivered;
    this.#set(Math.max(this.#bitsPerSecond, Math.min(grown, headroom), carried));
  }

  #set(bitsPerSecond: number): void {
    this.#bitsPerSecond = Math.min(Math.max(bitsPerSecond, MIN_BITS_PER_SECOND), MAX_BITS_PER_SECOND);
  }
}
