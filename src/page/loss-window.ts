/** Long enough to notice a lost packet, short enough to see that it is over. */
const WINDOW_MS = 10_000;

interface Sample {
  at: number;
  packets: number;
  lost: number;
}

/** Packets lost over the last ten seconds. */
export interface RecentLoss {
  /** Of the packets that were sent, 0 to 1. */
  share: number;
  packets: number;
}

/** From counts since the start to what was lost lately. */
export class LossWindow {
  #samples: Sample[] = [];

  /** Adds counts since the start of the session; `at` in milliseconds. Null while nothing came. */
  add(at: number, packets: number, lost: number): RecentLoss | null {
    this.#samples = [...this.#samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, packets, lost }];
    const oldest = this.#samples[0] ?? { packets, lost };
    // Packets that come after all lower the count of lost ones (RFC 3550 section 6.4.1).
    const lostLately = Math.max(0, lost - oldest.lost);
    const sent = lostLately + packets - oldest.packets;
    return sent === 0 ? null : { share: lostLately / sent, packets: lostLately };
  }
}
