import type { RTCDtlsTransport } from 'werift';
import type { RtpPacket } from '../../media/rtp/packet.ts';

/** A header extension of a packet (RFC 8285). */
export interface ReceivedExtension {
  id: number;
  payload: Buffer;
}

/** Hands on the RTP that comes over a transport, decrypted, in the order in which it came. */
export function receiveRtp(
  transport: RTCDtlsTransport,
  onPacket: (packet: RtpPacket, extensions: readonly ReceivedExtension[]) => void,
): void {
  transport.onRtp.subscribe(({ header, payload }) => {
    const { payloadType, marker, sequenceNumber, timestamp, ssrc } = header;
    onPacket({ payloadType, marker, sequenceNumber, timestamp, ssrc, payload }, header.extensions);
  });
}

/** How loud the sound of a packet is, -dBov: 0 the loudest, 127 silence (RFC 6464 section 3); undefined where it does not say. */
export function audioLevel(extensions: readonly ReceivedExtension[], extensionId: number | undefined): number | undefined {
  const [level] = extensions.find(({ id }) => id === extensionId)?.payload ?? [];
  // The highest bit says that it is a voice.
  return level === undefined ? undefined : level & 0x7f;
}
