import { isNtpSet, unixMsFromNtp } from '../base/ntp.ts';
import { SenderClock } from './rtp/sender-clock.ts';
import { Timeline, type TimeMapping } from './rtp/timeline.ts';
import { parseRtpPacket, type RtpPacket } from './rtp/packet.ts';
import { RtpReceiver, type Reception } from './rtp/receiver.ts';
import type { RtcpMessage } from './rtp/rtcp.ts';

/** One track of a session description, as far as media needs to know it. */
export interface TrackDescription {
  kind: 'video' | 'audio' | 'application';
  /** As in SDP rtpmap; upper case for audio and video. */
  encodingName: string;
  payloadType: number;
  /** Hz. */
  clockRate: number;
  /** Parameters of the SDP's fmtp, keys in lower case. */
  fmtp: ReadonlyMap<string, string>;
  /** Of sound; 1 where absent. */
  channels?: number;
  /** Of video, where the description has it; pixels. */
  frameSize?: { width: number; height: number };
  /** SSRC of its packets, where that is known before they come. */
  ssrc?: number;
}

/** A packet with its place on the track's continuous timeline. */
export interface PlacedPacket {
  packet: RtpPacket;
  /** Timestamp on the timeline, 32 bits. */
  timestamp: number;
  reception: Reception;
}

/**
 * The receiving half that all tracks share: header, order and loss, continuous time, and what sender reports say. It outlives
 * connections: a camera that comes back goes on where it left.
 */
export class TrackReceiver {
  readonly clockRate: number;
  readonly #timeline: Timeline;
  /** The sender's, by its reports. */
  readonly clock: SenderClock;
  #receiver: RtpReceiver;
  #payloadType: number;
  /** No packet of this connection has come. */
  #isNew = true;
  /** A report that came ahead of the first packet, and when. */
  #early: { unixMs: number; rtpTimestamp: number; arrivalMs: number } | undefined;
  #received = 0;
  #malformed = 0;
  #lostBefore = 0;

  constructor(track: TrackDescription, start: number) {
    this.clockRate = track.clockRate;
    this.#payloadType = track.payloadType;
    this.#timeline = new Timeline(track.clockRate, start);
    this.clock = new SenderClock(track.clockRate);
    this.#receiver = new RtpReceiver(track.clockRate, track.ssrc);
  }

  get received(): number {
    return this.#received;
  }

  get lost(): number {
    return this.#lostBefore + this.#receiver.lost;
  }

  get malformed(): number {
    return this.#malformed;
  }

  /** A new connection: sequence numbers and timestamps may start anywhere. */
  reconnect(track: TrackDescription): void {
    this.#lostBefore += this.#receiver.lost;
    this.#payloadType = track.payloadType;
    this.#receiver = new RtpReceiver(track.clockRate, track.ssrc);
    this.clock.forget();
    this.#timeline.reordered = false;
    this.#early = undefined;
    this.#isNew = true;
  }

  /** See {@link Timeline.reordered}. */
  set reordered(reordered: boolean) {
    this.#timeline.reordered = reordered;
  }

  /** Undefined when the packet is malformed, late, twice, or of a payload type that the track does not have. */
  receive(bytes: Buffer, arrivalMs: number): PlacedPacket | undefined {
    const packet = parseRtpPacket(bytes);
    if (packet === undefined || packet.payloadType !== this.#payloadType) {
      this.#malformed += 1;
      return undefined;
    }
    const reception = this.#receiver.receive(packet, arrivalMs);
    if (reception === undefined) return undefined;
    if (reception.restart) this.clock.forget();
    const restart = reception.restart || this.#isNew;
    this.#received += 1;
    const place = this.#timeline.translate(0);
    const timestamp = this.#timeline.advance(packet.timestamp, arrivalMs, restart);
    if (this.#timeline.translate(0) !== place) this.clock.breakCount();
    this.#isNew = false;
    this.#takeEarly();
    return { packet, timestamp, reception: { gap: reception.gap, restart } };
  }

  receiveRtcp(message: RtcpMessage, arrivalMs: number): void {
    // NTP 0 is a camera that says it has no clock (RFC 3550 section 6.4.1).
    if (message.type !== 'sender-report' || !isNtpSet(message.ntp)) return;
    const { ntp, rtpTimestamp } = message;
    this.#receiver.receiveSenderReport(ntp, arrivalMs);
    this.#early = { unixMs: unixMsFromNtp(ntp), rtpTimestamp, arrivalMs };
    // A camera's first report may come ahead of its first packet (Reolink).
    if (!this.#isNew) this.#takeEarly();
  }

  #takeEarly(): void {
    const arrival = this.#timeline.arrival;
    if (this.#early === undefined || arrival === undefined) return;
    const { unixMs, rtpTimestamp, arrivalMs } = this.#early;
    this.#early = undefined;
    this.clock.take({ unixMs, timestamp: this.#timeline.translate(rtpTimestamp), arrivalMs }, arrival);
  }

  /** The sender's clock minus ours by its reports, milliseconds; undefined where there are none that can be believed. */
  get reportedClockOffsetMs(): number | undefined {
    return this.clock.offsetMs;
  }

  /** The sender's time on the timeline by its reports; undefined where there are none that can be believed, or no packet yet. */
  get reportedTime(): TimeMapping | undefined {
    return this.clock.time;
  }

  /** Our time on the timeline, by the packets that came soonest; undefined before the first. */
  get arrivalTime(): TimeMapping | undefined {
    return this.#timeline.arrival;
  }

  get ssrc(): number | undefined {
    return this.#receiver.ssrc;
  }

  report(nowMs: number): ReturnType<RtpReceiver['report']> {
    return this.#receiver.report(nowMs);
  }
}
