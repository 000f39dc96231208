import type { PathView } from '../../../../src/peer/congestion/path-view.ts';

/** Of a viewer whose path carries 6 Mbit/s, of which 4 are sent. */
export const CALM: PathView = {
  estimateBitsPerSecond: 6_000_000,
  capacityBitsPerSecond: undefined,
  queueMs: 5,
  waitingMs: 0,
  lossShare: 0,
  roundTripMs: 40,
  sentBitsPerSecond: 4_000_000,
  canProbe: true,
  lastProbe: undefined,
  isProbing: false,
};
