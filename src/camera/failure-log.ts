import { describeReason, type Reason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';

/** A failure that stays the same is logged again after this long, with a count; milliseconds. */
const REPEAT_MS = 5 * 60_000;

/** Writes why a camera is not online: at once when that is news, else every five minutes; attempts come more often. */
export class FailureLog {
  readonly #cameraId: string;
  readonly #logger: Logger;
  #last: { text: string; at: number } | null = null;
  /** Failures since the last line. */
  #count = 0;

  constructor(cameraId: string, logger: Logger) {
    this.#cameraId = cameraId;
    this.#logger = logger;
  }

  failed(reason: Reason, retryMs: number): void {
    const now = performance.now();
    const text = describeReason(reason);
    this.#count += 1;
    const isNews = this.#last === null || this.#last.text !== text;
    if (!isNews && this.#last !== null && now - this.#last.at < REPEAT_MS) return;
    const again = isNews ? '' : ` (${this.#count} times since the last such line)`;
    this.#logger.warn(
      { camera: this.#cameraId, code: reason.code },
      `camera ${this.#cameraId} failed: ${text} Trying again in ${Math.max(1, Math.round(retryMs / 1000))} s.${again}`,
    );
    this.#last = { text, at: now };
    this.#count = 0;
  }

  /** The camera works again: the next failure is news. */
  recovered(): void {
    this.#last = null;
    this.#count = 0;
  }
}
