import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { timestampDistance } from '../../media/rtp/packet.ts';
import type { TimeMapping } from '../../media/rtp/timeline.ts';
import { encodeSenderReport, type ReportBlock } from '../../media/rtp/rtcp.ts';
import { ntpFromUnixMs, ntpMiddle32 } from '../../base/ntp.ts';
import { NumberedStream, type HeaderExtensions } from './numbered-stream.ts';
import type { OutgoingFrame } from './outgoing-frame.ts';
import { Retransmissions, type RepairPacket, type SenderCounters } from './retransmissions.ts';
import { SendLog } from './send-log.ts';
import type { SrtpEgress } from './srtp.ts';
import type { EgressTransport } from './transport.ts';

/** What was negotiated for one track. */
export interface SenderParameters extends HeaderExtensions {
  ssrc: number;
  /** Present where retransmission (RFC 4588) was negotiated; its payload types by those that they repair. */
  rtx?: { ssrc: number; payloadTypes: ReadonlyMap<number, number> };
  cname: string;
}

const NO_PAYLOAD_TYPES: ReadonlyMap<number, number> = new Map();

/** Of the clock of video in RTP, 90 kHz. */
const VIDEO_TICKS_PER_MS = 90;
/** In the first byte of the header: the payload ends with padding, of which the last byte says how much (RFC 3550 section 5.1). As much as browsers send. */
const PADDING_BIT = 0x20;
const PADDING = Buffer.alloc(224);
PADDING[PADDING.length - 1] = PADDING.length;
const MAX_PADDING_AT_ONCE = 32;
/** Sender reports kept to measure the round trip; one a second, so about as many seconds. */
const KEPT_REPORTS = 16;

/**
 * One track to one viewer: numbers, stamps, protects and sends packets; answers NACKs; makes sender reports. The payloads come shared
 * and are not written to.
 */
export class RtpSender {
  readonly parameters: SenderParameters;
  /** How long the viewer is to hold back pictures at least, milliseconds; 0: it knows best. Keyframes say it, once it was more than that. */
  playoutDelayMs = 0;
  readonly counters: SenderCounters = { packets: 0, bytes: 0, retransmitted: 0, retransmissionsRefused: 0 };
  readonly #srtp: SrtpEgress;
  readonly #transport: EgressTransport;
  readonly #sent: SendLog;
  /** From the first frame on: sound is not sent again. */
  #retransmissions: Retransmissions | undefined;
  readonly #primary: NumberedStream;
  readonly #repair: NumberedStream | undefined;
  /** Added to the track's timeline: each viewer's timestamps start anywhere (RFC 3550 section 5.1). */
  readonly #timestampOffset = randomInt(2 ** 32);
  readonly #reports: { middle: number; sentAtMs: number }[] = [];
  /** The camera's clock by the last sender report; `timestamp` as sent. */
  #reported: TimeMapping | undefined;
  #saysPlayoutDelay = false;
  #octets = 0;
  /** Of the newest packet, as sent. */
  #timestamp = 0;
  #roundTripMs: number | null = null;
  #fractionLost: number | null = null;

  /** @param sent where what is sent is noted, for all tracks of the transport; asked for numbers where transport-wide ones were negotiated */
  constructor(parameters: SenderParameters, srtp: SrtpEgress, transport: EgressTransport, sent = new SendLog()) {
    this.parameters = parameters;
    this.#sent = sent;
    this.#srtp = srtp;
    this.#transport = transport;
    this.#primary = new NumberedStream(parameters.ssrc, parameters);
    if (parameters.rtx !== undefined) this.#repair = new NumberedStream(parameters.rtx.ssrc, parameters);
  }

  /** Milliseconds, from the viewer's last report; null before. */
  get roundTripMs(): number | null {
    return this.#roundTripMs;
  }

  /** Share of packets lost as the viewer last reported, 0 to 1; null before. */
  get fractionLost(): number | null {
    return this.#fractionLost;
  }

