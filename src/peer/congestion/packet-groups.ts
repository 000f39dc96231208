/** How one group of packets came, compared with the one before it; milliseconds. */
export interface GroupDelta {
  sendMs: number;
  arrivalMs: number;
  /** When the group had come, on the viewer's clock. */
  arrivedAtMs: number;
}

/** What is sent within this time is one group: bursts queue behind themselves, which says nothing of the path. */
const BURST_MS = 5;
/** So long may packets go on to come in one burst, that were held up together on the way. */
const MAX_BURST_MS = 100;

interface Group {
  firstSentMs: number;
  lastSentMs: number;
  firstArrivedMs: number;
  lastArrivedMs: number;
}

/** Puts packets together by bursts and compares bursts (draft-ietf-rmcat-gcc-02 sections 5.1 and 5.2). */
export class PacketGroups {
  #current: Group | undefined;
  #former: Group | undefined;

  /** Takes a packet that arrived; the delta of the group before, where this one begins another. */
  take(sentAtMs: number, arrivedAtMs: number): GroupDelta | undefined {
    const current = this.#current;
    if (current === undefined) {
      this.#current = begin(sentAtMs, arrivedAtMs);
      return undefined;
    }
    // Overtaken on the way: its group is over.
    if (sentAtMs < current.firstSentMs) return undefined;
    if (belongs(current, sentAtMs, arrivedAtMs)) {
      current.lastSentMs = Math.max(current.lastSentMs, sentAtMs);
      current.lastArrivedMs = Math.max(current.lastArrivedMs, arrivedAtMs);
      return undefined;
    }
    const former = this.#former;
    this.#former = current;
    this.#current = begin(sentAtMs, arrivedAtMs);
    if (former === undefined) return undefined;
    return {
      sendMs: current.lastSentMs - former.lastSentMs,
      arrivalMs: current.lastArrivedMs - former.lastArrivedMs,
      arrivedAtMs: current.lastArrivedMs,
    };
  }
}

function begin(sentAtMs: number, arrivedAtMs: number): Group {
  return { firstSentMs: sentAtMs, lastSentMs: sentAtMs, firstArrivedMs: arrivedAtMs, lastArrivedMs: arrivedAtMs };
}

/** Section 5.2: sent in one burst, or come in one though sent apart. */
function belongs(group: Group, sentAtMs: number, arrivedAtMs: number): boolean {
  if (sentAtMs - group.firstSentMs <= BURST_MS) return true;
  const arrivalMs = arrivedAtMs - group.lastArrivedMs;
  const queuedMs = arrivalMs - (sentAtMs - group.lastSentMs);
  return queuedMs < 0 && arrivalMs <= BURST_MS && arrivedAtMs - group.firstArrivedMs < MAX_BURST_MS;
}
