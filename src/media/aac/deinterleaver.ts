import { timestampDistance } from '../rtp/packet.ts';
import type { SoundFrame } from '../sound-frame.ts';

/** Most frames that wait for those between them: eight packets of eight. */
const MAX_WAITING = 64;

/** Puts interleaved access units (RFC 3640 section 3.2.3.2) in order: a packet begins with the earliest that is still to come. */
export class Deinterleaver {
  #waiting: SoundFrame[] = [];

  /**
   * Takes the frames of a packet and returns those that nothing can come before any more, in order.
   *
   * @param timestamp of the packet
   */
  push(frames: readonly SoundFrame[], timestamp: number): SoundFrame[] {
    const all = [...this.#waiting, ...frames];
    all.sort((a, b) => timestampDistance(timestamp, a.timestamp) - timestampDistance(timestamp, b.timestamp));
    // The packet's own first frame and what follows it without a hole.
    let next = timestamp;
    let ready = 0;
    for (const frame of all) {
      const distance = timestampDistance(next, frame.timestamp);
      // Durations are rounded.
      if (distance > 1) break;
      if (distance >= -1) next = (frame.timestamp + (frame.durationTicks ?? 0)) >>> 0;
      ready += 1;
    }
    ready = Math.max(ready, all.length - MAX_WAITING);
    this.#waiting = all.slice(ready);
    return all.slice(0, ready);
  }
}
