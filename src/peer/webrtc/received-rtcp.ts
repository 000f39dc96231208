import type { RTCDtlsTransport } from 'werift';
import { parseRtcp, type RtcpMessage } from '../../media/rtp/rtcp.ts';

const NOTHING = Buffer.alloc(0);

/**
 * Hands on the RTCP that comes over a transport, in place of werift, which takes what follows a NACK in a compound packet for more of it, loses the
 * entries of a FIR, and needs more time for a report on packets than sending them did.
 *
 * @param transport connected: its keys exist
 */
export function receiveRtcp({ srtcp }: RTCDtlsTransport, onMessage: (message: RtcpMessage) => void): void {
  const { decrypt } = srtcp;
  srtcp.decrypt = (datagram) => {
    for (const message of parseRtcp(opened(datagram)).messages) onMessage(message);
    return NOTHING;
  };

  /** Nothing of what the viewer did not send. */
  function opened(datagram: Buffer): Buffer {
    try {
      return decrypt(datagram);
    } catch {
      return NOTHING;
    }
  }
}
