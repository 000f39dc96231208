import { G711_CLOCK_RATE, isG711 } from '../g711/companding.ts';
import { OPUS_CLOCK_RATE, opusDuration } from '../opus/packet.ts';
import { sequenceDistance, timestampDistance, type RtpPacket } from '../rtp/packet.ts';
import { ReorderBuffer } from '../rtp/reorder-buffer.ts';

/** What browsers send as speech. */
export type SpokenCodec = 'PCMU' | 'PCMA' | 'OPUS';

export function isSpoken(codec: string): codec is SpokenCodec {
  return codec === 'OPUS' || isG711(codec);
}

/** A stretch of what somebody says: it came, or it is lost. */
export type SpokenFrame = { payload: Buffer; durationMs: number } | { payload: undefined; durationMs: number };

/** As long as the playout waits: what comes later is too late anyway. */
const REORDER_LIMITS = { maxDelayMs: 60, maxPackets: 32 };
/** More than this in a row is an interruption, which nobody wants to have filled in. */
const MAX_CONCEALED_MS = 200;
/** Of one packet; more is not speech. */
const MAX_PACKET_MS = 120;

/** Brings the packets of a talker into order and says what is missing between them. One source; another begins anew. */
export class TalkReceiver {
  readonly #codec: SpokenCodec;
  readonly #clockRate: number;
  #order = new ReorderBuffer(REORDER_LIMITS);
  #ssrc: number | undefined;
  #previous: { sequenceNumber: number; endTimestamp: number } | undefined;
  #lost = 0;
  #malformed = 0;

  constructor(codec: SpokenCodec) {
    this.#codec = codec;
    this.#clockRate = codec === 'OPUS' ? OPUS_CLOCK_RATE : G711_CLOCK_RATE;
  }

  /** Packets that never came. */
  get lost(): number {
    return this.#lost;
  }

  get malformed(): number {
    return this.#malformed;
  }

  push(packet: RtpPacket, nowMs: number): SpokenFrame[] {
    if (packet.ssrc !== this.#ssrc) {
      this.#ssrc = packet.ssrc;
      this.#order = new ReorderBuffer(REORDER_LIMITS);
      this.#previous = undefined;
    }
    return this.#order.push(packet, nowMs).flatMap((each) => this.#frames(each));
  }

  /** What waits for a packet that did not come: the talker has stopped. */
  drain(): SpokenFrame[] {
    return this.#order.drain().flatMap((each) => this.#frames(each));
  }

  #frames({ sequenceNumber, timestamp, payload }: RtpPacket): SpokenFrame[] {
    const durationMs = this.#codec === 'OPUS' ? opusDuration(payload) : (payload.length * 1000) / G711_CLOCK_RATE;
    if (durationMs === undefined || durationMs === 0 || durationMs > MAX_PACKET_MS) {
      this.#malformed += 1;
      return [];
    }
    const missingMs = this.#missing(sequenceNumber, timestamp);
    const endTimestamp = (timestamp + (durationMs * this.#clockRate) / 1000) >>> 0;
    this.#previous = { sequenceNumber, endTimestamp };
    const frame = { payload, durationMs };
    return missingMs > 0 ? [{ payload: undefined, durationMs: missingMs }, frame] : [frame];
  }

  /** Milliseconds that were lost before this packet; a gap in time alone is a pause of the talker (RFC 3550 section 5.1). */
  #missing(sequenceNumber: number, timestamp: number): number {
    if (this.#previous === undefined) return 0;
    const lost = sequenceDistance(this.#previous.sequenceNumber, sequenceNumber) - 1;
    const missingMs = (timestampDistance(this.#previous.endTimestamp, timestamp) * 1000) / this.#clockRate;
    if (lost <= 0) return 0;
    this.#lost += lost;
    return missingMs > MAX_CONCEALED_MS ? 0 : missingMs;
  }
}
