import type { PlayoutReport, SynchronizationSource } from '../../client/index.ts';

/** Between the NTP epoch (1900), in which browsers give the sender's times, and the Unix epoch (RFC 5905 section 6). */
const NTP_UNIX_OFFSET_MS = 2_208_988_800_000;
/** Of video in RTP. */
const TICKS_PER_MS = 90;
/** Estimates that are kept. */
const ESTIMATES = 20;
/** Chromium's renderer hands a picture out 10 ms before it is due, a late one at once; the latest of many is taken to be half of it early. */
const HANDED_OUT_EARLY_MS = 5;
/** Estimates further apart are not of one stream any more. */
const RESTARTED_MS = 1000;
/** Pictures of which the shortest interval counts. */
const INTERVALS = 10;
const LONGEST_INTERVAL_MS = 200;
/** Before two pictures were seen. */
const USUAL_INTERVAL_MS = 40;

interface Anchor {
  rtpTimestamp: number;
  /** Of the camera, milliseconds since 1970. */
  cameraMs: number;
}

/**
 * When pictures were taken, by the camera's clock, from their RTP timestamps. Exact where the sender writes it into the packets (abs-capture-time); else
 * to some milliseconds from `estimatedPlayoutTimestamp`, which Chromium has only where sound comes with the picture.
 */
export class PictureClock {
  #anchor: Anchor | undefined;
  #estimates: Anchor[] = [];
  #shown: number[] = [];

  /** Whether {@link addEstimate} would make a difference. */
  get isExact(): boolean {
    return this.#anchor !== undefined;
  }

  /** From picture to picture, milliseconds; those that were not shown count too. */
  get intervalMs(): number {
    const intervals = this.#shown.slice(1).map((rtp, index) => distanceMs(this.#shown[index] ?? rtp, rtp));
    const forward = intervals.filter((interval) => interval > 0);
    return forward.length === 0 ? USUAL_INTERVAL_MS : Math.min(LONGEST_INTERVAL_MS, ...forward);
  }

  /** Takes note of a picture that is on the screen. */
  see(rtpTimestamp: number): void {
    this.#shown = [...this.#shown, rtpTimestamp].slice(-INTERVALS);
  }

  addSource({ rtpTimestamp, captureTimestamp }: SynchronizationSource): void {
    if (captureTimestamp === undefined) return;
    this.#anchor = { rtpTimestamp, cameraMs: captureTimestamp - NTP_UNIX_OFFSET_MS };
  }

  /** @param source the picture handed out last, read right after the report */
  addEstimate({ rtpTimestamp, timestamp }: SynchronizationSource, { senderMs, reportedAt }: PlayoutReport): void {
    // Handed out since: the report is not of this picture.
    if (timestamp > reportedAt) return;
    const estimate = { rtpTimestamp, cameraMs: timestamp + senderMs - reportedAt };
    const before = this.#estimated(rtpTimestamp);
    if (before !== undefined && Math.abs(estimate.cameraMs - before) > RESTARTED_MS) this.#estimates = [];
    this.#estimates = [...this.#estimates, estimate].slice(-ESTIMATES);
  }

  /** When the picture was taken, milliseconds since 1970 by the camera's clock; undefined where nothing is known. */
  timeOf(rtpTimestamp: number): number | undefined {
    return this.#anchor === undefined ? this.#estimated(rtpTimestamp) : at(this.#anchor, rtpTimestamp);
  }

  /** A picture is handed out before it is due and never after, so of several estimates the latest is nearest. */
  #estimated(rtpTimestamp: number): number | undefined {
    if (this.#estimates.length === 0) return undefined;
    return Math.max(...this.#estimates.map((estimate) => at(estimate, rtpTimestamp))) + HANDED_OUT_EARLY_MS;
  }
}

function at({ rtpTimestamp, cameraMs }: Anchor, other: number): number {
  return cameraMs + distanceMs(rtpTimestamp, other);
}

/** Over the wrap of 32 bits. */
function distanceMs(from: number, to: number): number {
  return ((to - from) | 0) / TICKS_PER_MS;
}
