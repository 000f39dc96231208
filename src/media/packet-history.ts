import { timestampDistance } from './rtp/packet.ts';

/** A picture as far as a history looks at it. */
export interface KeptFrame {
  /** RTP payloads in order. */
  readonly payloads: readonly Buffer[];
  /** On the track's timeline, 32 bits, 90 kHz. */
  readonly timestamp: number;
  readonly keyframe: boolean;
  /** Sum of the payloads' lengths. */
  readonly bytes: number;
  kept?: KeptPackets;
}

/** Where the payloads of a picture are found again. */
export interface KeptPackets {
  readonly history: PacketHistory;
  /** Number of its first packet there; the others follow. */
  readonly first: number;
}

/** What viewers may ask for again, 2 s at 90 kHz: later it would come too late for a live picture. */
const HELD_TICKS = 180_000;
/** What a frame costs besides its payloads, and each of those, so that no number of tiny ones is more than the limit; measured. */
const FRAME_BYTES = 304;
const PACKET_BYTES = 136;

/**
 * The newest pictures of one feed, kept once for all its viewers: the newest group of pictures, which shows a picture at once to a viewer that joins, and
 * what was before it for 2 s of the pictures' own time, for those who miss packets of it. It holds no more than its limit: the oldest goes first, and
 * a group without its keyframe is no group; joining then waits for the next keyframe.
 *
 * Packets are numbered one by one with 32 bits.
 */
export class PacketHistory<Frame extends KeptFrame = KeptFrame> {
  readonly #maxBytes: number;
  /** The oldest first. */
  #frames: (Frame & { kept: KeptPackets })[] = [];
  /** How many of them are before the newest group of pictures. */
  #before = 0;
  #bytes = 0;
  #next = 0;

  /** @param maxBytes of memory */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The newest group of pictures, from its keyframe on; empty when there is none. */
  get group(): readonly Frame[] {
    return this.#frames.slice(this.#before);
  }

  /** There is a group of pictures. */
  get hasGroup(): boolean {
    return this.#before < this.#frames.length;
  }

  /** Of memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Takes the next picture, and writes into it where its packets are found.
   *
   * @param isSent viewers are sent its payloads as they are; else nothing of it will be asked for again
   */
  add(frame: Frame, isSent = true): void {
    if (frame.keyframe) this.#before = this.#frames.length;
    else if (!this.hasGroup) this.#before += 1;
    this.#frames.push(Object.assign(frame, { kept: { history: this, first: this.#next } }));
    this.#next = (this.#next + frame.payloads.length) >>> 0;
    this.#bytes += costOf(frame);
    this.#prune(frame.timestamp, isSent ? HELD_TICKS : 0);
  }

  /** The payload of a packet; undefined once it is let go. */
  get(packet: number): Buffer | undefined {
    const [oldest] = this.#frames;
    if (oldest === undefined) return undefined;
    // Distances from the oldest, so that numbers may wrap.
    const distance = (packet - oldest.kept.first) >>> 0;
    let [low, high] = [0, this.#frames.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const first = this.#frames[middle]?.kept.first ?? 0;
      if ((first - oldest.kept.first) >>> 0 <= distance) low = middle;
      else high = middle - 1;
    }
    const frame = this.#frames[low];
    return frame?.payloads[(packet - frame.kept.first) >>> 0];
  }

  clear(): void {
    this.#frames = [];
    this.#before = 0;
    this.#bytes = 0;
  }

  #prune(newest: number, heldTicks: number): void {
    for (let [oldest] = this.#frames; oldest !== undefined; [oldest] = this.#frames) {
      // Either way: the camera's time may have jumped.
      const isOver = this.#before > 0 && Math.abs(timestampDistance(oldest.timestamp, newest)) > heldTicks;
      if (!isOver && this.#bytes <= this.#maxBytes) return;
      this.#frames.shift();
      this.#bytes -= costOf(oldest);
      // Where that was the keyframe of the group, what remains is none.
      this.#before = this.#before > 0 ? this.#before - 1 : this.#frames.length;
    }
  }
}

/** Bytes of memory. */
function costOf({ bytes, payloads }: KeptFrame): number {
  return bytes + FRAME_BYTES + payloads.length * PACKET_BYTES;
}
