import { delay } from '../base/delay.ts';
import { reasonOf } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { printable } from '../base/printable.ts';

/** Shortest time between two requests for one profile: encoders spend bits on each keyframe, and some restart on a flood. */
const INTERVAL_MS = 500;
/** One log line at most in this time, however many requests fail. */
const LOG_INTERVAL_MS = 60_000;

interface KeyframeRequestsOptions {
  cameraId: string;
  logger: Logger;
  /** Asks the camera; its errors are counted and logged here. */
  send: (profileToken: string) => Promise<void>;
}

/**
 * Asks a camera for keyframes on behalf of many viewers: one request at a time for each profile, at most one per 500 ms;
 * what is wanted meanwhile becomes one more request at the end of that time.
 */
export class KeyframeRequests {
  readonly #options: KeyframeRequestsOptions;
  readonly #closing = new AbortController();
  /** Profiles with a request under way or just made; true where another one is wanted after it. */
  readonly #active = new Map<string, boolean>();
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
    if (this.#closing.signal.aborted) return;
    if (this.#active.has(profileToken)) {
      this.#active.set(profileToken, true);
    } else {
      void this.#serve(profileToken);
    }
  }

  close(): void {
    this.#closing.abort();
  }

  async #serve(profileToken: string): Promise<void> {
    do {
      this.#active.set(profileToken, false);
      await Promise.all([this.#send(profileToken), delay(INTERVAL_MS, this.#closing.signal)]);
    } while (this.#active.get(profileToken) === true && !this.#closing.signal.aborted);
    this.#active.delete(profileToken);
  }

  async #send(profileToken: string): Promise<void> {
    const { cameraId, logger, send } = this.#options;
    try {
      await send(profileToken);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
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
