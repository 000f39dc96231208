import type { Clock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import { CLIP_MS, GOP_MS } from './profiles.ts';

/** Jumps remembered for {@link Timeline.clipTimeAt} of a past moment. */
const MAX_JUMPS = 256;
/** Of the main profile: an encoder that was asked makes its next picture a keyframe, however often it is asked until then. */
const PICTURE_MS = 40;

/**
 * One camera's time: which moment of the clip its picture, sound and objects show, and what its wall clock says. Shared by all
 * profiles, so that they show the same moment. `hostMs` is always the time of the given clock, milliseconds since 1970.
 *
 * Until the first jump the clip time is simply the host time modulo the clip's length.
 */
export class Timeline {
  readonly events = new Emitter<{ jump: [hostMs: number] }>();
  /** The camera's wall clock less the host's, milliseconds; a camera that is set wrong has another than 0. */
  clockOffsetMs: number;
  readonly #clock: Clock;
  /** Oldest first; the media time is the host time plus the shift that was in force then. */
  #shifts: { sinceMs: number; shiftMs: number }[] = [{ sinceMs: Number.NEGATIVE_INFINITY, shiftMs: 0 }];

  constructor(clock: Clock, options: { clockOffsetMs?: number } = {}) {
    this.#clock = clock;
    this.clockOffsetMs = options.clockOffsetMs ?? 0;
  }

  /** The host's clock. */
  now(): number {
    return this.#clock.now();
  }

  /** What the camera's wall clock says, milliseconds since 1970. */
  cameraTimeAt(hostMs: number): number {
    return hostMs + this.clockOffsetMs;
  }

  /** Clip time, 0 to {@link CLIP_MS}, that the camera shows at a moment of the host's clock, jumps included. */
  clipTimeAt(hostMs: number): number {
    return modulo(this.mediaTimeAt(hostMs), CLIP_MS);
  }

  /** Clip time that the camera shows when its own wall clock (as in its sender reports) says `cameraMs`. */
  positionAt(cameraMs: number): number {
    return this.clipTimeAt(cameraMs - this.clockOffsetMs);
  }

  /** Clip time that does not wrap: it goes on from loop to loop, so that frames can be counted. */
  mediaTimeAt(hostMs: number): number {
    return hostMs + this.#shiftAt(hostMs);
  }

  /** When the host's clock reaches a media time, if no jump comes between. */
  hostTimeOf(mediaMs: number): number {
    return mediaMs - (this.#shifts.at(-1)?.shiftMs ?? 0);
  }

  /**
   * SetSynchronizationPoint: from now on the clip goes on at its next GOP, so that the next frame of each profile is an IDR.
   * Only what is shown jumps; clocks and RTP timestamps do not. Requests that come together, by ONVIF and by RTCP say, are one.
   */
  jumpToNextGop(): void {
    const now = this.now();
    if (now - (this.#shifts.at(-1)?.sinceMs ?? 0) < PICTURE_MS) return;
    const mediaMs = this.mediaTimeAt(now);
    const nextGopMs = (Math.floor(mediaMs / GOP_MS) + 1) * GOP_MS;
    this.#shifts.push({ sinceMs: now, shiftMs: nextGopMs - now });
    if (this.#shifts.length > MAX_JUMPS) this.#shifts.shift();
    this.events.emit('jump', now);
  }

  #shiftAt(hostMs: number): number {
    const shift = this.#shifts.findLast(({ sinceMs }) => sinceMs <= hostMs) ?? this.#shifts[0];
    return shift?.shiftMs ?? 0;
  }
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
