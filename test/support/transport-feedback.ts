/* Transport-wide feedback as a viewer writes it (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1). */

/** In units of 250 us on the viewer's clock. */
export interface Arrival {
  /** 16 bits, in ascending order on their circle. */
  sequence: number;
  at: number;
}

const UNITS_IN_REFERENCE = 256;
const RECEIVED_SMALL = 1;
const RECEIVED_LARGE = 2;

/**
 * One RTCP packet, of status vectors with seven packets each; filled up as Chromium does.
 *
 * @param from sequence number of the first packet that it reports on; those before the first arrival did not arrive
 */
export function encodeTransportFeedback(arrivals: readonly Arrival[], feedbackCount = 0, from = arrivals[0]?.sequence): Buffer {
  const [first] = arrivals;
  const last = arrivals.at(-1);
  if (first === undefined || last === undefined || from === undefined) throw new Error('there is nothing to report');
  const packets = ((last.sequence - from) & 0xffff) + 1;
  const reference = Math.floor(first.at / UNITS_IN_REFERENCE);
  const statuses = Array.from({ length: Math.ceil(packets / 7) * 7 }, () => 0);
  const deltas: number[] = [];
  let at = reference * UNITS_IN_REFERENCE;
  for (const arrival of arrivals) {
    const delta = arrival.at - at;
    at = arrival.at;
    const isSmall = delta >= 0 && delta <= 0xff;
    statuses[(arrival.sequence - from) & 0xffff] = isSmall ? RECEIVED_SMALL : RECEIVED_LARGE;
    if (isSmall) deltas.push(delta);
    else deltas.push((delta >> 8) & 0xff, delta & 0xff);
  }
  const chunks: number[] = [];
  for (let chunk = 0; chunk < statuses.length; chunk += 7) {
    const word = statuses.slice(chunk, chunk + 7).reduce((bits, status) => bits * 4 + status, 3);
    chunks.push(word >> 8, word & 0xff);
  }
  const length = 20 + chunks.length + deltas.length;
  const padding = (4 - (length % 4)) % 4;
  const bytes = Buffer.alloc(length + padding);
  bytes.writeUInt8((padding > 0 ? 0xa0 : 0x80) | 15, 0);
  bytes.writeUInt8(205, 1);
  bytes.writeUInt16BE(bytes.length / 4 - 1, 2);
  bytes.writeUInt32BE(1, 4);
  bytes.writeUInt32BE(2, 8);
  bytes.writeUInt16BE(from, 12);
  bytes.writeUInt16BE(packets, 14);
  bytes.writeUIntBE(reference & 0xff_ffff, 16, 3);
  bytes.writeUInt8(feedbackCount & 0xff, 19);
  Buffer.from([...chunks, ...deltas]).copy(bytes, 20);
  if (padding > 0) bytes.writeUInt8(padding, bytes.length - 1);
  return bytes;
}
