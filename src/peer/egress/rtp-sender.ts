import { randomInt } from 'node:crypto';
import { RTP_HEADER_LENGTH, writeRtpHeader } from '../../media/rtp/packet.ts';
import { encodeSenderReport, type ReportBlock } from '../../media/rtp/rtcp.ts';
import { ntpFromUnixMs, ntpMiddle32 } from '../../base/ntp.ts';
import { PacketHistory } from './history.ts';
import type { SrtpEgress } from './srtp.ts';
import type { EgressTransport } from './transport.ts';

/** What was negotiated for one track. */
export interface SenderParameters {
  ssrc: number;
  /** Present where retransmission (RFC 4588) was negotiated. */
  rtx?: { ssrc: number; payloadType: number };
  /** Id and value of the header extension urn:ietf:params:rtp-hdrext:sdes:mid, where negotiated (RFC 8843 section 15). */
  mid?: { extensionId: number; value: string };
  cname: string;
}

export interface SenderCounters {
  packets: number;
  bytes: number;
  retransmitted: number;
  /** Packets asked for that were no longer there, or asked for too often. */
  retransmissionsRefused: number;
}

/** A viewer that asks for more is better served by a keyframe, and one that means harm by nothing. */
const MAX_RETRANSMISSIONS_PER_SECOND = 500;
/** A packet is sent again no sooner than this, milliseconds, however short the viewer says the way is. */
const MIN_RETRANSMISSION_INTERVAL_MS = 10;

/** Sender reports kept to measure the round trip; one a second, so about as many seconds. */
const KEPT_REPORTS = 16;

/**
 * One track to one viewer: numbers, stamps, protects and sends packets; answers NACKs; makes sender reports. The payloads come shared
 * and are not written to.
 */
export class RtpSender {
  readonly parameters: SenderParameters;
  readonly counters: SenderCounters = { packets: 0, bytes: 0, retransmitted: 0, retransmissionsRefused: 0 };
  readonly #srtp: SrtpEgress;
  readonly #transport: EgressTransport;
  readonly #history: PacketHistory | undefined;
  readonly #primary: NumberedStream;
  readonly #retransmission: NumberedStream | undefined;
  /** Added to the track's timeline: each viewer's timestamps start anywhere (RFC 3550 section 5.1). */
  readonly #timestampOffset = randomInt(2 ** 32);
  readonly #reports: { middle: number; sentAtMs: number }[] = [];
  #retransmissions = { second: 0, packets: 0 };
  #octets = 0;
  #roundTripMs: number | null = null;
  #fractionLost: number | null = null;

  constructor(parameters: SenderParameters, srtp: SrtpEgress, transport: EgressTransport) {
    this.parameters = parameters;
    this.#srtp = srtp;
    this.#transport = transport;
    this.#primary = new NumberedStream(parameters.ssrc, parameters.mid);
    if (parameters.rtx !== undefined) {
      this.#retransmission = new NumberedStream(parameters.rtx.ssrc, parameters.mid);
      this.#history = new PacketHistory();
    }
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
   * @param timestamp on the track's timeline, 32 bits
   * @param nowMs Unix milliseconds
   */
  send(payload: Buffer, payloadType: number, marker: boolean, timestamp: number, nowMs: number): void {
    const sequenceNumber = this.#primary.nextSequenceNumber;
    const rtpTimestamp = (timestamp + this.#timestampOffset) >>> 0;
    this.counters.packets += 1;
    this.#octets += payload.length;
    this.#history?.add({ sequenceNumber, payload, timestamp: rtpTimestamp, marker, sentAtMs: nowMs, retransmittedAtMs: 0 });
    this.#emit(this.#primary, payload, payloadType, marker, rtpTimestamp);
  }

  /** Sends again what the viewer misses (RFC 4588), each packet at most once in a round trip. */
  retransmit(sequenceNumbers: readonly number[], nowMs: number): void {
    const { rtx } = this.parameters;
    if (rtx === undefined || this.#retransmission === undefined) return;
    const intervalMs = Math.max(MIN_RETRANSMISSION_INTERVAL_MS, this.#roundTripMs ?? 0);
    for (const sequenceNumber of sequenceNumbers) {
      const packet = this.#history?.find(sequenceNumber, nowMs);
      if (packet === undefined || nowMs - packet.retransmittedAtMs < intervalMs || !this.#mayRetransmit(nowMs)) {
        this.counters.retransmissionsRefused += 1;
        continue;
      }
      packet.retransmittedAtMs = nowMs;
      const payload = Buffer.allocUnsafe(2 + packet.payload.length);
      payload.writeUInt16BE(sequenceNumber, 0);
      packet.payload.copy(payload, 2);
      this.counters.retransmitted += 1;
      this.#emit(this.#retransmission, payload, rtx.payloadType, packet.marker, packet.timestamp);
    }
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
    const report = {
      ssrc: this.parameters.ssrc,
      unixMs: cameraUnixMs,
      rtpTimestamp: (timestamp + this.#timestampOffset) >>> 0,
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

  #mayRetransmit(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (this.#retransmissions.second !== second) this.#retransmissions = { second, packets: 0 };
    this.#retransmissions.packets += 1;
    return this.#retransmissions.packets <= MAX_RETRANSMISSIONS_PER_SECOND;
  }

  #emit(stream: NumberedStream, payload: Buffer, payloadType: number, marker: boolean, timestamp: number): void {
    const header = stream.header(payloadType, marker, timestamp);
    const datagram = this.#srtp.protect(header, payload, stream.ssrc, stream.index);
    stream.advance();
    this.counters.bytes += datagram.length;
    this.#transport.send(datagram);
  }
}

/** RFC 8285 one-byte header extension profile. */
const ONE_BYTE_PROFILE = 0xbede;

/** Sequence numbers and roll-over counter of one SSRC, and its header, written anew in place for each packet. */
class NumberedStream {
  readonly ssrc: number;
  readonly #header: Buffer;
  /** Starts below 2^15, so that a receiver that joins late or reordered cannot mistake the roll-over counter (RFC 3711 section 3.3.1). */
  #index = randomInt(1, 2 ** 15);

  constructor(ssrc: number, mid: SenderParameters['mid']) {
    this.ssrc = ssrc;
    const value = Buffer.from(mid?.value ?? '', 'utf8');
    const words = mid === undefined ? 0 : Math.ceil((1 + value.length) / 4);
    this.#header = Buffer.alloc(RTP_HEADER_LENGTH + (mid === undefined ? 0 : 4 + words * 4));
    if (mid !== undefined) {
      this.#header.writeUInt16BE(ONE_BYTE_PROFILE, RTP_HEADER_LENGTH);
      this.#header.writeUInt16BE(words, RTP_HEADER_LENGTH + 2);
      this.#header.writeUInt8((mid.extensionId << 4) | (value.length - 1), RTP_HEADER_LENGTH + 4);
      value.copy(this.#header, RTP_HEADER_LENGTH + 5);
    }
  }

  /** Roll-over counter and sequence number of the next packet, 48 bits. */
  get index(): number {
    return this.#index;
  }

  get nextSequenceNumber(): number {
    return this.#index % 2 ** 16;
  }

  advance(): void {
    this.#index += 1;
  }

  header(payloadType: number, marker: boolean, timestamp: number): Buffer {
    const fields = { payloadType, marker, sequenceNumber: this.nextSequenceNumber, timestamp, ssrc: this.ssrc };
    writeRtpHeader(this.#header, fields);
    if (this.#header.length > RTP_HEADER_LENGTH) this.#header[0] = 0x90;
    return this.#header;
  }
}
