import { randomInt } from 'node:crypto';
import { ntpFromUnixMs } from '../../base/ntp.ts';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../../media/rtp/packet.ts';

/** What headers say beside numbers; a part that was not negotiated is absent. */
export interface HeaderExtensions {
  /** Id and value of the header extension urn:ietf:params:rtp-hdrext:sdes:mid (RFC 8843 section 15). */
  mid?: { extensionId: number; value: string };
  /** Id of the header extension abs-capture-time. */
  captureTime?: { extensionId: number };
  /** Id of the header extension playout-delay. */
  playoutDelay?: { extensionId: number };
  /** Id of the header extension with the transport-wide sequence number; the viewer reports on those. */
  transportSequence?: { extensionId: number };
  /** Id of the header extension abs-send-time; only to viewers that do not take transport-wide numbers. */
  sendTime?: { extensionId: number };
}

/** RFC 8285 one-byte header extension profile. */
const ONE_BYTE_PROFILE = 0xbede;
const TRANSPORT_SEQUENCE_BYTES = 2;
const SEND_TIME_BYTES = 3;
const NTP_BYTES = 8;
/** Of playout-delay: least and most in steps of 10 ms, of 12 bits each. The most is what browsers have of their own: with less they leave smoothness for speed. */
const PLAYOUT_DELAY_BYTES = 3;
const PLAYOUT_DELAY_STEP_MS = 10;
const PLAYOUT_DELAY_MOST = 1000;
/** abs-send-time counts in seconds of 6 bits, with 18 bits of a fraction. */
const SEND_TIME_PER_MS = 2 ** 18 / 1000;
const SEND_TIME_WRAP = 2 ** 24;

/** Sequence numbers and roll-over counter of one SSRC, and its header, written anew in place for each packet. */
export class NumberedStream {
  readonly ssrc: number;
  /** Packets say their transport-wide number. */
  readonly hasTransportSequence: boolean;
  /** Packets say when they were sent. */
  readonly hasSendTime: boolean;
  readonly #header: Buffer;
  /** That of packets which say when their picture was taken; the NTP time is its last element. */
  readonly #stampedHeader: Buffer | undefined;
  /** That of packets which say how long their picture is to be held back; which is its last element. */
  readonly #delayedHeader: Buffer | undefined;
  readonly #transportSequenceAt: number;
  readonly #sendTimeAt: number;
  readonly #captureTimeAt: number;
  readonly #playoutDelayAt: number;
  #index: number;

  /** @param firstIndex below 2^15, so that a receiver that joins late or reordered cannot mistake the roll-over counter (RFC 3711 section 3.3.1) */
  constructor(ssrc: number, extensions: HeaderExtensions, firstIndex = randomInt(1, 2 ** 15)) {
    const { mid, transportSequence, sendTime, captureTime, playoutDelay } = extensions;
    this.ssrc = ssrc;
    this.#index = firstIndex;
    this.hasTransportSequence = transportSequence !== undefined;
    this.hasSendTime = sendTime !== undefined;
    const common = new Elements();
    if (mid !== undefined) common.add(mid.extensionId, Buffer.from(mid.value, 'utf8'));
    this.#transportSequenceAt = common.add(transportSequence?.extensionId, Buffer.alloc(TRANSPORT_SEQUENCE_BYTES));
    this.#sendTimeAt = common.add(sendTime?.extensionId, Buffer.alloc(SEND_TIME_BYTES));
    this.#header = common.header(ssrc);
    const delayed = common.copy();
    this.#playoutDelayAt = delayed.add(playoutDelay?.extensionId, Buffer.alloc(PLAYOUT_DELAY_BYTES));
    this.#delayedHeader = playoutDelay && delayed.header(ssrc);
    this.#captureTimeAt = common.add(captureTime?.extensionId, Buffer.alloc(NTP_BYTES));
    this.#stampedHeader = captureTime && common.header(ssrc);
  }

  /** Roll-over counter and sequence number of the next packet, 48 bits. */
  take(): number {
    const index = this.#index;
    this.#index += 1;
    return index;
  }

