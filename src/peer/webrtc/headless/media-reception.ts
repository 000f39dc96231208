import type { RTCDtlsTransport, RtcpPacket } from 'werift';
import { parseRtpPacket, type RtpPacket } from '../../../media/rtp/packet.ts';
import { encodeNack, encodeReceiverReport, isRtcp, type RtcpMessage } from '../../../media/rtp/rtcp.ts';
import type { MediaKind } from '../answer.ts';
import { prepareKeys } from '../prepared-keys.ts';
import { receiveRtcp } from '../received-rtcp.ts';
import { CNAME, KeyframeRequests } from './keyframe-request.ts';
import { MissingPackets } from './missing-packets.ts';
import { PacketIndexes } from './packet-index.ts';
import { RECOVERY_MS, type ReceivedTrack } from './received-track.ts';
import type { ReceptionTerms } from './reception-terms.ts';
import { SrtpReader } from './srtp-reader.ts';
import { TransportArrivals } from './transport-arrivals.ts';

/** Of a side that sends no media: any number that is not the sender's. */
const RECEIVER_SSRC = 1;
/** Nothing may stand alone (RFC 3550 section 6.1). */
const EMPTY_REPORT = encodeReceiverReport(RECEIVER_SSRC, [], CNAME);
/** How often it is told which packets came when; browsers do so every 50 to 250 ms. */
const FEEDBACK_INTERVAL_MS = 100;
/** Of these intervals. */
const REPORT_INTERVAL = 10;
/** A packet that was only overtaken comes within it. */
const OVERTAKING_MS = 5;
/** How often it is looked for packets that are still missing, and the least after which one is asked for again. */
const ASKING_INTERVAL_MS = 20;
/** Packets that come before the keys are there: those of the first picture may be among them. */
const MAX_EARLY = 1000;

/** A track that is to be received. */
export interface ExpectedTrack {
  track: ReceivedTrack;
  /** Undefined where the offer does not name it, as it need not (RFC 9429): what comes says it. */
  ssrc: number | undefined;
}

/** What comes of a track. */
interface Source extends ExpectedTrack {
  /** The offer names its SSRC: what has another one is none of it. */
  readonly isNamed: boolean;
  /** Absent where none may be asked for. */
  missing?: MissingPackets;
}

/**
 * Receives the media of one connection, and tells the sender how: by receiver reports, transport-wide feedback, and requests for what is missing. RTP is
 * taken off before werift sees it, which is longer over a packet than sending it took, and sends feedback on each tenth.
 */
export class MediaReception {
  readonly #transport: RTCDtlsTransport;
  readonly #keyframeRequests = new KeyframeRequests(RECEIVER_SSRC);
  readonly #indexes = new PacketIndexes();
  #sources: ReadonlyMap<MediaKind, Source> = new Map();
  #terms: ReceptionTerms | undefined;
  #arrivals: TransportArrivals | undefined;
  /** Undefined before the connection is secure. */
  #reader: SrtpReader | undefined;
  #early: Buffer[] = [];
  /** Of the video that is received; undefined before its first packet. */
  #videoSsrc: number | undefined;
  #ticks = 0;
  #feedbackTimer: NodeJS.Timeout | undefined;
  #askingTimer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param transport not connected yet */
  constructor(transport: RTCDtlsTransport) {
    this.#transport = transport;
    const { onData } = transport.iceTransport.connection;
    const handOn = onData.execute;
    onData.execute = (datagram) => {
      if (isRtp(datagram)) this.#receive(datagram);
      else handOn(datagram);
    };
    transport.onStateChange.subscribe((state) => {
      if (state === 'connected') this.#start();
    });
  }

  /** To be called once an offer is answered, and before anything comes by the answer. @param tracks one of each kind at most */
  accept(terms: ReceptionTerms, tracks: Iterable<ExpectedTrack>): void {
    this.#terms = terms;
    this.#sources = new Map(
      Array.from(tracks, ({ track, ssrc }) => {
        const asks = track.kind === 'video' && terms.asksForMissing;
        const isNamed = ssrc !== undefined;
        return [track.kind, { track, ssrc, isNamed, ...(asks ? { missing: new MissingPackets(RECOVERY_MS) } : {}) }];
      }),
    );
    const { transportSequenceId } = terms;
    if (transportSequenceId === undefined) this.#arrivals = undefined;
    else if (this.#arrivals?.extensionId !== transportSequenceId) this.#arrivals = new TransportArrivals(transportSequenceId);
  }

