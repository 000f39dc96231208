import type { AudioPacket } from '../../media/stream.ts';

/** When sound was taken, milliseconds on a clock that is the same for both streams; undefined where that is not known. */
export type SoundTime = (packet: AudioPacket) => number | undefined;

/** From one packet to the next where that is not known, and at most; milliseconds. */
const PACKET_MS = 20;
const MAX_PACKET_MS = 200;
/** Packets of the next stream that may wait, some seconds; more are sent all the same. */
const MAX_HELD = 128;

/**
 * Goes over from the sound of one stream to that of another of the same camera. Either may come later than the other. Where that is the next one, the former ends, and
 * what was sent of it is not sent again; where it is the former, that goes on until the next one goes on from there.
 */
export class SoundHandover {
  readonly #formerTime: SoundTime;
  readonly #nextTime: SoundTime;
  /** The packet of the former stream that was sent last, and how long such a packet lasts; milliseconds. */
  #last: AudioPacket;
  #packetMs: number;
  /** Of the next stream: what the former has not come up with. */
  readonly #held: AudioPacket[] = [];
  #isBehind = false;

  /** @param sent the packets of the former stream that were sent last: one or two */
  constructor(sent: { before: AudioPacket | undefined; last: AudioPacket }, former: SoundTime, next: SoundTime) {
    this.#last = sent.last;
    this.#formerTime = former;
    this.#nextTime = next;
    this.#packetMs = this.#stepMs(sent.before) ?? PACKET_MS;
  }

  /** The next stream comes later: the former is to end. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Another packet of the former stream was sent. What is to be sent of the next one is returned where that goes on from here: the former is to end then. */
  former(packet: AudioPacket): AudioPacket[] {
    const before = this.#last;
    this.#last = packet;
    // More is where one is missing.
    this.#packetMs = Math.min(this.#packetMs, this.#stepMs(before) ?? this.#packetMs);
    while (this.#held[0] !== undefined && this.#isAfter(this.#held[0]) < 0) this.#held.shift();
    return this.#held[0] !== undefined && this.#isAfter(this.#held[0]) === 0 ? this.end() : [];
  }

  /** A packet of the next stream has come. It is returned where it goes on from what was sent: the former is to end then. */
  next(packet: AudioPacket): AudioPacket[] {
    if (this.#held.length === 0 && this.#isAfter(packet) < 0) {
      this.#isBehind = true;
      return [];
    }
    this.#held.push(packet);
    const goesOn = this.#isBehind || (this.#held.length === 1 && this.#isAfter(packet) === 0);
    return goesOn || this.#held.length > MAX_HELD ? this.end() : [];
  }

  /** Does not wait any longer: what has waited. */
  end(): AudioPacket[] {
    return this.#held.splice(0);
  }

  /** Below 0: most of the packet was sent already; above: most of one packet, or more, is missing before it; 0: it goes on from there. */
  #isAfter(packet: AudioPacket): number {
    const [lastMs, nextMs] = [this.#formerTime(this.#last), this.#nextTime(packet)];
    if (lastMs === undefined || nextMs === undefined) return 0;
    const missingMs = nextMs - (lastMs + this.#packetMs);
    return Math.abs(missingMs) <= this.#packetMs / 2 ? 0 : missingMs;
  }

  /** From a packet of the former stream to the last; undefined where that is no packet's length. */
  #stepMs(before: AudioPacket | undefined): number | undefined {
    const [beforeMs, lastMs] = [before && this.#formerTime(before), this.#formerTime(this.#last)];
    if (beforeMs === undefined || lastMs === undefined) return undefined;
    const stepMs = lastMs - beforeMs;
    return stepMs > 0 && stepMs <= MAX_PACKET_MS ? stepMs : undefined;
  }
}
