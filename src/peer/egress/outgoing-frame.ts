import type { KeptPackets } from '../../media/packet-history.ts';

/** A picture on its way to one viewer: one such object for all of its packets. */
export interface OutgoingFrame {
  /** RTP payloads in order, shared with other viewers and never written to; the last one carries the marker bit. */
  readonly payloads: readonly Buffer[];
  readonly payloadType: number;
  /** On the timeline of what this viewer is shown, 32 bits. */
  readonly timestamp: number;
  readonly keyframe: boolean;
  /** Where its payloads are found when the viewer asks for them again; undefined: nowhere. */
  readonly kept: KeptPackets | undefined;
}
