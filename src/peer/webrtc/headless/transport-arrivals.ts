import { RTP_HEADER_LENGTH, sequenceDistance } from '../../../media/rtp/packet.ts';
import { encodeTransportFeedback, type Arrival } from '../../../media/rtp/rtcp-transport-feedback.ts';

const ONE_BYTE_PROFILE = 0xbede;
const EXTENSION_BIT = 0x10;
/** Of the times in the feedback. */
const UNIT_US = 250;
/** More come with the next. */
const MAX_REPORTED = 1000;
/** More are told of as lost: nobody asks what came. */
const MAX_WAITING = 10_000;

/** When which packet of a transport came, for the feedback by which the sender estimates the path. */
export class TransportArrivals {
  readonly extensionId: number;
  #arrivals: Arrival[] = [];
  /** The newest that was reported; undefined before the first. */
  #reported: number | undefined;
  #feedbacks = 0;

  /** @param extensionId of the header extension with the transport-wide sequence number */
  constructor(extensionId: number) {
    this.extensionId = extensionId;
  }

  /** Takes a packet; its header is in clear. */
  note(datagram: Buffer, atUs: number): void {
    const sequence = this.#sequenceOf(datagram);
    if (sequence !== undefined && this.#arrivals.length < MAX_WAITING)
      this.#arrivals.push({ sequence, at: Math.floor(atUs / UNIT_US) });
  }

  /**
   * RTCP on what came since the last; undefined when nothing did.
   *
   * @param ssrc of the receiver
   * @param mediaSsrc of any stream of the transport
   */
  takeFeedback(ssrc: number, mediaSsrc: number): Buffer | undefined {
    const [first] = this.#arrivals;
    if (first === undefined) return undefined;
    const from = this.#reported === undefined ? first.sequence : (this.#reported + 1) & 0xffff;
    const taken = this.#arrivals
      .splice(0, MAX_REPORTED)
      .filter(({ sequence }) => sequenceDistance(from, sequence) >= 0)
      .toSorted((a, b) => sequenceDistance(b.sequence, a.sequence))
      // The network may bring one twice.
      .filter(({ sequence }, index, all) => sequence !== all[index - 1]?.sequence);
    const last = taken.at(-1);
    if (last === undefined) return undefined;
    this.#reported = last.sequence;
    this.#feedbacks += 1;
    return encodeTransportFeedback(taken, { ssrc, mediaSsrc, count: this.#feedbacks, from });
  }

  /** RFC 8285 section 4.2. */
  #sequenceOf(datagram: Buffer): number | undefined {
    if (((datagram[0] ?? 0) & EXTENSION_BIT) === 0 || datagram.readUInt16BE(RTP_HEADER_LENGTH) !== ONE_BYTE_PROFILE)
      return undefined;
    const start = RTP_HEADER_LENGTH + 4;
    const end = start + datagram.readUInt16BE(RTP_HEADER_LENGTH + 2) * 4;
    for (let at = start; at < end;) {
      const head = datagram[at] ?? 0;
      if (head >> 4 === this.extensionId) return datagram.readUInt16BE(at + 1);
      // 0 is padding of one byte; any other has one byte more than it says.
      at += head === 0 ? 1 : 2 + (head & 0x0f);
    }
    return undefined;
  }
}
