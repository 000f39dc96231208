import { HEADROOM, type DatagramPath } from './datagram-path.ts';

/** Of one datagram with its framing; larger ones get memory of their own. */
const MEMORY_BYTES = 2048;
/** Held at most: as many as go between two looks at the path, and their memory stays in the processor's nearest cache. */
const MAX_HELD = 16;

/** Memory of one datagram, and what is held in it. */
interface Slot {
  memory: Buffer;
  /** The part of the memory that is passed out; most datagrams are as long as the one before. */
  datagram: Buffer;
  held: Buffer;
  /** By which it is to go. */
  path: DatagramPath | undefined;
}

/**
 * Memory for the datagrams of a thread, and those that are held so that the system gets them one right behind the other. Encrypting and the system's
 * call otherwise push each other out of the processor's caches, and who receives falls asleep and is woken for each packet.
 */
export class DatagramBurst {
  readonly #slots = Array.from({ length: MAX_HELD }, newSlot);
  #held = 0;
  #isCorked = false;

  /** Memory for the next datagram. */
  datagram(length: number): Buffer {
    const slot = this.#slot(this.#held);
    if (slot.datagram.length === length) return slot.datagram;
    if (HEADROOM + length > slot.memory.length) slot.memory = Buffer.allocUnsafeSlow(HEADROOM + length);
    slot.datagram = slot.memory.subarray(HEADROOM, HEADROOM + length);
    return slot.datagram;
  }

  /** Sends what {@link datagram} gave last; false when it was not sent. */
  send(path: DatagramPath, datagram: Buffer): boolean {
    if (!this.#isCorked || !path.refusesNothing) return this.#send(this.#held, path, datagram);
    const slot = this.#slot(this.#held);
    slot.held = datagram;
    slot.path = path;
    this.#held += 1;
    if (this.#held === MAX_HELD) this.flush();
    return true;
  }

  /** Holds what is sent from now on until {@link uncork}, which follows within the same turn of the event loop. */
  cork(): void {
    this.#isCorked = true;
  }

  uncork(): void {
    this.#isCorked = false;
    this.flush();
  }

  /** Sends what is held. */
  flush(): void {
    const held = this.#held;
    this.#held = 0;
    for (let index = 0; index < held; index += 1) {
      const slot = this.#slot(index);
      const { path } = slot;
      // Nobody's path outlives him here.
      slot.path = undefined;
      if (path !== undefined) this.#send(index, path, slot.held);
    }
  }

  #send(index: number, path: DatagramPath, datagram: Buffer): boolean {
    const outcome = path.send(datagram, this.#slot(index).memory);
    if (outcome === 'kept') this.#slots[index] = newSlot();
    return outcome !== 'refused';
  }

  #slot(index: number): Slot {
    return this.#slots[index] as Slot;
  }
}

function newSlot(): Slot {
  const memory = Buffer.allocUnsafeSlow(MEMORY_BYTES);
  const none = memory.subarray(HEADROOM, HEADROOM);
  return { memory, datagram: none, held: none, path: undefined };
}
