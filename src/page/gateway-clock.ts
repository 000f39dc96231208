/** An offset older than this many answers is forgotten, since clocks drift. */
const ANSWERS_KEPT = 30;

interface Reading {
  roundTripMs: number;
  aheadMs: number;
}

/**
 * How far the gateway's clock is ahead of this device's. Of the latest answers the quickest counts: its time was read in the
 * middle of the shortest round trip, so its error is the smallest (the clock filter of RFC 5905 section 10).
 */
export class GatewayClock {
  #readings: Reading[] = [];

  /** All in milliseconds since 1970: asked and answered by our clock, `gatewayNow` by the gateway's. */
  add(askedAt: number, gatewayNow: number, answeredAt: number): void {
    const reading = { roundTripMs: answeredAt - askedAt, aheadMs: gatewayNow - (askedAt + answeredAt) / 2 };
    this.#readings = [...this.#readings, reading].slice(-ANSWERS_KEPT);
  }

  /** Milliseconds; null before the first answer. */
  get aheadMs(): number | null {
    if (this.#readings.length === 0) return null;
    return this.#readings.reduce((best, reading) => (reading.roundTripMs < best.roundTripMs ? reading : best)).aheadMs;
  }
}
