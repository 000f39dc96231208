import { sequenceDistance } from '../../../media/rtp/packet.ts';

/** A jump beyond this is another stream, not missing packets (RFC 3550 appendix A.1, MAX_DROPOUT). */
const MAX_DROPOUT = 3000;
/** Of more the oldest are given up. */
const MAX_MISSING = 250;

interface Missing {
  sinceMs: number;
  /** Before it was asked for: never. */
  askedMs: number;
}

/** Which packets of one stream did not come, to ask for them (generic NACK, RFC 4585 section 6.2.1). */
export class MissingPackets {
  readonly #maxAgeMs: number;
  /** By sequence number, in their order. */
  readonly #missing = new Map<number, Missing>();
  #highest: number | undefined;

  /** @param maxAgeMs after which a packet is of no use any more */
  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
  }

  get size(): number {
    return this.#missing.size;
  }

  /** A packet came, be it as it was sent or sent again. */
  note(sequenceNumber: number, nowMs: number): void {
    const step = this.#highest === undefined ? 1 : sequenceDistance(this.#highest, sequenceNumber);
    if (Math.abs(step) > MAX_DROPOUT) this.#missing.clear();
    else if (step <= 0) {
      this.#missing.delete(sequenceNumber);
      return;
    } else {
      for (let before = Math.min(step - 1, MAX_MISSING); before > 0; before -= 1) {
        this.#missing.set((sequenceNumber - before) & 0xffff, { sinceMs: nowMs, askedMs: -Infinity });
      }
      for (const oldest of this.#missing.keys()) {
        if (this.#missing.size <= MAX_MISSING) break;
        this.#missing.delete(oldest);
      }
    }
    this.#highest = sequenceNumber;
  }

  /** Those to ask for now, in their order; each counts as asked for. @param againMs after which an answer may be expected */
  take(nowMs: number, againMs: number): number[] {
    const due: number[] = [];
    for (const [sequenceNumber, missing] of this.#missing) {
      if (nowMs - missing.sinceMs > this.#maxAgeMs) this.#missing.delete(sequenceNumber);
      else if (nowMs - missing.askedMs >= againMs) {
        missing.askedMs = nowMs;
        due.push(sequenceNumber);
      }
    }
    return due;
  }
}
