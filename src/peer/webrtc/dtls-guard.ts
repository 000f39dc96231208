import type { RTCDtlsTransport } from 'werift';

/** What is private to werift's classes here. */
interface DtlsSocket {
  /** Of the record that was sent last. */
  dtls: { recordSequenceNumber: number };
  connected: boolean;
  onHandleHandshakes: (messages: { msg_type: number }[]) => Promise<void>;
}

/** RFC 5246 section 7.4. */
const CLIENT_HELLO = 1;

/**
 * Mends what werift does against RFC 6347 and RFC 8827, at either end of a connection:
 *
 * - It numbers its Finished as the last record before encryption plus one, and what follows from one again: the record that meets the same number (the third or
 *   fourth document of metadata, say) is a replay for the other side and dropped, and AES-GCM has used one nonce twice. Numbers never go back here.
 * - It begins anew with whoever sends a ClientHello, which nothing protects, while the connection stands. There is no renegotiation in WebRTC (RFC 8827 section 6.5).
 */
export function guardDtls(transport: RTCDtlsTransport): void {
  transport.onStateChange.subscribe((state) => {
    if (state !== 'connecting') return;
    // werift says so just before it makes the DTLS socket.
    queueMicrotask(() => {
      const socket = transport.dtls as unknown as DtlsSocket | undefined;
      if (socket === undefined) return;
      neverNumberBack(socket.dtls);
      refuseRenegotiation(socket);
    });
  });
}

function neverNumberBack(context: DtlsSocket['dtls']): void {
  let newest = context.recordSequenceNumber;
  Object.defineProperty(context, 'recordSequenceNumber', {
    get: () => newest,
    set: (number: number) => {
      newest = Math.max(newest, number);
    },
  });
}

function refuseRenegotiation(socket: DtlsSocket): void {
  const handle = socket.onHandleHandshakes;
  socket.onHandleHandshakes = (messages) =>
    handle(socket.connected ? messages.filter(({ msg_type: type }) => type !== CLIENT_HELLO) : messages);
}
