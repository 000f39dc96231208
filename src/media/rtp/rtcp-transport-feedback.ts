/**
 * When packets arrived, by the sequence numbers that they have on their transport (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
 * Packets of the range that are not named did not arrive.
 */
export interface TransportFeedback {
  type: 'transport-feedback';
  /** Transport-wide sequence number of the first packet of the range, 16 bits. */
  firstSequence: number;
  /** Packets of the range. */
  packets: number;
  /** In units of 64 ms on the receiver's clock, signed 24 bits. */
  referenceTime: number;
  /** Those of the range that arrived, 16 bits each, in their order. */
  sequenceNumbers: number[];
  /** When each of {@link sequenceNumbers} arrived, in units of 250 us since the reference time. */
  arrivals: number[];
}

/** SSRCs, first sequence number, count of packets, reference time, count of feedback. */
const HEAD_BYTES = 16;

/**
 * Undefined where it is malformed. What it takes is bounded by its bytes: a packet that arrived has a delta of its own, and those that did not are
 * named nowhere.
 *
 * @param body what follows the first word of the RTCP packet, without padding
 */
export function parseTransportFeedback(body: Buffer): TransportFeedback | undefined {
  if (body.length < HEAD_BYTES) return undefined;
  const packets = body.readUInt16BE(10);
  const deltasAt = chunksEnd(body, packets);
  if (deltasAt === undefined) return undefined;
  const feedback: TransportFeedback = {
    type: 'transport-feedback',
    firstSequence: body.readUInt16BE(8),
    packets,
    referenceTime: body.readIntBE(12, 3),
    sequenceNumbers: [],
    arrivals: [],
  };
  let [offset, deltaAt, arrival] = [0, deltasAt, 0];
  for (let chunkAt = HEAD_BYTES; chunkAt < deltasAt; chunkAt += 2) {
    const chunk = body.readUInt16BE(chunkAt);
    const statuses = Math.min(statusesIn(chunk), packets - offset);
    // So many steps that nothing arrived in are one.
    if (isRunOfNothing(chunk)) offset += statuses;
    else
      for (let index = 0; index < statuses; index += 1) {
        const status = statusAt(chunk, index);
        if (status === RESERVED || deltaAt + status > body.length) return undefined;
        if (status !== NOT_RECEIVED) {
          arrival += status === LARGE_DELTA ? body.readInt16BE(deltaAt) : body.readUInt8(deltaAt);
          feedback.sequenceNumbers.push((feedback.firstSequence + offset) & 0xffff);
          feedback.arrivals.push(arrival);
          deltaAt += status;
        }
        offset += 1;
      }
  }
  return feedback;
}

/** Statuses of a packet, sections 3.1.1: received are those with a delta, and their number is that of its bytes. */
const NOT_RECEIVED = 0;
const LARGE_DELTA = 2;
const RESERVED = 3;

/** Where the chunks end and the deltas begin; undefined where the chunks are too few. */
function chunksEnd(body: Buffer, packets: number): number | undefined {
  let at = HEAD_BYTES;
  for (let told = 0; told < packets; at += 2) {
    if (at + 2 > body.length) return undefined;
    told += statusesIn(body.readUInt16BE(at));
  }
  return at;
}

/** Of a run length chunk (section 3.1.3) 13 bits, of a status vector (3.1.4) 14 statuses of one bit or 7 of two. */
function statusesIn(chunk: number): number {
  if ((chunk & 0x8000) === 0) return chunk & 0x1fff;
  return (chunk & 0x4000) === 0 ? 14 : 7;
}

function isRunOfNothing(chunk: number): boolean {
  return chunk >> 13 === NOT_RECEIVED;
}

function statusAt(chunk: number, index: number): number {
  if ((chunk & 0x8000) === 0) return (chunk >> 13) & 3;
  return (chunk & 0x4000) === 0 ? (chunk >> (13 - index)) & 1 : (chunk >> (12 - 2 * index)) & 3;
}

/** In units of 250 us on the receiver's clock. */
export interface Arrival {
  /** Transport-wide sequence number, 16 bits. */
  sequence: number;
  at: number;
}

export interface FeedbackHead {
  /** Of the receiver. */
  ssrc: number;
  /** Of any stream of the transport. */
  mediaSsrc: number;
  /** Of feedback before this one; eight bits of it are told. */
  count: number;
  /** Sequence number of the first packet that is reported on; those before the first arrival did not arrive. */
  from: number;
}

const PACKET_HEAD_BYTES = 20;
const UNITS_IN_REFERENCE = 256;
const SMALL_DELTA = 1;
const STATUSES_IN_VECTOR = 7;
const VECTOR_OF_TWO_BITS = 3;

/**
 * One RTCP packet, of status vectors with seven packets each; filled up as Chromium does.
 *
 * @param arrivals at least one, in ascending order of their numbers on their circle; each within 8 s of the one before
 */
export function encodeTransportFeedback(arrivals: readonly Arrival[], { ssrc, mediaSsrc, count, from }: FeedbackHead): Buffer {
  const [first] = arrivals;
  const last = arrivals.at(-1);
  if (first === undefined || last === undefined) throw new Error('there is nothing to report');
  const packets = ((last.sequence - from) & 0xffff) + 1;
  const reference = Math.floor(first.at / UNITS_IN_REFERENCE);
  const statuses = Array.from({ length: Math.ceil(packets / STATUSES_IN_VECTOR) * STATUSES_IN_VECTOR }, () => NOT_RECEIVED);
  const deltas: number[] = [];
  let at = reference * UNITS_IN_REFERENCE;
  for (const arrival of arrivals) {
    const delta = arrival.at - at;
    at = arrival.at;
    const isSmall = delta >= 0 && delta <= 0xff;
    statuses[(arrival.sequence - from) & 0xffff] = isSmall ? SMALL_DELTA : LARGE_DELTA;
    if (isSmall) deltas.push(delta);
    else deltas.push((delta >> 8) & 0xff, delta & 0xff);
  }
  const chunks: number[] = [];
  for (let chunk = 0; chunk < statuses.length; chunk += STATUSES_IN_VECTOR) {
    const word = statuses
      .slice(chunk, chunk + STATUSES_IN_VECTOR)
      .reduce((bits, status) => bits * 4 + status, VECTOR_OF_TWO_BITS);
    chunks.push(word >> 8, word & 0xff);
  }
  const length = PACKET_HEAD_BYTES + chunks.length + deltas.length;
  const padding = -length & 3;
  const bytes = Buffer.alloc(length + padding);
  // RFC 4585 section 6.1: format 15 of transport layer feedback.
  bytes.writeUInt8((padding > 0 ? 0xa0 : 0x80) | 15, 0);
  bytes.writeUInt8(205, 1);
  bytes.writeUInt16BE(bytes.length / 4 - 1, 2);
  bytes.writeUInt32BE(ssrc, 4);
  bytes.writeUInt32BE(mediaSsrc, 8);
  bytes.writeUInt16BE(from, 12);
  bytes.writeUInt16BE(packets, 14);
  bytes.writeUIntBE(reference & 0xff_ffff, 16, 3);
  bytes.writeUInt8(count & 0xff, 19);
  bytes.set([...chunks, ...deltas], PACKET_HEAD_BYTES);
  if (padding > 0) bytes.writeUInt8(padding, bytes.length - 1);
  return bytes;
}
