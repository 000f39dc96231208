import { Backoff } from '../base/backoff.ts';

/**
 * Failures of a pull that a camera explains which restarted with other stream URIs, or at another address. Whatever else a camera
 * answers, it answers at the right one.
 */
const EXPLAINED_BY_STALE_URIS = new Set([
  ...['rtsp.unreachable', 'rtsp.timeout', 'rtsp.closed'],
  ...['rtsp.not_found', 'rtsp.bad_request'],
]);
const FIRST_MS = 5000;
const MAX_MS = 60_000;

/**
 * When a pull that fails has the camera asked for its stream URIs anew: at the first failure, then ever less often until a stream
 * plays, since each time is a whole connect for a camera whose ONVIF side may be well.
 */
export class StaleUris {
  readonly #backoff = new Backoff({ firstMs: FIRST_MS, maxMs: MAX_MS, jitter: 0 });
  /** By `performance.now()`. */
  #notBefore = Number.NEGATIVE_INFINITY;

  /** True where the URIs are to be asked for now. */
  suspectedBy(code: string | undefined): boolean {
    const now = performance.now();
    if (code === undefined || !EXPLAINED_BY_STALE_URIS.has(code) || now < this.#notBefore) return false;
    this.#notBefore = now + this.#backoff.next();
    return true;
  }

  /** A stream plays: the next failure is another one. */
  proved(): void {
    this.#backoff.reset();
    this.#notBefore = Number.NEGATIVE_INFINITY;
  }
}
