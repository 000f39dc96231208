import { ntpFromUnixMs, type NtpTime } from '../../base/ntp.ts';
import { parseRemb, type ReceiverEstimate } from './rtcp-remb.ts';
import { parseTransportFeedback, type TransportFeedback } from './rtcp-transport-feedback.ts';

/** RTCP packet types: RFC 3550 section 12.1, RFC 4585 section 6.1. */
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
const SOURCE_DESCRIPTION = 202;
const BYE = 203;
const TRANSPORT_FEEDBACK = 205;
const PAYLOAD_FEEDBACK = 206;
/** Format of transport layer feedback, and packets behind the first that an entry of it names: RFC 4585 section 6.2.1. */
const NACK = 1;
const NACK_FOLLOWING = 16;
/** Formats of transport layer feedback: RFC 5104 sections 4.2.1 and 4.2.2. */
const TMMBR = 3;
const TMMBN = 4;
/** Of transport layer feedback that which says when packets arrived, of payload feedback the receiver's own estimate. */
const APPLICATION_LAYER = 15;

/** One reception report block (RFC 3550 section 6.4.1). */
export interface ReportBlock {
  /** The source that the block is about. */
  ssrc: number;
  /** Share lost since the last report, in 1/256. */
  fractionLost: number;
  /** Signed 24 bits. */
  cumulativeLost: number;
  extendedHighestSequence: number;
  /** In units of the source's clock rate. */
  jitter: number;
  /** Middle 32 bits of the NTP time of the last sender report, 0 when there was none. */
  lastSenderReport: number;
  /** Since that report, in 1/65536 s. */
  delaySinceLastSenderReport: number;
}

/** A limit of TMMBR or TMMBN (RFC 5104 section 4.2). */
export interface BitrateLimit {
  /** In a request the source that is to be limited, in a notification whoever asked. */
  ssrc: number;
  bitsPerSecond: number;
  /** What whoever asked counts for each packet beside its RTP payload and header, bytes. */
  overheadBytes: number;
}

/** The RTCP that the product understands; everything else in a compound packet is passed over. */
export type RtcpMessage =
  | {
      type: 'sender-report';
      ssrc: number;
      ntp: NtpTime;
      rtpTimestamp: number;
      packets: number;
      octets: number;
      reports: ReportBlock[];
    }
  | { type: 'receiver-report'; ssrc: number; reports: ReportBlock[] }
  | { type: 'bye'; ssrcs: number[] }
  /** Generic NACK, RFC 4585 section 6.2.1: sequence numbers that the receiver misses. */
  | { type: 'nack'; ssrc: number; mediaSsrc: number; sequenceNumbers: number[] }
  /** Picture loss indication, RFC 4585 section 6.3.1. */
  | { type: 'pli'; ssrc: number; mediaSsrc: number }
  /** Temporary maximum media stream bit rate request, RFC 5104 section 4.2.1: by the source that is to be limited. */
  | { type: 'tmmbr'; ssrc: number; limits: BitrateLimit[] }
  /** Full intra request, RFC 5104 section 4.3.1; the sources are in its entries, the media SSRC of the header is 0. */
  | { type: 'fir'; ssrc: number; entries: { ssrc: number; sequence: number }[] }
  | TransportFeedback
  | ReceiverEstimate;

/**
 * The messages of a compound packet. Malformed bytes end the parse: what stands before them is returned, and `malformed` says so.
 * Bounded by the datagram: a NACK item of 4 bytes yields at most 17 numbers.
 */
export function parseRtcp(bytes: Buffer): { messages: RtcpMessage[]; malformed: boolean } {
  const messages: RtcpMessage[] = [];
  let offset = 0;
  while (offset + 4 <= bytes.length) {
    const first = bytes.readUInt8(offset);
    const end = offset + 4 + bytes.readUInt16BE(offset + 2) * 4;
    if (first >> 6 !== 2 || end > bytes.length) return { messages, malformed: true };
    const padding = paddingOf(bytes.subarray(offset, end));
    if (padding === undefined) return { messages, malformed: true };
    const body = bytes.subarray(offset + 4, end - padding);
    const message = parseOne(bytes.readUInt8(offset + 1), first & 0x1f, body);
    if (message === 'malformed') return { messages, malformed: true };
    if (message !== undefined) messages.push(message);
    offset = end;
  }
  return { messages, malformed: offset !== bytes.length };
}

