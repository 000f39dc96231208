import type { SessionCounters } from '../../plane/messages.ts';

/** What one viewer was sent, and what it says of it. */
export interface EgressStatistics extends Omit<SessionCounters, 'metadataDocuments' | 'metadataDropped'> {
  /** Unix milliseconds at which the first video packet was sent; null before. */
  firstPacketAt: number | null;
  /** Share of video packets lost as the viewer last reported, 0 to 1; null before. */
  fractionLost: number | null;
  roundTripMs: number | null;
  /** What the path is estimated to carry, kbit/s; null while the viewer has said nothing of what came. */
  estimatedKbps: number | null;
}

export const NOTHING_SENT: EgressStatistics = {
  firstPacketAt: null,
  packetsSent: 0,
  bytesSent: 0,
  packetsRetransmitted: 0,
  retransmissionsRefused: 0,
  packetsDropped: 0,
  skipsStalled: 0,
  skipsSilent: 0,
  keyframeRequests: 0,
  fractionLost: null,
  roundTripMs: null,
  estimatedKbps: null,
};
