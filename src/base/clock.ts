/**
 * Where time comes from. Codecs and anything pure take `now` as an argument instead; owners of sockets and timers
 * take a clock, so that a test can put its own in place.
 */
export interface Clock {
  /** Wall clock, milliseconds since 1970 (UTC). */
  now(): number;
}

/** The machine's wall clock; it follows corrections of the system time. */
export const systemClock: Clock = {
  now: () => Date.now(),
};
