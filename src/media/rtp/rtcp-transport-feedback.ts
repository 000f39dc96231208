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
