import type { GroupDelta } from './packet-groups.ts';

/** Groups over which the trend is taken. */
const WINDOW = 20;
/** Of the former value in the smoothed delay. */
const SMOOTHING = 0.9;

/**
 * How the queuing delay grows: the slope of a line through the newest delays, by least squares. It stands in the place of the Kalman filter of
 * draft-ietf-rmcat-gcc-02 section 5.3, as it does in Chromium: it needs no model of the noise.
 */
export class DelayTrend {
  readonly #arrivals = new Float64Array(WINDOW);
  readonly #delays = new Float64Array(WINDOW);
  #groups = 0;
  #sumMs = 0;
  #smoothedMs = 0;

  /** Groups that were taken, no more than matter. */
  get groups(): number {
    return this.#groups;
  }

  /** The slope, milliseconds of delay in a millisecond; undefined before there are enough groups. */
  take({ sendMs, arrivalMs, arrivedAtMs }: GroupDelta): number | undefined {
    this.#sumMs += arrivalMs - sendMs;
    this.#smoothedMs = SMOOTHING * this.#smoothedMs + (1 - SMOOTHING) * this.#sumMs;
    const slot = this.#groups % WINDOW;
    this.#arrivals[slot] = arrivedAtMs;
    this.#delays[slot] = this.#smoothedMs;
    this.#groups += 1;
    return this.#groups < WINDOW ? undefined : this.#slope();
  }

  #slope(): number {
    let [arrivalSum, delaySum] = [0, 0];
    for (let at = 0; at < WINDOW; at += 1) {
      arrivalSum += this.#arrivals[at] ?? 0;
      delaySum += this.#delays[at] ?? 0;
    }
    const [arrivalMean, delayMean] = [arrivalSum / WINDOW, delaySum / WINDOW];
    let [products, squares] = [0, 0];
    for (let at = 0; at < WINDOW; at += 1) {
      const arrival = (this.#arrivals[at] ?? 0) - arrivalMean;
      products += arrival * ((this.#delays[at] ?? 0) - delayMean);
      squares += arrival * arrival;
    }
    return squares === 0 ? 0 : products / squares;
  }
}
