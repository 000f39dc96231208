import { describeReason, type Reason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { SaidLately } from '../base/said-lately.ts';

/** Writes why a camera is not online: at once when that is news, else every five minutes with a count; attempts come more often. */
export class FailureLog {
  readonly #cameraId: string;
  readonly #logger: Logger;
  readonly #said = new SaidLately();

  constructor(cameraId: string, logger: Logger) {
    this.#cameraId = cameraId;
    this.#logger = logger;
  }

  failed(reason: Reason, retryMs: number): void {
    const text = describeReason(reason);
    const times = this.#said.due(text);
    if (times === undefined) return;
    const again = times === 1 ? '' : ` (${times} times since the last such line)`;
    this.#logger.warn(
      { camera: this.#cameraId, code: reason.code },
      `camera ${this.#cameraId} failed: ${text} Trying again in ${Math.max(1, Math.round(retryMs / 1000))} s.${again}`,
    );
  }

  /** The camera works again: the next failure is news. */
  recovered(): void {
    this.#said.forget();
  }
}
