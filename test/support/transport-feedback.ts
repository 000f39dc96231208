import { type Arrival, encodeTransportFeedback as encode } from '../../src/media/rtp/rtcp-transport-feedback.ts';

/**
 * Transport-wide feedback as some viewer writes it (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
 *
 * @param from sequence number of the first packet that it reports on; those before the first arrival did not arrive
 */
export function encodeTransportFeedback(arrivals: readonly Arrival[], count = 0, from = arrivals[0]?.sequence ?? 0): Buffer {
  return encode(arrivals, { ssrc: 1, mediaSsrc: 2, count, from });
}
