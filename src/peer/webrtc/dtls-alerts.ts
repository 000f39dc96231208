import type { RTCDtlsTransport } from 'werift';

/** RFC 5246 section 6.2.1. */
const ALERT = 21;
const RECORD_HEADER_BYTES = 13;
const FATAL = 2;
const CLOSE_NOTIFY = 0;
const CLOSE_NOTIFY_ALERT = Buffer.from([1, CLOSE_NOTIFY]);

/** What is private to werift's DTLS connection here. */
interface DtlsConnection {
  transport: { socket: { onData: (datagram: Buffer) => void } };
  cipher: DtlsCipher;
  send: (data: Buffer) => Promise<void>;
}

interface DtlsCipher {
  encryptPacket: (record: DtlsRecord) => unknown;
  decryptPacket: (record: DtlsRecord) => Buffer;
}

interface DtlsRecord {
  recordLayerHeader: {
    contentType: number;
    protocolVersion: { major: number; minor: number };
    epoch: number;
    sequenceNumber: number;
    contentLen: number;
  };
  fragment: Buffer;
}

/**
 * Hears the viewer's goodbye. werift takes any alert in clear for one, be it from whoever knows the port, and some that are encrypted for none. To be
 * called once the transport is connected.
 */
export function receiveAlerts(transport: RTCDtlsTransport, onClosed: () => void): void {
  const dtls = connectionOf(transport);
  if (dtls === undefined) return;
  const { socket } = dtls.transport;
  const receive = socket.onData;
  socket.onData = (datagram) => {
    if (datagram[0] !== ALERT) receive(datagram);
    else if (endsConnection(dtls.cipher, datagram)) onClosed();
  };
}

/** Says goodbye (RFC 8827 section 6.5, RFC 5246 section 7.2.1), which werift leaves out. */
export async function sendCloseNotify(transport: RTCDtlsTransport): Promise<void> {
  const dtls = connectionOf(transport);
  if (dtls === undefined || transport.state !== 'connected') return;
  const { cipher } = dtls;
  const encrypt = cipher.encryptPacket.bind(cipher);
  // werift sends application data only; the type is encrypted along.
  cipher.encryptPacket = (record) => {
    record.recordLayerHeader.contentType = ALERT;
    return encrypt(record);
  };
  const sent = dtls.send(CLOSE_NOTIFY_ALERT);
  cipher.encryptPacket = encrypt;
  await sent;
}

function endsConnection(cipher: DtlsCipher, datagram: Buffer): boolean {
  const record = readRecord(datagram);
  if (record === undefined) return false;
  try {
    // What is in clear is from anybody, and cannot be decrypted (RFC 6347 section 4.1.2.7).
    const [level, description] = cipher.decryptPacket(record);
    return level === FATAL || description === CLOSE_NOTIFY;
  } catch {
    return false;
  }
}

function readRecord(datagram: Buffer): DtlsRecord | undefined {
  if (datagram.length < RECORD_HEADER_BYTES) return undefined;
  const contentLen = datagram.readUInt16BE(11);
  const fragment = datagram.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + contentLen);
  if (fragment.length < contentLen) return undefined;
  return {
    recordLayerHeader: {
      contentType: datagram.readUInt8(0),
      protocolVersion: { major: datagram.readUInt8(1), minor: datagram.readUInt8(2) },
      epoch: datagram.readUInt16BE(3),
      sequenceNumber: datagram.readUIntBE(5, 6),
      contentLen,
    },
    fragment,
  };
}

function connectionOf({ dtls }: RTCDtlsTransport): DtlsConnection | undefined {
  return dtls as unknown as DtlsConnection | undefined;
}
