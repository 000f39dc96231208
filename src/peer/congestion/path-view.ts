/** What is known of the path to one viewer at one instant: what decides what it is sent goes by this alone. */
export interface PathView {
  /**
   * What may be sent without congestion; null while too little is known of what came. Beyond one and a half of what is sent only where more was tried, by a
   * probe say.
   */
  estimateBitsPerSecond: number | null;
  /** What the pacer is held to: what the path was found to carry, less while a queue empties; undefined while nothing has shown a limit. */
  capacityBitsPerSecond: number | undefined;
  /** How long packets wait in the path's queues, milliseconds: of the newest that was reported on; 0 without transport-wide feedback. */
  queueMs: number;
  /** How long the oldest of what is to be sent has waited for the path in the gateway, milliseconds; 0 where nothing waits. */
  waitingMs: number;
  /** Share of packets lost in the last second that was looked at, 0 to 1. */
  lossShare: number;
  /** With what the viewer waits with its feedback; null while it is not known. */
  roundTripMs: number | null;
  /** Of late, all that went by the path: headers, sound, repairs and probes too. */
  sentBitsPerSecond: number;
  /**
   * The viewer reports on each packet (transport-wide feedback), and takes a stream for retransmission. Without, a probe never begins, and whether the path carries
   * more is found out by sending more. With, where `probe` begins none: not now, so ask again later.
   */
  canProbe: boolean;
  /**
   * The newest probe that was judged; undefined before. `bitsPerSecond` of one that was not carried: what was to be tried. One that was asked for goes up in steps, each
   * of which is a probe.
   */
  lastProbe: { bitsPerSecond: number; carried: boolean; atMs: number } | undefined;
  /** A probe is under way, with all of its steps: its result is not known yet. */
  isProbing: boolean;
}
