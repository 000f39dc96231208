import type { RTCDtlsTransport } from 'werift';

/** RFC 6347 section 4.1. */
const RECORD_HEADER_BYTES = 13;
export const APPLICATION_DATA = 23;

/** A record as it came. */
export interface DtlsRecord {
  type: number;
  /** Epoch and sequence number. */
  number: string;
  bytes: string;
}

/** RFC 7983 section 7. */
export function isDtls(datagram: Buffer): boolean {
  const first = datagram[0] ?? 0;
  return first >= 20 && first <= 63;
}

/** The records that come to a transport from now on. */
export function recordsComing({ iceTransport }: RTCDtlsTransport): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  iceTransport.connection.onData.subscribe((datagram) => {
    if (isDtls(datagram)) records.push(...recordsIn(datagram));
  });
  return records;
}

/** The numbers that records of different content have, with their types; a flight of the handshake may come again as it was. */
export function reusedNumbers(records: readonly DtlsRecord[]): { number: string; types: number[] }[] {
  return [...Map.groupBy(records, ({ number }) => number)]
    .filter(([, same]) => new Set(same.map(({ bytes }) => bytes)).size > 1)
    .map(([number, same]) => ({ number, types: same.map(({ type }) => type) }));
}

function recordsIn(datagram: Buffer): DtlsRecord[] {
  const records: DtlsRecord[] = [];
  for (let at = 0; at + RECORD_HEADER_BYTES <= datagram.length;) {
    const end = at + RECORD_HEADER_BYTES + datagram.readUInt16BE(at + 11);
    const record = datagram.subarray(at, end);
    const number = `${record.readUInt16BE(3)} ${record.readUIntBE(5, 6)}`;
    records.push({ type: record.readUInt8(0), number, bytes: record.toString('hex') });
    at = end;
  }
  return records;
}
