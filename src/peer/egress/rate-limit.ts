import type { BitrateLimit } from '../../media/rtp/rtcp.ts';

/** What may be sent at once after a pause, of what the limit allows in this time. */
const BURST_MS = 1000;
const RTP_HEADER_BYTES = 12;

/**
 * Keeps one track under the bitrate that its viewer allows (RFC 5104 section 3.5.4): over any time no more is sent than the limit allows in that
 * time and a second, and one picture more. Pictures cannot be made smaller here, so they are left out, from one that finds the limit
 * overdrawn up to a keyframe that does not: what is sent can be decoded.
 */
export class RateLimit {
  readonly limit: BitrateLimit;
  #budgetBytes: number;
  #atMs: number;
  #isThinning = false;

  constructor(limit: BitrateLimit, nowMs: number) {
    this.limit = limit;
    this.#budgetBytes = this.#bytesIn(BURST_MS);
    this.#atMs = nowMs;
  }

  /** True where the limit is overdrawn. */
  isOverdrawn(nowMs: number): boolean {
    // The clock may be set back: that must not cost budget.
    const earned = this.#bytesIn(Math.max(0, nowMs - this.#atMs));
    this.#budgetBytes = Math.min(this.#bytesIn(BURST_MS), this.#budgetBytes + earned);
    this.#atMs = nowMs;
    return this.#budgetBytes <= 0;
  }

  /**
   * True where a picture, or a packet of sound, is to be left out.
   *
   * @param isKeyframe it can be decoded without what was left out before it
   */
  leavesOut(isKeyframe: boolean, nowMs: number): boolean {
    if (this.isOverdrawn(nowMs)) this.#isThinning = true;
    else if (isKeyframe) this.#isThinning = false;
    return this.#isThinning;
  }

  /** So long was nothing sent that all of a burst may be sent again; as of the last {@link leavesOut}. */
  get isRested(): boolean {
    return this.#budgetBytes > 0 && this.#budgetBytes >= this.#bytesIn(BURST_MS);
  }

  /** @param bytes of the RTP payloads */
  spend(bytes: number, packets: number): void {
    this.#budgetBytes -= bytes + packets * (RTP_HEADER_BYTES + this.limit.overheadBytes);
  }

  #bytesIn(milliseconds: number): number {
    return (this.limit.bitsPerSecond / 8000) * milliseconds;
  }
}