/**
 * Padding says its own length in its last byte and comes in words (RFC 3550 section 6.4.1), but in transport-wide feedback: browsers fill that up to
 * a word with what is missing. Undefined when it cannot be.
 */
function paddingOf(packet: Buffer): number | undefined {
  const first = packet.readUInt8(0);
  if ((first & 0x20) === 0) return 0;
  const padding = packet.readUInt8(packet.length - 1);
  const fills = (first & 0x1f) === APPLICATION_LAYER && packet.readUInt8(1) === TRANSPORT_FEEDBACK;
  return padding > 0 && (padding % 4 === 0 || fills) && padding <= packet.length - 4 ? padding : undefined;
}

function parseOne(packetType: number, count: number, body: Buffer): RtcpMessage | 'malformed' | undefined {
  switch (packetType) {
    case SENDER_REPORT:
      if (body.length < 24 + count * 24) return 'malformed';
      return {
        type: 'sender-report',
        ssrc: body.readUInt32BE(0),
        ntp: { seconds: body.readUInt32BE(4), fraction: body.readUInt32BE(8) },
        rtpTimestamp: body.readUInt32BE(12),
        packets: body.readUInt32BE(16),
        octets: body.readUInt32BE(20),
        reports: parseReportBlocks(body.subarray(24), count),
      };
    case RECEIVER_REPORT:
      if (body.length < 4 + count * 24) return 'malformed';
      return { type: 'receiver-report', ssrc: body.readUInt32BE(0), reports: parseReportBlocks(body.subarray(4), count) };
    case BYE:
      if (body.length < count * 4) return 'malformed';
      return { type: 'bye', ssrcs: Array.from({ length: count }, (_, index) => body.readUInt32BE(index * 4)) };
    case TRANSPORT_FEEDBACK:
      if (body.length < 8) return 'malformed';
      if (count === NACK) return parseNack(body);
      if (count === APPLICATION_LAYER) return parseTransportFeedback(body) ?? 'malformed';
      return count === TMMBR ? parseTmmbr(body) : undefined;
    case PAYLOAD_FEEDBACK:
      if (body.length < 8) return 'malformed';
      if (count === 1) return { type: 'pli', ssrc: body.readUInt32BE(0), mediaSsrc: body.readUInt32BE(4) };
      if (count === APPLICATION_LAYER) return parseRemb(body);
      return count === 4 ? parseFir(body) : undefined;
    default:
      return undefined;
  }
}

function parseReportBlocks(bytes: Buffer, count: number): ReportBlock[] {
  return Array.from({ length: count }, (_, index) => {
    const at = index * 24;
    return {
      ssrc: bytes.readUInt32BE(at),
      fractionLost: bytes.readUInt8(at + 4),
      cumulativeLost: bytes.readIntBE(at + 5, 3),
      extendedHighestSequence: bytes.readUInt32BE(at + 8),
      jitter: bytes.readUInt32BE(at + 12),
      lastSenderReport: bytes.readUInt32BE(at + 16),
      delaySinceLastSenderReport: bytes.readUInt32BE(at + 20),
    };
  });
}

function parseNack(body: Buffer): RtcpMessage {
  const sequenceNumbers: number[] = [];
  for (let at = 8; at + 4 <= body.length; at += 4) {
    const first = body.readUInt16BE(at);
    sequenceNumbers.push(first);
    const following = body.readUInt16BE(at + 2);
    for (let bit = 0; bit < 16; bit += 1) {
      if (((following >> bit) & 1) === 1) sequenceNumbers.push((first + bit + 1) & 0xffff);
    }
  }
  return { type: 'nack', ssrc: body.readUInt32BE(0), mediaSsrc: body.readUInt32BE(4), sequenceNumbers };
}

