import { KeyframePolicy, type PictureCount, type RequestPace } from '../media/keyframe-policy.ts';

export interface KeyframeRequesterOptions {
  /** Shared by all streams of the camera. */
  pace: RequestPace;
  count: () => PictureCount;
  /** Asks the camera, in every way that it may know. */
  ask: () => void;
  /** The camera does not do as it is asked: it is not asked for a while. */
  onGivenUp: () => void;
}

/** Runs the {@link KeyframePolicy} of one pulled profile while its camera sends. */
export class KeyframeRequester {
  readonly #options: KeyframeRequesterOptions;
  readonly #policy: KeyframePolicy;
  #isRunning = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the timer is set for. */
  #dueMs: number | undefined;

  constructor(options: KeyframeRequesterOptions) {
    this.#options = options;
    this.#policy = new KeyframePolicy(options.pace);
  }

  /** The camera has agreed to send; a keyframe is wanted at once where somebody waits for it. */
  start(isAwaited: boolean): void {
    this.#isRunning = true;
    if (isAwaited) this.want();
  }

  /** The camera cannot be asked any more: what is wanted is wanted no longer, and what it can do may be another after it reconnects. */
  stop(): void {
    this.#isRunning = false;
    this.#policy.reset();
    this.#setTimer(undefined);
  }

  want(): void {
    if (!this.#isRunning) return;
    this.#policy.want(this.#options.count());
    this.#run();
  }

  #run(): void {
    const decision = this.#policy.next(this.#options.count(), performance.now());
    this.#setTimer(this.#policy.dueMs);
    if (decision === 'ask') this.#options.ask();
    if (decision === 'give-up') this.#options.onGivenUp();
  }

  #setTimer(dueMs: number | undefined): void {
    if (dueMs === this.#dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    if (dueMs === undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#dueMs = undefined;
        this.#run();
      },
      Math.max(0, dueMs - performance.now()),
    );
  }
}
