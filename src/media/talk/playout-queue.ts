/** What the camera is sent in one packet. */
export interface SoundPacket {
  payload: Buffer;
  /** Of the camera's codec, at its clock rate. */
  samples: number;
  durationMs: number;
  /** Nothing is lost by leaving it out. */
  isSilent: boolean;
}

/** How far the network may delay one packet behind another before the sound breaks off, milliseconds. */
const DELAY_MS = 60;
/** Most that waits: of what is said to a camera that takes longer to answer, the beginning is lost. */
const MAX_QUEUED_MS = 2000;
/** A pause of this length ends a spurt: what comes then is delayed anew. */
const SPURT_END_MS = 200;

/**
 * Hands packets on at the pace of speech, whatever pace they come in: the first of a spurt waits for {@link DELAY_MS}, which is the
 * jitter that the rest may have. What comes later than that lengthens the delay, and silence shortens it again.
 */
export class PlayoutQueue {
  #packets: SoundPacket[] = [];
  #queuedMs = 0;
  #isReleased = false;
  /** When the next is due; undefined between spurts. */
  #nextAt: number | undefined;
  #isBeginning = true;
  #dropped = 0;

  /** Packets that were left out: too many were waiting. Silence does not count. */
  get dropped(): number {
    return this.#dropped;
  }

  /** How long it takes until what is pushed now is due, or so. */
  get queuedMs(): number {
    return this.#queuedMs;
  }

  push(packet: SoundPacket, nowMs: number): void {
    if (packet.isSilent && this.#queuedMs >= DELAY_MS + packet.durationMs) return;
    if (this.#nextAt === undefined) this.#nextAt = nowMs + DELAY_MS;
    // It was due before it came.
    else if (this.#packets.length === 0 && this.#nextAt < nowMs) this.#nextAt = nowMs;
    this.#packets.push(packet);
    this.#queuedMs += packet.durationMs;
    while (this.#queuedMs > MAX_QUEUED_MS) {
      this.#shift();
      this.#dropped += 1;
    }
  }

  /** The camera listens from now on: what has come meanwhile follows at its own pace. */
  release(nowMs: number): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (this.#nextAt !== undefined && this.#nextAt < nowMs) this.#nextAt = nowMs;
  }

  /** What is due, oldest first; `begins` marks the first of a spurt. */
  take(nowMs: number): { packet: SoundPacket; begins: boolean }[] {
    const due: { packet: SoundPacket; begins: boolean }[] = [];
    if (!this.#isReleased || this.#nextAt === undefined) return due;
    while (this.#nextAt <= nowMs) {
      const packet = this.#shift();
      if (packet === undefined) break;
      due.push({ packet, begins: this.#isBeginning });
      this.#isBeginning = false;
      this.#nextAt += packet.durationMs;
    }
    if (this.#packets.length === 0 && nowMs - this.#nextAt > SPURT_END_MS) {
      this.#nextAt = undefined;
      this.#isBeginning = true;
    }
    return due;
  }

  #shift(): SoundPacket | undefined {
    const packet = this.#packets.shift();
    if (packet !== undefined) this.#queuedMs -= packet.durationMs;
    return packet;
  }
}
