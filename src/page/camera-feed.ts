import { type CamerasAnswer, fetchCameras, SignalingCode, SignalingError } from '../client/index.ts';
import { GatewayClock } from './gateway-clock.ts';

const POLL_MS = 2000;
const REQUEST_TIMEOUT_MS = 5000;

/** What is known about the gateway's cameras. */
export type FeedState =
  | { state: 'loading' }
  | { state: 'ok'; answer: CamerasAnswer }
  /** The token is missing or wrong. */
  | { state: 'unauthorized' }
  /** The gateway gave no usable answer; `detail` says in a sentence what came instead. */
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
    const askedAt = Date.now();
    try {
      const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const answer = await fetchCameras(document.baseURI, this.#token ?? undefined, AbortSignal.any([signal, timeout]));
      this.clock.add(askedAt, answer.now, Date.now());
      return { state: 'ok', answer };
    } catch (error) {
      if (!(error instanceof SignalingError)) return { state: 'unreachable', detail: 'The gateway does not answer.' };
      return error.code === SignalingCode.unauthorized
        ? { state: 'unauthorized' }
        : { state: 'unreachable', detail: error.message };
    }
  }
}
