import { encodeRtpPacket, timestampDistance } from '../rtp/packet.ts';
import { encodeSenderReport } from '../rtp/rtcp.ts';
import type { SoundPacket } from './playout-queue.ts';
import type { SpeechFormat } from './speech-format.ts';

/** Where the numbers of a stream begin; anywhere (RFC 3550 section 5.1). */
export interface StreamStart {
  ssrc: number;
  sequenceNumber: number;
  timestamp: number;
}

/** Numbers and stamps what goes to the camera: without gaps within a spurt, whatever was lost before; between two the time passes on. */
export class SpeechSender {
  readonly #format: SpeechFormat;
  readonly #start: StreamStart;
  #packets = 0;
  #octets = 0;
  /** Of the next packet, if it follows the last one. */
  #timestamp: number;
  /** When the spurt began, and its timestamp. */
  #spurt = { atMs: 0, timestamp: 0 };

  constructor(format: SpeechFormat, start: StreamStart) {
    this.#format = format;
    this.#start = start;
    this.#timestamp = start.timestamp;
  }

  get packets(): number {
    return this.#packets;
  }

  /** @param begins the first of a spurt, which is marked (RFC 3551 section 4.1) */
  packet({ payload, samples }: SoundPacket, begins: boolean, nowMs: number): Buffer {
    if (begins) {
      const passed = this.#timestampAt(nowMs);
      const isAhead = this.#packets > 0 && timestampDistance(this.#timestamp, passed) > 0;
      if (isAhead) this.#timestamp = passed;
      this.#spurt = { atMs: nowMs, timestamp: this.#timestamp };
    }
    const timestamp = this.#timestamp;
    const sequenceNumber = (this.#start.sequenceNumber + this.#packets) & 0xffff;
    this.#packets += 1;
    this.#octets += payload.length;
    this.#timestamp = (timestamp + samples) >>> 0;
    // In AAC the marker says that the access unit is complete (RFC 3640 section 3.1).
    const marker = begins || this.#format.codec === 'AAC';
    return encodeRtpPacket({
      payloadType: this.#format.payloadType,
      marker,
      sequenceNumber,
      timestamp,
      ssrc: this.#start.ssrc,
      payload,
    });
  }

  /**
   * A sender report (RFC 3550 section 6.4.1), without which some receivers take the sender for gone.
   *
   * @param unixMs the same instant as `nowMs`, which may be of another clock
   */
  report(nowMs: number, unixMs: number, cname: string): Buffer {
    const rtpTimestamp = this.#timestampAt(nowMs);
    return encodeSenderReport(
      { ssrc: this.#start.ssrc, unixMs, rtpTimestamp, packets: this.#packets, octets: this.#octets },
      cname,
    );
  }

  #timestampAt(nowMs: number): number {
    return (this.#spurt.timestamp + Math.round(((nowMs - this.#spurt.atMs) * this.#format.clockRate) / 1000)) >>> 0;
  }
}
