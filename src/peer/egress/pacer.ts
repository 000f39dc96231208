/** One packet that waits for its turn. */
export interface PacedPacket {
  payload: Buffer;
  payloadType: number;
  marker: boolean;
  /** On the track's timeline, 32 bits. */
  timestamp: number;
}

export interface PacerOptions {
  /** Highest rate, bytes a second. */
  bytesPerSecond: number;
  /** Bytes that may go at once after a pause. */
  burstBytes: number;
  /** Most bytes that may wait. */
  maxQueuedBytes: number;
  now: () => number;
  send: (packet: PacedPacket) => void;
}

/** Node's timers are no finer. */
const TICK_MS = 2;

/**
 * Spreads what comes at once, the cached group of pictures of a viewer's start above all, so that it does not overrun the receiver's
 * socket: a token bucket. While nothing waits and the budget lasts, packets pass without delay.
 */
export class Pacer {
  readonly #options: PacerOptions;
  #queue: PacedPacket[] = [];
  /** Position of the next packet in the queue; what is before it was sent. */
  #head = 0;
  #queuedBytes = 0;
  #budget: number;
  #budgetAt: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PacerOptions) {
    this.#options = options;
    this.#budget = options.burstBytes;
    this.#budgetAt = options.now();
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** False when the packets were not taken since too much waits already. */
  push(packets: readonly PacedPacket[]): boolean {
    if (this.#queuedBytes > this.#options.maxQueuedBytes) return false;
    for (const packet of packets) {
      this.#queue.push(packet);
      this.#queuedBytes += packet.payload.length;
    }
    this.#drain();
    return true;
  }

  /** Forgets what waits; returns how many packets that were. */
  clear(): number {
    const dropped = this.#queue.length - this.#head;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#queue = [];
    this.#head = 0;
    this.#queuedBytes = 0;
    return dropped;
  }

  #drain(): void {
    const { now, bytesPerSecond, burstBytes, send } = this.#options;
    const nowMs = now();
    // The clock may be set back: that must not cost budget.
    const elapsedMs = Math.max(0, nowMs - this.#budgetAt);
    this.#budget = Math.min(burstBytes, this.#budget + (elapsedMs / 1000) * bytesPerSecond);
    this.#budgetAt = nowMs;
    let packet = this.#queue[this.#head];
    while (packet !== undefined && this.#budget > 0) {
      this.#head += 1;
      this.#queuedBytes -= packet.payload.length;
      this.#budget -= packet.payload.length;
      send(packet);
      packet = this.#queue[this.#head];
    }
    if (packet === undefined) {
      this.#queue = [];
      this.#head = 0;
      return;
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#drain();
    }, TICK_MS);
  }
}
