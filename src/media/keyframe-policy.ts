/** Shortest time between two requests to one camera: encoders spend bits on each keyframe, and some restart on a flood. */
const INTERVAL_MS = 500;
/** A camera that does as it is asked sends a keyframe within this time. */
const ANSWER_MS = 1000;
/** So many requests in a row without an answer show a camera that does not know them. */
const MAX_UNANSWERED = 2;
/** Whatever made the camera deaf may be over by then: it is asked again. */
const GIVEN_UP_MS = 10 * 60_000;

/** What has come of a stream so far. */
export interface PictureCount {
  pictures: number;
  /** Those of the pictures that all before can be forgotten at. */
  keyframes: number;
}

/** Keeps requests to one camera apart, whichever of its streams they are for. */
export class RequestPace {
  #nextMs = Number.NEGATIVE_INFINITY;

  /** When a request may be made, milliseconds on the caller's clock. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** True where a request may be made at this instant; then it counts as made. */
  take(nowMs: number): boolean {
    if (nowMs < this.#nextMs) return false;
    this.#nextMs = nowMs + INTERVAL_MS;
    return true;
  }
}

/**
 * Decides when a stream's camera is asked for a keyframe, on behalf of all viewers: what is wanted while a request is under way is served by its
 * answer, and a camera that twice sends pictures for a second and no keyframe among them is not asked any more until it reconnects, or ten
 * minutes have passed; its viewers wait for the next group of pictures. Times are those of one monotonic clock.
 */
export class KeyframePolicy {
  readonly #pace: RequestPace;
  /** Keyframes that had come when one was wanted last. */
  #wantedAt: number | undefined;
  #asked: { atMs: number; count: PictureCount } | undefined;
  #unanswered = 0;
  #givenUpUntilMs = Number.NEGATIVE_INFINITY;

  /** @param pace shared by all streams of the camera */
  constructor(pace: RequestPace) {
    this.#pace = pace;
  }

  /** When {@link next} is to be called again; undefined while nothing is waited for. */
  get dueMs(): number | undefined {
    if (this.#asked !== undefined) return this.#asked.atMs + ANSWER_MS;
    return this.#wantedAt === undefined ? undefined : this.#pace.nextMs;
  }

  /** The connection is over: nothing is known of what the camera can do on the next. */
  reset(): void {
    this.#wantedAt = undefined;
    this.#asked = undefined;
    this.#unanswered = 0;
    this.#givenUpUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** Somebody cannot decode until a keyframe comes. */
  want({ keyframes }: PictureCount): void {
    this.#wantedAt = keyframes;
  }

  /** What is to be done now: ask the camera, or say that it is not asked any more. */
  next(count: PictureCount, nowMs: number): 'ask' | 'give-up' | undefined {
    if (this.#isUnderWay(count, nowMs)) return undefined;
    if (this.#unanswered === MAX_UNANSWERED) {
      this.#unanswered = 0;
      this.#wantedAt = undefined;
      this.#givenUpUntilMs = nowMs + GIVEN_UP_MS;
      return 'give-up';
    }
    if (this.#wantedAt === undefined) return undefined;
    if (count.keyframes > this.#wantedAt || nowMs < this.#givenUpUntilMs) {
      this.#wantedAt = undefined;
      return undefined;
    }
    if (!this.#pace.take(nowMs)) return undefined;
    this.#asked = { atMs: nowMs, count };
    return 'ask';
  }

  #isUnderWay({ pictures, keyframes }: PictureCount, nowMs: number): boolean {
    if (this.#asked === undefined) return false;
    const { atMs, count } = this.#asked;
    if (keyframes > count.keyframes) this.#unanswered = 0;
    else if (nowMs - atMs < ANSWER_MS) return true;
    // One that sends nothing at all has another trouble.
    else if (pictures > count.pictures) this.#unanswered += 1;
    this.#asked = undefined;
    return false;
  }
}