  /**
   * The header of a packet, good until the next call; {@link writeTransportSequence} and {@link writeSendTime} complete it.
   *
   * @param timestamp as sent, 32 bits
   * @param capturedAtMs when the picture was taken, Unix milliseconds of the camera; undefined: the packet does not say it
   */
  header(payloadType: number, marker: boolean, timestamp: number, capturedAtMs: number | undefined, index: number): Buffer {
    const stamped = capturedAtMs === undefined ? undefined : this.#stampedHeader;
    const header = stamped ?? this.#header;
    fill(header, payloadType, marker, timestamp, index);
    if (capturedAtMs !== undefined && stamped !== undefined) {
      const { seconds, fraction } = ntpFromUnixMs(capturedAtMs);
      stamped.writeUInt32BE(seconds, this.#captureTimeAt);
      stamped.writeUInt32BE(fraction, this.#captureTimeAt + 4);
    }
    return header;
  }

  /**
   * As {@link header}, for the first of several packets of a picture.
   *
   * @param delayMs how long it and those that follow are to be held back at least; where that was not negotiated nothing is said of it
   */
  delayedHeader(payloadType: number, timestamp: number, delayMs: number, index: number): Buffer {
    const header = this.#delayedHeader ?? this.#header;
    fill(header, payloadType, false, timestamp, index);
    if (this.#delayedHeader === undefined) return header;
    const least = Math.min(Math.round(delayMs / PLAYOUT_DELAY_STEP_MS), PLAYOUT_DELAY_MOST);
    header.writeUIntBE(least * 2 ** 12 + PLAYOUT_DELAY_MOST, this.#playoutDelayAt, PLAYOUT_DELAY_BYTES);
    return header;
  }

  /** @param sequence 16 bits */
  writeTransportSequence(header: Buffer, sequence: number): void {
    header.writeUInt16BE(sequence, this.#transportSequenceAt);
  }

  /** @param nowMs of a clock that only goes on, milliseconds with a fraction */
  writeSendTime(header: Buffer, nowMs: number): void {
    header.writeUIntBE(Math.round(nowMs * SEND_TIME_PER_MS) % SEND_TIME_WRAP, this.#sendTimeAt, SEND_TIME_BYTES);
  }
}

function fill(header: Buffer, payloadType: number, marker: boolean, timestamp: number, index: number): void {
  header[1] = marker ? payloadType | 0x80 : payloadType;
  header.writeUInt16BE(index & 0xffff, 2);
  header.writeUInt32BE(timestamp, 4);
}

/** Elements of a header extension, RFC 8285 section 4.2. */
class Elements {
  #bytes = Buffer.alloc(0);

  /** Where the value stands in the header; nothing is added where there is no id. */
  add(extensionId: number | undefined, value: Buffer): number {
    const at = RTP_HEADER_LENGTH + 4 + this.#bytes.length + 1;
    if (extensionId === undefined) return at;
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from([(extensionId << 4) | (value.length - 1)]), value]);
    return at;
  }

  copy(): Elements {
    const elements = new Elements();
    elements.#bytes = this.#bytes;
    return elements;
  }

  /** A header in which payload type, marker, numbers and times are zero; the elements are filled up to whole words. */
  header(ssrc: number): Buffer {
    const words = Math.ceil(this.#bytes.length / 4);
    const header = Buffer.alloc(RTP_HEADER_LENGTH + (words === 0 ? 0 : 4 + words * 4));
    writeRtpHeader(header, { payloadType: 0, marker: false, sequenceNumber: 0, timestamp: 0, ssrc });
    if (words === 0) return header;
    header[0] = HAS_EXTENSION;
    header.writeUInt16BE(ONE_BYTE_PROFILE, RTP_HEADER_LENGTH);
    header.writeUInt16BE(words, RTP_HEADER_LENGTH + 2);
    this.#bytes.copy(header, RTP_HEADER_LENGTH + 4);
    return header;
  }
}

/** First byte of version 2 with header extension. */
const HAS_EXTENSION = 0x90;