  /**
   * Sends one payload of a frame, which the viewer may ask for again.
   *
   * @param nowMs Unix milliseconds
   * @returns false where the path did not take it
   */
  sendPacket(frame: OutgoingFrame, packet: number, nowMs: number): boolean {
    const payload = frame.payloads[packet];
    if (payload === undefined) return false;
    const index = this.#primary.take();
    const before = this.counters.packets;
    const isLast = packet === frame.payloads.length - 1;
    const header =
      packet === 0 && frame.keyframe && !isLast
        ? this.#sendFirst(payload, frame.payloadType, frame.timestamp, index)
        : this.#send(payload, frame.payloadType, isLast, frame.timestamp, index);
    this.#retransmissions ??= this.#startRetransmissions();
    this.#retransmissions.note(header, index, frame, packet, nowMs);
    return this.counters.packets > before;
  }

  /**
   * @param timestamp on the track's timeline, 32 bits
   * @returns false where the path did not take it
   */
  send(payload: Buffer, payloadType: number, marker: boolean, timestamp: number): boolean {
    const before = this.counters.packets;
    this.#send(payload, payloadType, marker, timestamp, this.#primary.take());
    return this.counters.packets > before;
  }

  /** Sends again what the viewer misses, as far as that is of use; twice where that is lost too now and then. */
  retransmit(sequenceNumbers: readonly number[], nowMs: number, isTwice = false): void {
    this.#retransmissions?.answer(sequenceNumbers, { roundTripMs: this.#roundTripMs, isTwice }, nowMs);
  }

  /** The viewer needs nothing of what was sent until now: it is not sent again. */
  forget(): void {
    this.#retransmissions?.forget();
  }

