import type { CamerasAnswer } from '../base/api.ts';
import { GatewayClock } from './gateway-clock.ts';

const POLL_MS = 2000;
const REQUEST_TIMEOUT_MS = 5000;

/** What is known about the gateway's cameras. */
export type FeedState =
  | { state: 'loading' }
  | { state: 'ok'; answer: CamerasAnswer }
  /** The token is missing or wrong. */
  | { state: 'unauthorized' }
  /** The gateway gave no usable answer; `detail` says in words what came instead. */
  | { state: 'unreachable'; detail: string };

/** Asks `/api/cameras` every two seconds while the page is visible. */
export class CameraFeed {
  readonly clock = new GatewayClock();
  readonly #onState: (state: FeedState) => void;
  #token: string | null;
  #timer: number | undefined;
  #request: AbortController | undefined;

  constructor(token: string | null, onState: (state: FeedState) => void) {
    this.#token = token;
    this.#onState = onState;
  }

  start(): void {
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#poll();
    });
    this.#poll();
  }

  /** Asks at once with another token. */
  setToken(token: string): void {
    this.#token = token;
    this.#poll();
  }

  #poll(): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    void this.#ask(request.signal).then((state) => {
      if (request.signal.aborted) return;
      this.#onState(state);
      if (document.visibilityState === 'visible') this.#timer = window.setTimeout(() => this.#poll(), POLL_MS);
    });
  }

  async #ask(signal: AbortSignal): Promise<FeedState> {
    try {
      const askedAt = Date.now();
      const response = await fetch('api/cameras', {
        headers: this.#token === null ? {} : { authorization: `Bearer ${this.#token}` },
        cache: 'no-store',
        signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      });
      const answeredAt = Date.now();
      if (response.status === 401) return { state: 'unauthorized' };
      if (!response.ok) return { state: 'unreachable', detail: `It answered with status ${response.status}.` };
      const answer = (await response.json()) as CamerasAnswer;
      this.clock.add(askedAt, answer.now, answeredAt);
      return { state: 'ok', answer };
    } catch {
      return { state: 'unreachable', detail: 'It did not answer.' };
    }
  }
}
