import { timestampDistance } from './rtp/packet.ts';
import type { CameraFrame } from './video-track.ts';

/** Of each packet beside its payload, bytes: RTP header with extensions, and the SRTP tag. */
export const PACKET_OVERHEAD_BYTES = 48;

/** Mean rates of a stream's pictures as viewers are sent them, bit/s, with RTP headers and SRTP tags. */
export interface StreamRates {
  all: number;
  /** Without those that are discardable. */
  kept: number;
  /** Of keyframes alone. */
  keyframes: number;
}

/** Groups of pictures are taken together until they last so long, seconds. */
const WINDOW_SECONDS = 8;
const CLOCK_RATE = 90_000;
const WINDOW_TICKS = WINDOW_SECONDS * CLOCK_RATE;
/** More are not kept, however short they are. */
const MAX_GROUPS = 64;
/** Less says nothing: a camera that is asked for a keyframe as it begins ends its first group after a picture. */
const LEAST_TICKS = CLOCK_RATE;

/** One group of pictures, or so much of it as has come. */
interface Group {
  /** From its keyframe on, at 90 kHz. */
  ticks: number;
  keyframeBytes: number;
  /** Of its other pictures: the time that they are counted over, which in a long group is its end alone. */
  otherTicks: number;
  otherBytes: number;
  discardableBytes: number;
}

/**
 * Measures what a stream's pictures take, by their own time: over the newest whole groups of pictures, so that keyframes are counted neither once too often nor
 * too seldom, and where groups are very long over what has come of the one under way.
 */
export class PictureRates {
  /** Whole ones, the oldest first. */
  #groups: Group[] = [];
  #current: Group | undefined;
  #timestamp = 0;

  /** Takes the next picture. */
  note({ payloads, bytes, keyframe, discardable, timestamp }: CameraFrame): void {
    const size = bytes + payloads.length * PACKET_OVERHEAD_BYTES;
    const ticks = Math.max(0, timestampDistance(this.#timestamp, timestamp));
    this.#timestamp = timestamp;
    if (this.#current !== undefined) {
      this.#current.ticks += ticks;
      this.#current.otherTicks += ticks;
    }
    if (keyframe) this.#begin(size);
    else if (this.#current !== undefined) addTo(this.#current, size, discardable);
  }

  /** What comes next does not go on from what came: the group under way has no end. */
  breakOff(): void {
    this.#current = undefined;
  }

  /** Undefined before a second of whole groups of pictures was measured, or eight seconds of one. */
  get rates(): StreamRates | undefined {
    const current = this.#current;
    const groups = current !== undefined && current.ticks >= WINDOW_TICKS ? [current] : this.#groups;
    const sum = (of: keyof Group): number => groups.reduce((total, group) => total + group[of], 0);
    const [ticks, otherTicks] = [sum('ticks'), sum('otherTicks')];
    if (otherTicks === 0 || (ticks < LEAST_TICKS && groups.length < MAX_GROUPS)) return undefined;
    const keyframes = bitsPerSecond(sum('keyframeBytes'), ticks);
    const all = keyframes + bitsPerSecond(sum('otherBytes'), otherTicks);
    return { all, kept: all - bitsPerSecond(sum('discardableBytes'), otherTicks), keyframes };
  }

  #begin(keyframeBytes: number): void {
    if (this.#current !== undefined && this.#current.ticks > 0) this.#groups.push(this.#current);
    this.#current = { ticks: 0, keyframeBytes, otherTicks: 0, otherBytes: 0, discardableBytes: 0 };
    let kept = this.#groups.reduce((total, { ticks }) => total + ticks, 0);
    for (const { ticks } of [...this.#groups]) {
      if (this.#groups.length <= MAX_GROUPS && kept - ticks < WINDOW_TICKS) return;
      this.#groups.shift();
      kept -= ticks;
    }
  }
}

function addTo(group: Group, bytes: number, discardable: boolean): void {
  group.otherBytes += bytes;
  if (discardable) group.discardableBytes += bytes;
  if (group.otherTicks < 2 * WINDOW_TICKS) return;
  // What was long ago counts less and less.
  group.otherTicks /= 2;
  group.otherBytes /= 2;
  group.discardableBytes /= 2;
}

function bitsPerSecond(bytes: number, ticks: number): number {
  return (bytes * 8 * CLOCK_RATE) / ticks;
}