function parseFir(body: Buffer): RtcpMessage {
  const entries: { ssrc: number; sequence: number }[] = [];
  for (let at = 8; at + 8 <= body.length; at += 8) {
    entries.push({ ssrc: body.readUInt32BE(at), sequence: body.readUInt8(at + 4) });
  }
  return { type: 'fir', ssrc: body.readUInt32BE(0), entries };
}

/** Six bits of exponent, 17 of mantissa, nine of overhead: the rate is mantissa * 2^exponent bit/s. */
function parseTmmbr(body: Buffer): RtcpMessage {
  const limits: BitrateLimit[] = [];
  for (let at = 8; at + 8 <= body.length; at += 8) {
    const word = body.readUInt32BE(at + 4);
    const bitsPerSecond = ((word >>> 9) & 0x1_ffff) * 2 ** (word >>> 26);
    limits.push({ ssrc: body.readUInt32BE(at), bitsPerSecond, overheadBytes: word & 0x1ff });
  }
  return { type: 'tmmbr', ssrc: body.readUInt32BE(0), limits };
}

/** What a sender says of itself (RFC 3550 section 6.4.1). */
export interface SenderReport {
  ssrc: number;
  /** Unix milliseconds, with a fraction, of the instant that `rtpTimestamp` names. */
  unixMs: number;
  rtpTimestamp: number;
  packets: number;
  octets: number;
}

/** A compound packet of a sender report and the CNAME (RFC 3550 sections 6.4.1 and 6.5; both must be in every compound packet). */
export function encodeSenderReport(report: SenderReport, cname: string): Buffer {
  const head = Buffer.alloc(28);
  writeRtcpHeader(head, 0, SENDER_REPORT, 28);
  head.writeUInt32BE(report.ssrc, 4);
  const ntp = ntpFromUnixMs(report.unixMs);
  head.writeUInt32BE(ntp.seconds, 8);
  head.writeUInt32BE(ntp.fraction, 12);
  head.writeUInt32BE(report.rtpTimestamp >>> 0, 16);
  head.writeUInt32BE(report.packets >>> 0, 20);
  head.writeUInt32BE(report.octets >>> 0, 24);
  return Buffer.concat([head, encodeCname(report.ssrc, cname)]);
}

/** A compound packet of a receiver report (at most 31 blocks) and the CNAME. */
export function encodeReceiverReport(ssrc: number, reports: ReportBlock[], cname: string): Buffer {
  const head = Buffer.alloc(8 + reports.length * 24);
  writeRtcpHeader(head, reports.length, RECEIVER_REPORT, head.length);
  head.writeUInt32BE(ssrc, 4);
  for (const [index, report] of reports.entries()) {
    const at = 8 + index * 24;
    head.writeUInt32BE(report.ssrc, at);
    head.writeUInt8(report.fractionLost, at + 4);
    head.writeIntBE(Math.max(-0x80_0000, Math.min(0x7f_ffff, report.cumulativeLost)), at + 5, 3);
    head.writeUInt32BE(report.extendedHighestSequence >>> 0, at + 8);
    head.writeUInt32BE(report.jitter >>> 0, at + 12);
    head.writeUInt32BE(report.lastSenderReport >>> 0, at + 16);
    head.writeUInt32BE(report.delaySinceLastSenderReport >>> 0, at + 20);
  }
  return Buffer.concat([head, encodeCname(ssrc, cname)]);
}

/** A picture loss indication (RFC 4585 section 6.3.1), to stand behind a report in a compound packet. */
export function encodePictureLossIndication(ssrc: number, mediaSsrc: number): Buffer {
  const bytes = Buffer.alloc(12);
  writeRtcpHeader(bytes, 1, PAYLOAD_FEEDBACK, 12);
  bytes.writeUInt32BE(ssrc, 4);
  bytes.writeUInt32BE(mediaSsrc, 8);
  return bytes;
}

