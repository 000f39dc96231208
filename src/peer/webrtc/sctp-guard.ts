import type { RTCPeerConnection } from 'werift';

/** What is private to werift's classes here. */
interface DataChannelTransport {
  datachannelReceive: (streamId: number, protocolId: number, data: Buffer) => Promise<void>;
  sctp: {
    handleData: (packet: Buffer) => Promise<void>;
    timerReconfigHandle: NodeJS.Timeout | undefined;
    timerReconfigHandleExpired: () => Promise<void>;
    reconfigRequest: unknown;
  };
}

const COMMON_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 4;
/** ABORT, SHUTDOWN, SHUTDOWN COMPLETE (RFC 9260 section 3.2). */
const LEAVING_CHUNKS: ReadonlySet<number> = new Set([6, 7, 14]);

/**
 * werift rejects a promise that nobody holds when the other side sends what it does not understand: a malformed SCTP packet, a data channel
 * message of an unknown kind. That would end the whole process. Such packets are dropped. To be called once the connection has data channels.
 *
 * @param onLeft The other side ended the association; not when it broke.
 */
export function guardSctp({ sctpTransport }: RTCPeerConnection, onLeft: () => void = () => undefined): void {
  if (sctpTransport === undefined) return;
  const inner = sctpTransport as unknown as DataChannelTransport;
  const handleData = inner.sctp.handleData.bind(inner.sctp);
  let leaving = false;
  inner.sctp.handleData = (packet) => {
    leaving ||= isLeaving(packet);
    return handleData(packet).catch(drop);
  };
  sctpTransport.sctp.stateChanged.closed.subscribe(() => {
    if (leaving) onLeft();
  });
  sendResetsAgain(inner.sctp);
  const { onReceive } = sctpTransport.sctp;
  onReceive.allUnsubscribe();
  onReceive.subscribe((...message) => void inner.datachannelReceive(...message).catch(drop));
}

/**
 * The response to a reset may be here before werift starts the timer for it, which then runs out and is never started again: the next reset that
 * is lost would not be sent again, and its channel stay half open.
 */
function sendResetsAgain(sctp: DataChannelTransport['sctp']): void {
  const expire = sctp.timerReconfigHandleExpired;
  sctp.timerReconfigHandleExpired = async () => {
    await expire();
    if (sctp.reconfigRequest !== undefined) return;
    clearTimeout(sctp.timerReconfigHandle);
    sctp.timerReconfigHandle = undefined;
  };
}

function isLeaving(packet: Buffer): boolean {
  let at = COMMON_HEADER_BYTES;
  while (at + CHUNK_HEADER_BYTES <= packet.length) {
    if (LEAVING_CHUNKS.has(packet.readUInt8(at))) return true;
    const length = packet.readUInt16BE(at + 2);
    if (length < CHUNK_HEADER_BYTES) return false;
    at += Math.ceil(length / 4) * 4;
  }
  return false;
}

function drop(): void {
  // The sender finds that it is not acknowledged.
}
