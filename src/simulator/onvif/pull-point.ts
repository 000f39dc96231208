/** An event as subscribers get it: one property of the camera has this state. */
export interface PropertyEvent {
  /** Topic below the namespace of ONVIF's topics (`VideoSource/MotionAlarm`). */
  topic: string;
  operation: 'Initialized' | 'Changed';
  /** The camera's clock, milliseconds since 1970. */
  time: number;
  source: { name: string; value: string };
  data: { name: string; value: string };
}

/** More events than a client that still pulls ever leaves waiting. */
const MAX_QUEUED = 100;

/** One client's subscription: a bounded queue of events that it comes to fetch. */
export class PullPoint {
  /** The host's clock, milliseconds since 1970; the subscription ends then unless it is renewed. */
  expiresAt: number;
  readonly #isWanted: (topic: string) => boolean;
  readonly #queue: PropertyEvent[] = [];
  readonly #waiters = new Set<() => void>();
  #dropped = 0;

  constructor(expiresAt: number, isWanted: (topic: string) => boolean) {
    this.expiresAt = expiresAt;
    this.#isWanted = isWanted;
  }

  /** Events that this client came too late for. */
  get dropped(): number {
    return this.#dropped;
  }

  push(event: PropertyEvent): void {
    if (!this.#isWanted(event.topic)) return;
    this.#queue.push(event);
    if (this.#queue.length > MAX_QUEUED) {
      this.#queue.shift();
      this.#dropped += 1;
    }
    this.#wake();
  }

  /**
   * Up to `limit` events, oldest first; waits for the first of them until `timeoutMs` have passed or the signal aborts.
   * Who has hung up takes nothing, so that nothing is lost.
   */
  async pull(limit: number, timeoutMs: number, signal: AbortSignal): Promise<PropertyEvent[]> {
    if (this.#queue.length === 0 && !signal.aborted) await this.#wait(timeoutMs, signal);
    return signal.aborted ? [] : this.#queue.splice(0, limit);
  }

  /** Lets go those that wait; they get nothing. */
  close(): void {
    this.#queue.length = 0;
    this.#wake();
  }

  async #wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    const wake = (): void => resolve();
    signal.addEventListener('abort', wake, { once: true });
    this.#waiters.add(wake);
    await promise;
    this.#waiters.delete(wake);
    signal.removeEventListener('abort', wake);
    clearTimeout(timer);
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }
}
