/** What became of one sent packet, as the viewer reported it. */
export interface PacketResult {
  /** As it stood on the wire, without IP and UDP headers. */
  bytes: number;
  /** When it was sent, milliseconds with a fraction on our monotonic clock. */
  sentAtMs: number;
  /** When it arrived, milliseconds with a fraction on the viewer's clock, which has an epoch of its own; undefined: it was not there yet. */
  arrivedAtMs: number | undefined;
  /** It had been reported as not there before. */
  late: boolean;
  /** Of packets sent before it, and behind the one before it, on which nothing will be reported: they have no number, or feedback was lost. */
  unreportedBytes: number;
}
