import type { Clock } from '../base/clock.ts';
import type { Reason } from '../base/errors.ts';
import type { Stream } from '../media/stream.ts';
import { pictureInput } from '../media/transcode/picture-input.ts';
import type { CameraFrame } from '../media/video-track.ts';
import type { Keyframe, StreamState } from './messages.ts';

type SnapshotStream = Pick<Stream, 'pictures' | 'videoTime' | 'cameraClockOffsetMs'>;

/** What is asked of a pulled profile. */
export interface SnapshotSource {
  readonly token: string;
  readonly stream: SnapshotStream;
  retain(): void;
  release(): void;
  requestKeyframe(): void;
}

/** A picture that is older than this, milliseconds, is replaced where the camera gives a newer one in time: groups of pictures may last minutes. */
const FRESH_MS = 10_000;
/** How long a newer one is waited for where there is one already, and where the camera has to be connected first, milliseconds. */
const RENEW_MS = 2000;
const PULL_MS = 10_000;
/** How often the stream is looked at meanwhile, milliseconds. */
const LOOK_MS = 50;

/** Ticks of a video timeline in a millisecond. */
const TICKS_PER_MS = 90;

/** Keyframes for snapshots: from what streams keep, else the next that comes. */
export class KeyframeSnapshots {
  readonly #clock: Clock;
  /** Ends the waits of those who wait for a stream. */
  readonly #waits = new Map<SnapshotSource, Set<(reason: Reason) => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest keyframe of a profile, which is pulled for that time; the reason where none comes in time, or the stream fails. */
  async take(source: SnapshotSource): Promise<{ keyframe: Keyframe } | { reason: Reason }> {
    const [old] = source.stream.pictures;
    const kept = old && this.#keyframe(source, old);
    if (kept !== undefined && this.#clock.now() - kept.takenAt <= FRESH_MS) return { keyframe: kept };
    source.retain();
    source.requestKeyframe();
    const outcome = await this.#next(source, old, kept === undefined ? PULL_MS : RENEW_MS);
    source.release();
    if ('payloads' in outcome) return { keyframe: this.#keyframe(source, outcome) };
    return kept === undefined ? { reason: outcome } : { keyframe: kept };
  }

  /** To be told of what becomes of a profile's pull. */
  onState(source: SnapshotSource, state: StreamState, reason: Reason | undefined): void {
    if (state === 'playing' || state === 'connecting') return;
    for (const end of this.#waits.get(source) ?? []) end(reason ?? NO_PICTURE);
  }

  /** The next keyframe behind `old`, or why there is none. */
  async #next(source: SnapshotSource, old: CameraFrame | undefined, timeoutMs: number): Promise<CameraFrame | Reason> {
    const { promise, resolve } = Promise.withResolvers<CameraFrame | Reason>();
    const waits = this.#waits.get(source) ?? new Set();
    this.#waits.set(source, waits.add(resolve));
    const timeout = setTimeout(() => resolve(NO_PICTURE), timeoutMs);
    const looking = setInterval(() => {
      const [newest] = source.stream.pictures;
      if (newest !== undefined && newest !== old) resolve(newest);
    }, LOOK_MS);
    const outcome = await promise;
    clearTimeout(timeout);
    clearInterval(looking);
    waits.delete(resolve);
    if (waits.size === 0) this.#waits.delete(source);
    return outcome;
  }

  #keyframe({ token, stream }: SnapshotSource, frame: CameraFrame): Keyframe {
    const { codec, payloads } = frame;
    return { profile: token, codec, bytes: pictureInput(codec, payloads).bytes, takenAt: this.#timeOf(stream, frame) };
  }

  /** By our clock, as far as the stream knows the camera's. */
  #timeOf({ videoTime, cameraClockOffsetMs }: SnapshotStream, { timestamp }: CameraFrame): number {
    const now = this.#clock.now();
    if (videoTime === undefined) return now;
    const sinceMapped = ((timestamp - videoTime.timestamp) | 0) / TICKS_PER_MS;
    return Math.min(now, Math.round(videoTime.unixMs + sinceMapped - cameraClockOffsetMs));
  }
}

const NO_PICTURE: Reason = { code: 'snapshot.no_keyframe', message: 'The camera gave no picture in time.' };