  /**
   * Sends about so many bytes that the viewer does not need, by the stream for retransmission: packets of late, or where there are none, nothing but padding, which
   * viewers leave out there. On the stream itself it would need numbers that the viewer misses when it is lost.
   *
   * @param nowMs Unix milliseconds
   * @returns bytes that were sent; 0 where there is no such stream, nothing was sent before, or the path takes nothing
   */
  pad(bytes: number, nowMs: number): number {
    if (this.#repair?.hasTransportSequence !== true || this.#retransmissions === undefined) return 0;
    const resent = this.#retransmissions.pad(bytes, nowMs);
    return resent > 0 ? resent : this.#sendPadding(this.#repair, bytes);
  }

  /**
   * Sends a sender report with the camera's time.
   *
   * @param cameraUnixMs the camera's clock at this instant
   * @param timestamp the track's timeline at this instant, 32 bits
   * @param nowMs our clock
   */
  sendReport(cameraUnixMs: number, timestamp: number, nowMs: number): void {
    this.#reports.push({ middle: ntpMiddle32(ntpFromUnixMs(cameraUnixMs)), sentAtMs: nowMs });
    if (this.#reports.length > KEPT_REPORTS) this.#reports.shift();
    const rtpTimestamp = (timestamp + this.#timestampOffset) >>> 0;
    this.#reported = { unixMs: cameraUnixMs, timestamp: rtpTimestamp };
    const report = {
      ssrc: this.parameters.ssrc,
      unixMs: cameraUnixMs,
      rtpTimestamp,
      packets: this.counters.packets,
      octets: this.#octets,
    };
    this.#transport.sendRtcp(encodeSenderReport(report, this.parameters.cname));
  }

  /** Takes the viewer's report on this track (RFC 3550 section 6.4.1). */
  receiveReport(report: ReportBlock, nowMs: number): void {
    this.#fractionLost = report.fractionLost / 256;
    const answered = this.#reports.find(({ middle }) => middle === report.lastSenderReport);
    if (answered === undefined || report.lastSenderReport === 0) return;
    const delayMs = (report.delaySinceLastSenderReport / 65_536) * 1000;
    this.#roundTripMs = Math.max(0, nowMs - answered.sentAtMs - delayMs);
  }

  /**
   * By the last report, so that both say the same. Only a picture's last packet carries it, which has room for it: a receiver knows the others by their
   * timestamps.
   */
  #capturedAt(rtpTimestamp: number): number | undefined {
    if (this.parameters.captureTime === undefined || this.#reported === undefined) return undefined;
    return this.#reported.unixMs + timestampDistance(this.#reported.timestamp, rtpTimestamp) / VIDEO_TICKS_PER_MS;
  }

  /** What the viewer has no payload type of retransmission for is sent again as it was. */
  #startRetransmissions(): Retransmissions {
    const { ssrc, rtx } = this.parameters;
    const stream = {
      sendRepair: (packet: RepairPacket, payload: Buffer): number => this.#sendRepair(packet, payload),
      sendSame: (header: Buffer, payload: Buffer, index: number): number => this.#protect(header, payload, ssrc, index),
    };
    return new Retransmissions(rtx?.payloadTypes ?? NO_PAYLOAD_TYPES, stream, this.counters);
  }

  /** Returns the header as sent, of the first of several packets of a keyframe: browsers take the delay from a picture's first packet. */
  #sendFirst(payload: Buffer, payloadType: number, timestamp: number, index: number): Buffer {
    this.#saysPlayoutDelay ||= this.playoutDelayMs > 0;
    if (!this.#saysPlayoutDelay) return this.#send(payload, payloadType, false, timestamp, index);
    this.#timestamp = (timestamp + this.#timestampOffset) >>> 0;
    const header = this.#primary.delayedHeader(payloadType, this.#timestamp, this.playoutDelayMs, index);
    return this.#sendNew(header, payload, index);
  }

  /** Returns the header as sent. */
  #send(payload: Buffer, payloadType: number, marker: boolean, timestamp: number, index: number): Buffer {
    const rtpTimestamp = (timestamp + this.#timestampOffset) >>> 0;
    this.#timestamp = rtpTimestamp;
    const capturedAtMs = marker ? this.#capturedAt(rtpTimestamp) : undefined;
    return this.#sendNew(this.#primary.header(payloadType, marker, rtpTimestamp, capturedAtMs, index), payload, index);
  }

  #sendNew(header: Buffer, payload: Buffer, index: number): Buffer {
    if (this.#emit(this.#primary, header, payload, index) > 0) {
      this.counters.packets += 1;
      this.#octets += payload.length;
    }
    return header;
  }

  /** Returns how many bytes were sent, as {@link #protect}. */
  #sendRepair({ payloadType, marker, timestamp }: RepairPacket, payload: Buffer): number {
    if (this.#repair === undefined) return 0;
    const index = this.#repair.take();
    const capturedAtMs = marker ? this.#capturedAt(timestamp) : undefined;
    return this.#emit(this.#repair, this.#repair.header(payloadType, marker, timestamp, capturedAtMs, index), payload, index);
  }

  /** Returns how many bytes were sent. */
  #sendPadding(repair: NumberedStream, bytes: number): number {
    const [payloadType] = this.parameters.rtx?.payloadTypes.values() ?? [];
    if (payloadType === undefined) return 0;
    let sent = 0;
    for (let packets = 0; packets < MAX_PADDING_AT_ONCE && sent < bytes; packets += 1) {
      const index = repair.take();
      const header = repair.header(payloadType, false, this.#timestamp, undefined, index);
      header[0] = (header[0] ?? 0) | PADDING_BIT;
      const now = this.#emit(repair, header, PADDING, index);
      header[0] &= ~PADDING_BIT;
      if (now === 0) break;
      sent += now;
    }
    return sent;
  }

  /** Sends a packet that was not sent before. */
  #emit(stream: NumberedStream, header: Buffer, payload: Buffer, index: number): number {
    if (stream.hasTransportSequence) {
      const bytes = header.length + payload.length + this.#srtp.tagLength;
      stream.writeTransportSequence(header, this.#sent.add(bytes, performance.now()));
    }
    if (stream.hasSendTime) stream.writeSendTime(header, performance.now());
    const sent = this.#protect(header, payload, stream.ssrc, index);
    if (!stream.hasTransportSequence) {
      if (sent > 0) this.#sent.addUnnumbered(sent, performance.now());
    } else if (sent === 0) this.#sent.takeBack();
    return sent;
  }

  /** Returns how many bytes were sent: none where the path does not take them. */
  #protect(header: Buffer, payload: Buffer, ssrc: number, index: number): number {
    if (!this.#srtp.send(header, payload, ssrc, index)) return 0;
    const bytes = header.length + payload.length + this.#srtp.tagLength;
    this.counters.bytes += bytes;
    return bytes;
  }
}
