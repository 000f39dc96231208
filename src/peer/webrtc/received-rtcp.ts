import type { RTCDtlsTransport } from 'werift';
import { parseRtcp, type RtcpMessage } from '../../media/rtp/rtcp.ts';
import { SrtcpReader } from './srtcp-reader.ts';

const NOTHING = Buffer.alloc(0);

/**
 * Hands on the RTCP that comes over a transport, in place of werift, which takes what follows a NACK in a compound packet for more of it, loses the
 * entries of a FIR, and needs more time for a report on packets than sending them did.
 *
 * @param transport connected: its keys exist
 */
export function receiveRtcp(transport: RTCDtlsTransport, onMessage: (message: RtcpMessage) => void): void {
  const reader = new SrtcpReader(transport);
  transport.srtcp.decrypt = (datagram) => {
    const compound = reader.open(datagram);
    // Nothing of what the viewer did not send.
    if (compound !== undefined) for (const message of parseRtcp(compound).messages) onMessage(message);
    return NOTHING;
  };
}
