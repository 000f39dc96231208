/** What the path is put to (draft-ietf-rmcat-gcc-02 section 5.4): `over`: its queue grows, `under`: its queue empties. */
export type Usage = 'over' | 'normal' | 'under';

/** Section 5.4: the threshold in milliseconds where it begins, and how far it goes. */
const START_THRESHOLD_MS = 12.5;
const MIN_THRESHOLD_MS = 6;
const MAX_THRESHOLD_MS = 600;
/** How fast it follows the trend in a millisecond: up slowly, so that a growing queue is not grown used to, and back faster once that is over. Chromium's; the draft goes back far slower. */
const GAIN_UP = 0.0087;
const GAIN_DOWN = 0.039;
/** A trend further above the threshold is an outlier, from which it learns nothing. */
const MAX_EXCESS_MS = 15;
const MAX_STEP_MS = 100;
/** The queue must have grown for so long, and in more than one group. */
const OVERUSE_MS = 10;
/** A slope is made a delay by the groups that it is over, as many at most, and by a gain: Chromium's values, for which the thresholds are made. */
const MAX_GROUPS = 60;
const GAIN = 4;

/** Says from the trend of the delay whether the path is overused: with a threshold that adapts to how much the trend varies by itself. */
export class OveruseDetector {
  #threshold = START_THRESHOLD_MS;
  #usage: Usage = 'normal';
  #overForMs: number | undefined;
  #overGroups = 0;
  #formerTrend = 0;
  #updatedAtMs: number | undefined;

  get usage(): Usage {
    return this.#usage;
  }

  /**
   * @param trend milliseconds of delay in a millisecond
   * @param groups over which it was taken
   * @param sendMs from the sending of the former group to that of this one
   */
  take(trend: number, groups: number, sendMs: number, arrivedAtMs: number): Usage {
    const delayMs = Math.min(groups, MAX_GROUPS) * trend * GAIN;
    if (delayMs > this.#threshold) {
      // Half of the first: how long it has been so is not known.
      this.#overForMs = this.#overForMs === undefined ? sendMs / 2 : this.#overForMs + sendMs;
      this.#overGroups += 1;
      if (this.#overForMs > OVERUSE_MS && this.#overGroups > 1 && trend >= this.#formerTrend) {
        this.#overForMs = 0;
        this.#overGroups = 0;
        this.#usage = 'over';
      }
    } else {
      this.#overForMs = undefined;
      this.#overGroups = 0;
      this.#usage = delayMs < -this.#threshold ? 'under' : 'normal';
    }
    this.#formerTrend = trend;
    this.#adapt(Math.abs(delayMs), arrivedAtMs);
    return this.#usage;
  }

  #adapt(delayMs: number, arrivedAtMs: number): void {
    const stepMs = Math.min(Math.max(0, arrivedAtMs - (this.#updatedAtMs ?? arrivedAtMs)), MAX_STEP_MS);
    this.#updatedAtMs = arrivedAtMs;
    if (delayMs > this.#threshold + MAX_EXCESS_MS) return;
    const gain = delayMs < this.#threshold ? GAIN_DOWN : GAIN_UP;
    const adapted = this.#threshold + gain * (delayMs - this.#threshold) * stepMs;
    this.#threshold = Math.min(Math.max(adapted, MIN_THRESHOLD_MS), MAX_THRESHOLD_MS);
  }
}