  /** Asks for a keyframe of the video that is received, by PLI (RFC 4585) or FIR (RFC 5104); nothing happens before a packet of it came. */
  requestKeyframe(kind: 'pli' | 'fir'): void {
    if (this.#videoSsrc !== undefined) this.#send(this.#keyframeRequests.encode(kind, this.#videoSsrc));
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#feedbackTimer);
    clearTimeout(this.#askingTimer);
  }

  #start(): void {
    if (this.#closed) return;
    prepareKeys(this.#transport);
    receiveRtcp(this.#transport, (message) => this.#receiveRtcp(message));
    this.#reader = new SrtpReader(this.#transport);
    for (const datagram of this.#early.splice(0)) this.#receive(datagram);
    this.#feedbackTimer = setInterval(() => this.#giveFeedback(), FEEDBACK_INTERVAL_MS);
  }

  #receive(datagram: Buffer): void {
    if (this.#reader === undefined) {
      if (this.#early.length < MAX_EARLY) this.#early.push(datagram);
      return;
    }
    const bytes = this.#open(this.#reader, datagram);
    const packet = bytes && parseRtpPacket(bytes);
    if (bytes === undefined || packet === undefined) return;
    this.#arrivals?.note(datagram, performance.now() * 1000);
    this.#take(packet, bytes.length, Date.now());
  }

  /** Undefined where it is nothing of the sender's. */
  #open(reader: SrtpReader, datagram: Buffer): Buffer | undefined {
    try {
      const ssrc = datagram.readUInt32BE(8);
      const index = this.#indexes.estimate(ssrc, datagram.readUInt16BE(2));
      if (index === undefined) return undefined;
      const bytes = reader.open(datagram, index);
      this.#indexes.confirm(ssrc, index);
      return bytes;
    } catch {
      return undefined;
    }
  }

  #take(packet: RtpPacket, bytes: number, nowMs: number): void {
    const payloadType = this.#terms?.repairedTypes.get(packet.payloadType);
    const kind = this.#terms?.kinds.get(payloadType ?? packet.payloadType);
    const source = kind && this.#sources.get(kind);
    if (source === undefined) return;
    if (payloadType === undefined) {
      if (source.ssrc !== packet.ssrc && source.isNamed) return;
      source.ssrc = packet.ssrc;
      source.track.receive(packet, bytes, nowMs);
      this.#follow(source, packet.sequenceNumber, nowMs);
      return;
    }
    // What fills up a probe has no number of a packet in it.
    if (source.ssrc === undefined || packet.payload.length < 2) return;
    // RFC 4588 section 4.
    const sequenceNumber = packet.payload.readUInt16BE(0);
    const original = { ...packet, ssrc: source.ssrc, payloadType, sequenceNumber, payload: packet.payload.subarray(2) };
    source.track.repair(original, bytes, nowMs);
    this.#follow(source, sequenceNumber, nowMs);
  }

  #follow({ ssrc, track, missing }: Source, sequenceNumber: number, nowMs: number): void {
    if (track.kind === 'video') this.#videoSsrc = ssrc;
    missing?.note(sequenceNumber, nowMs);
    if (missing !== undefined && missing.size > 0) this.#askingTimer ??= setTimeout(() => this.#ask(), OVERTAKING_MS);
  }

  #ask(): void {
    const roundTripMs = (this.#transport.iceTransport.connection.nominated?.rtt ?? 0) * 1000;
    let isMissing = false;
    for (const { ssrc, missing } of this.#sources.values()) {
      const due = missing?.take(Date.now(), Math.max(ASKING_INTERVAL_MS, roundTripMs)) ?? [];
      if (due.length > 0 && ssrc !== undefined) this.#send(Buffer.concat([EMPTY_REPORT, encodeNack(RECEIVER_SSRC, ssrc, due)]));
      isMissing ||= missing !== undefined && missing.size > 0;
    }
    this.#askingTimer = isMissing ? setTimeout(() => this.#ask(), ASKING_INTERVAL_MS) : undefined;
  }

  #receiveRtcp(message: RtcpMessage): void {
    if (message.type !== 'sender-report') return;
    const source = Array.from(this.#sources.values()).find(({ ssrc }) => ssrc === message.ssrc);
    source?.track.receiveSenderReport(message.ntp, Date.now());
  }

  #giveFeedback(): void {
    this.#ticks += 1;
    const isReportDue = this.#ticks % REPORT_INTERVAL === 0;
    const [first] = this.#sources.values();
    const feedback = this.#arrivals?.takeFeedback(RECEIVER_SSRC, first?.ssrc ?? RECEIVER_SSRC);
    if (!isReportDue && feedback === undefined) return;
    const report = isReportDue ? this.#report() : EMPTY_REPORT;
    this.#send(feedback === undefined ? report : Buffer.concat([report, feedback]));
  }

  #report(): Buffer {
    const nowMs = Date.now();
    const blocks = Array.from(this.#sources.values(), ({ track }) => track.report(nowMs));
    return encodeReceiverReport(
      RECEIVER_SSRC,
      blocks.filter((block) => block !== undefined),
      CNAME,
    );
  }

  #send(compound: Buffer): void {
    // werift asks of packets nothing but their bytes. It rejects only when the socket is gone, which ends the session by itself.
    const packets = [{ serialize: () => compound }] as unknown as RtcpPacket[];
    this.#transport.sendRtcp(packets).catch(() => undefined);
  }
}

/** RFC 7983 section 7. */
function isRtp(datagram: Buffer): boolean {
  const first = datagram[0] ?? 0;
  return first >= 128 && first <= 191 && !isRtcp(datagram);
}