/**
 * A generic NACK (RFC 4585 section 6.2.1), to stand behind a report in a compound packet.
 *
 * @param sequenceNumbers at least one, in ascending order on their circle
 */
export function encodeNack(ssrc: number, mediaSsrc: number, sequenceNumbers: readonly number[]): Buffer {
  const entries: { first: number; following: number }[] = [];
  for (const number of sequenceNumbers) {
    const last = entries.at(-1);
    const after = last === undefined ? NACK_FOLLOWING : (number - last.first - 1) & 0xffff;
    if (last !== undefined && after < NACK_FOLLOWING) last.following |= 1 << after;
    else entries.push({ first: number, following: 0 });
  }
  const bytes = Buffer.alloc(12 + entries.length * 4);
  writeRtcpHeader(bytes, NACK, TRANSPORT_FEEDBACK, bytes.length);
  bytes.writeUInt32BE(ssrc, 4);
  bytes.writeUInt32BE(mediaSsrc, 8);
  for (const [index, { first, following }] of entries.entries()) {
    bytes.writeUInt16BE(first, 12 + index * 4);
    bytes.writeUInt16BE(following, 14 + index * 4);
  }
  return bytes;
}

/** The notification that answers a TMMBR (RFC 5104 section 4.2.2), to stand behind a report in a compound packet. */
export function encodeTmmbn(ssrc: number, limits: readonly BitrateLimit[]): Buffer {
  const bytes = Buffer.alloc(12 + limits.length * 8);
  writeRtcpHeader(bytes, TMMBN, TRANSPORT_FEEDBACK, bytes.length);
  bytes.writeUInt32BE(ssrc, 4);
  for (const [index, { ssrc: owner, bitsPerSecond, overheadBytes }] of limits.entries()) {
    let exponent = 0;
    while (bitsPerSecond / 2 ** exponent >= 2 ** 17) exponent += 1;
    const mantissa = Math.floor(bitsPerSecond / 2 ** exponent);
    bytes.writeUInt32BE(owner, 12 + index * 8);
    bytes.writeUInt32BE(exponent * 2 ** 26 + mantissa * 2 ** 9 + (overheadBytes & 0x1ff), 16 + index * 8);
  }
  return bytes;
}

/** A goodbye (RFC 3550 section 6.6) of at most 31 sources, to stand behind a report in a compound packet. */
export function encodeBye(ssrcs: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 + ssrcs.length * 4);
  writeRtcpHeader(bytes, ssrcs.length, BYE, bytes.length);
  for (const [index, ssrc] of ssrcs.entries()) bytes.writeUInt32BE(ssrc, 4 + index * 4);
  return bytes;
}

function encodeCname(ssrc: number, cname: string): Buffer {
  const name = Buffer.from(cname, 'utf8').subarray(0, 255);
  // One chunk: SSRC, the CNAME item, and at least one zero byte up to the next multiple of four (RFC 3550 section 6.5).
  const length = 8 + Math.floor((2 + name.length) / 4) * 4 + 4;
  const bytes = Buffer.alloc(length);
  writeRtcpHeader(bytes, 1, SOURCE_DESCRIPTION, length);
  bytes.writeUInt32BE(ssrc, 4);
  bytes.writeUInt8(1, 8);
  bytes.writeUInt8(name.length, 9);
  name.copy(bytes, 10);
  return bytes;
}

function writeRtcpHeader(target: Buffer, count: number, packetType: number, length: number): void {
  target.writeUInt8(0x80 | count, 0);
  target.writeUInt8(packetType, 1);
  target.writeUInt16BE(length / 4 - 1, 2);
}

/** True for RTCP where RTP and RTCP share a transport (RFC 5761 section 4). */
export function isRtcp(bytes: Buffer): boolean {
  if (bytes.length < 2) return false;
  const packetType = bytes.readUInt8(1);
  return packetType >= 192 && packetType <= 223;
}
