import type { AnalyticsFrame } from './analytics-frame.ts';
import { FrameBuffer, type TimedFrame } from './frame-buffer.ts';
import { TimeCheck } from './time-check.ts';

/** Why boxes are not in step with the picture. */
export type OutOfStep =
  | { why: 'off'; aheadMs: number }
  /** The browser does not say when the picture was taken. */
  | { why: 'no-picture-time' }
  /** The metadata do not say when something was seen. */
  | { why: 'no-metadata-time' };

/** What to draw over a picture. */
export interface ChosenFrame {
  frame: AnalyticsFrame;
  isInStep: boolean;
}

/** The picture on the screen. */
export interface ShownPicture {
  /** When it was taken by the camera's clock, milliseconds since 1970; null where that is not known. */
  cameraMs: number | null;
  /** From picture to picture, milliseconds. */
  intervalMs: number;
}

/** So long the browser may take to know when pictures were taken, before it is said that it does not. */
const PATIENCE_MS = 5000;

/** Decides what of the metadata is drawn over which picture: by their times where these can be compared, else what came last. */
export class FrameChoice {
  readonly #frames = new FrameBuffer();
  readonly #check = new TimeCheck();
  #arrived: { frame: AnalyticsFrame; at: number } | undefined;
  /** When the first frame came. */
  #since = 0;

  /**
   * Takes the frames of a document that just came.
   *
   * @param picture undefined where none is being shown
   * @param now milliseconds of any clock, always the same
   */
  add(frames: readonly AnalyticsFrame[], picture: ShownPicture | undefined, now: number): void {
    const frame = frames.at(-1);
    if (frame === undefined) return;
    if (this.#arrived === undefined) this.#since = now;
    this.#arrived = { frame, at: now };
    for (const each of frames) if (hasTime(each)) this.#frames.add(each);
    const pictureMs = picture?.cameraMs ?? null;
    if (frame.utcMs !== null && pictureMs !== null) this.#check.add(frame.utcMs - pictureMs);
  }

  /** Null where nothing is to be drawn. */
  for({ cameraMs, intervalMs }: ShownPicture, now: number): ChosenFrame | null {
    if (this.#arrived === undefined) return null;
    if (cameraMs !== null && this.#arrived.frame.utcMs !== null && this.#check.offMs === null) {
      const frame = this.#frames.at(cameraMs, intervalMs / 2);
      return frame === undefined ? null : { frame, isInStep: true };
    }
    const isFresh = now - this.#arrived.at <= this.#frames.stayMs;
    return isFresh ? { frame: this.#arrived.frame, isInStep: false } : null;
  }

  /** Null while boxes are in step, or there are none. */
  outOfStep({ cameraMs }: ShownPicture, now: number): OutOfStep | null {
    if (this.#arrived === undefined) return null;
    if (this.#arrived.frame.utcMs === null) return { why: 'no-metadata-time' };
    const { offMs } = this.#check;
    if (offMs !== null) return { why: 'off', aheadMs: offMs };
    return cameraMs === null && now - this.#since > PATIENCE_MS ? { why: 'no-picture-time' } : null;
  }
}

function hasTime(frame: AnalyticsFrame): frame is TimedFrame {
  return frame.utcMs !== null;
}
