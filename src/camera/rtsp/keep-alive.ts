import { isSuccess, type RtspResponse } from './message.ts';

export interface KeepAliveOptions {
  /** Sends a request for the whole session. */
  request: (method: string) => Promise<RtspResponse>;
  /** No answer; the error says why. */
  onFailure: (error: unknown) => void;
  /** The camera knows nothing of the session (any more). */
  onForgotten: () => void;
}

const MAX_INTERVAL_MS = 30_000;
const SESSION_NOT_FOUND = 454;

/**
 * Keeps a session alive at half of its time-out, by GET_PARAMETER where the camera lists it, else by OPTIONS: for some cameras only the one
 * counts, and some do not know it (mediamtx#1066, #4210, go2rtc#2409).
 */
export class KeepAlive {
  readonly #options: KeepAliveOptions;
  #method = 'OPTIONS';
  #timer: NodeJS.Timeout | undefined;

  constructor(options: KeepAliveOptions) {
    this.#options = options;
  }

  /** Takes the methods that the camera lists in Public. */
  learn(publicMethods: string): void {
    this.#method = /\bGET_PARAMETER\b/i.test(publicMethods) ? 'GET_PARAMETER' : 'OPTIONS';
  }

  start(timeoutMs: number): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.ask(), Math.min(timeoutMs / 2, MAX_INTERVAL_MS));
  }

  /** Whether the camera answered. Where it does not that is no reason to end the session: some go on sending for hours. */
  async ask(): Promise<boolean> {
    try {
      const response = await this.#options.request(this.#method);
      if (response.status === SESSION_NOT_FOUND) this.#options.onForgotten();
      // Listed, and not there after all.
      else if (!isSuccess(response)) this.#method = 'OPTIONS';
      return true;
    } catch (error) {
      this.#options.onFailure(error);
      return false;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
