import type { RTCDtlsTransport } from 'werift';

/** A browser repeats its ClientHello, so a handful is all that can come before the handshake listens. */
const MAX_KEPT = 8;

/**
 * A browser whose side of ICE is ready first sends its ClientHello before werift listens for it, and werift drops it: the handshake
 * then waits for the browser's next try (50 ms to 1 s). Keeps what comes early and plays it back once the handshake listens.
 */
export function replayEarlyDtls(transport: RTCDtlsTransport): void {
  const early: Buffer[] = [];
  const { connection } = transport.iceTransport;
  const keeper = connection.onData.subscribe((datagram) => {
    if (transport.dtls === undefined && isDtls(datagram) && early.length < MAX_KEPT) early.push(datagram);
  });
  transport.onStateChange.subscribe((state) => {
    if (state === 'new') return;
    keeper.unSubscribe();
    // werift says `connecting` just before it makes the DTLS server that subscribes to the same event.
    queueMicrotask(() => {
      for (const datagram of early.splice(0)) connection.onData.execute(datagram);
    });
  });
}

/** RFC 7983 section 7. */
function isDtls(datagram: Buffer): boolean {
  const first = datagram[0] ?? 0;
  return first >= 20 && first <= 63;
}
