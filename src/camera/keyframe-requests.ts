import { reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { printable } from '../base/printable.ts';

/** One log line at most in this time, however many requests fail. */
const LOG_INTERVAL_MS = 60_000;

interface KeyframeRequestsOptions {
  cameraId: string;
  logger: Logger;
  /** Asks the camera; its errors are counted and logged here. */
  send: (profileToken: string) => Promise<void>;
}

/**
 * Asks a camera for keyframes, one request at a time for each profile. When it is asked the media plane decides, which sees whether a keyframe
 * comes: what it wants while the camera still thinks about the request before is left out.
 */
export class KeyframeRequests {
  readonly #options: KeyframeRequestsOptions;
  readonly #underWay = new Set<string>();
  #closed = false;
  #errors = 0;
  #errorsLogged = 0;
  #lastLogAt = Number.NEGATIVE_INFINITY;

  constructor(options: KeyframeRequestsOptions) {
    this.#options = options;
  }

  /** Requests that the camera refused or did not answer, since the start. */
  get errors(): number {
    return this.#errors;
  }

  request(profileToken: string): void {
    if (this.#closed || this.#underWay.has(profileToken)) return;
    this.#underWay.add(profileToken);
    void this.#send(profileToken).finally(() => this.#underWay.delete(profileToken));
  }

  close(): void {
    this.#closed = true;
  }

  async #send(profileToken: string): Promise<void> {
    const { cameraId, logger, send } = this.#options;
    try {
      await send(profileToken);
    } catch (error) {
      if (this.#closed) return;
      this.#errors += 1;
      if (performance.now() - this.#lastLogAt < LOG_INTERVAL_MS) return;
      this.#lastLogAt = performance.now();
      const count = this.#errors - this.#errorsLogged;
      this.#errorsLogged = this.#errors;
      const { code, message } = reasonOf(error);
      logger.warn(
        { camera: cameraId, profile: profileToken, code, count },
        `camera ${cameraId}: no keyframe on request for profile ${printable(profileToken)}: ${message} (${count} since the last such line)`,
      );
    }
  }
}
