import { sequenceDistance, type RtpPacket } from './packet.ts';

/** What is put in order; the buffer looks at nothing else of it. */
interface Numbered {
  /** 16 bits. */
  sequenceNumber: number;
}

export interface ReorderLimits {
  /** How long a missing packet is waited for, milliseconds. */
  maxDelayMs: number;
  /** Most packets kept meanwhile. */
  maxPackets: number;
}

/** A jump beyond this is another stream, not a missing packet (RFC 3550 appendix A.1, MAX_DROPOUT). */
const MAX_DROPOUT = 3000;

/**
 * Brings packets of a datagram transport back into order: what is ahead of a gap waits for the missing packets, sent late or again,
 * up to a limit. Without gaps every packet passes at once.
 */
export class ReorderBuffer<Packet extends Numbered = RtpPacket> {
  readonly #limits: ReorderLimits;
  /** By sequence number. */
  readonly #waiting = new Map<number, Packet>();
  /** When the oldest gap was seen. */
  #gapSinceMs = 0;
  #expected: number | undefined;

  constructor(limits: ReorderLimits) {
    this.#limits = limits;
  }

  /** Takes a packet and returns those that are next in order now; late and double ones come to nothing. */
  push(packet: Packet, nowMs: number): Packet[] {
    const { sequenceNumber } = packet;
    const ahead = this.#expected === undefined ? 0 : sequenceDistance(this.#expected, sequenceNumber);
    if (Math.abs(ahead) > MAX_DROPOUT) {
      const before = this.#flush();
      this.#expected = (sequenceNumber + 1) & 0xffff;
      return [...before, packet];
    }
    if (ahead < 0) return [];
    if (ahead === 0) {
      this.#expected = (sequenceNumber + 1) & 0xffff;
      return [packet, ...this.#following(nowMs)];
    }
    if (this.#waiting.size === 0) this.#gapSinceMs = nowMs;
    this.#waiting.set(sequenceNumber, packet);
    const tooLate = nowMs - this.#gapSinceMs > this.#limits.maxDelayMs || this.#waiting.size > this.#limits.maxPackets;
    return tooLate ? this.#skipGap(nowMs) : [];
  }

  /** Hands on what waits, in order: nothing more comes. */
  drain(): Packet[] {
    const all = this.#flush();
    const last = all.at(-1);
    if (last !== undefined) this.#expected = (last.sequenceNumber + 1) & 0xffff;
    return all;
  }

  /** What directly follows the last packet handed on. */
  #following(nowMs: number): Packet[] {
    const ordered: Packet[] = [];
    let next = this.#waiting.get(this.#expected ?? 0);
    while (next !== undefined) {
      this.#waiting.delete(next.sequenceNumber);
      ordered.push(next);
      this.#expected = (next.sequenceNumber + 1) & 0xffff;
      next = this.#waiting.get(this.#expected);
    }
    // Another gap begins its own wait.
    if (ordered.length > 0) this.#gapSinceMs = nowMs;
    return ordered;
  }

  #skipGap(nowMs: number): Packet[] {
    this.#expected = this.#inOrder()[0]?.sequenceNumber ?? this.#expected;
    return this.#following(nowMs);
  }

  #flush(): Packet[] {
    const all = this.#inOrder();
    this.#waiting.clear();
    return all;
  }

  #inOrder(): Packet[] {
    const expected = this.#expected ?? 0;
    const distance = (packet: Packet): number => sequenceDistance(expected, packet.sequenceNumber);
    return [...this.#waiting.values()].sort((a, b) => distance(a) - distance(b));
  }
}
