import type { RTCPeerConnection } from 'werift';

/** What is private to werift's classes here. */
interface DataChannelTransport {
  datachannelReceive: (streamId: number, protocolId: number, data: Buffer) => Promise<void>;
  sctp: { handleData: (packet: Buffer) => Promise<void> };
}

/**
 * werift rejects a promise that nobody holds when the other side sends what it does not understand: a malformed SCTP packet, a data channel
 * message of an unknown kind. That would end the whole process. Such packets are dropped. To be called once the connection has data channels.
 */
export function guardSctp({ sctpTransport }: RTCPeerConnection): void {
  if (sctpTransport === undefined) return;
  const inner = sctpTransport as unknown as DataChannelTransport;
  const handleData = inner.sctp.handleData.bind(inner.sctp);
  inner.sctp.handleData = (packet) => handleData(packet).catch(drop);
  const { onReceive } = sctpTransport.sctp;
  onReceive.allUnsubscribe();
  onReceive.subscribe((...message) => void inner.datachannelReceive(...message).catch(drop));
}

function drop(): void {
  // The sender finds that it is not acknowledged.
}
