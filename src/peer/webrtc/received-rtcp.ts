import type { RTCDtlsTransport } from 'werift';
import { isRtcp, parseRtcp, type RtcpMessage } from '../../media/rtp/rtcp.ts';

/**
 * Hands on the RTCP that comes over a transport once it is connected. Read here and not by werift, which takes what follows a NACK in a compound
 * packet for more of it, and loses the entries of a FIR.
 */
export function receiveRtcp(transport: RTCDtlsTransport, onMessage: (message: RtcpMessage) => void): void {
  transport.iceTransport.connection.onData.subscribe((datagram) => {
    if (transport.state !== 'connected' || !isRtcp(datagram)) return;
    const compound = decrypt(transport, datagram);
    if (compound === undefined) return;
    for (const message of parseRtcp(compound).messages) onMessage(message);
  });
}

/** Undefined for what the viewer did not send. */
function decrypt(transport: RTCDtlsTransport, datagram: Buffer): Buffer | undefined {
  try {
    return transport.srtcp.decrypt(datagram);
  } catch {
    return undefined;
  }
}
