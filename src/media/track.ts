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
  #receiver: RtpReceiver;
  #payloadType: number;
  #reconnected = false;
  #received = 0;
  #malformed = 0;
  #lostBefore = 0;

  constructor(track: TrackDescription, start: number) {
    this.clockRate = track.clockRate;
    this.#payloadType = track.payloadType;
    this.#timeline = new Timeline(track.clockRate, start);
    this.#receiver = new RtpReceiver(track.clockRate);
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
    this.#receiver = new RtpReceiver(track.clockRate);
    this.#reconnected = true;
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
    const restart = reception.restart || this.#reconnected;
    this.#reconnected = false;
    this.#received += 1;
    const { breaks } = this.#timeline;
    const timestamp = this.#timeline.advance(packet.timestamp, arrivalMs, restart);
    // A jump within the same source: the last report names timestamps from before it. (Over a restart the receiver knows by itself.)
    if (!restart && this.#timeline.breaks > breaks) this.#receiver.forgetSenderReport();
    return { packet, timestamp, reception: { ...reception, restart } };
  }

  receiveRtcp(message: RtcpMessage, arrivalMs: number): void {
    if (message.type === 'sender-report') this.#receiver.receiveSenderReport(message.ntp, message.rtpTimestamp, arrivalMs);
  }

  /** The camera's clock minus ours by its last sender report, milliseconds; undefined when it sent none. */
  get reportedClockOffsetMs(): number | undefined {
    const report = this.#receiver.senderReport;
    return report === undefined ? undefined : report.unixMs - report.arrivalMs;
  }

  /**
   * The camera's time on the timeline: by its sender reports, else by arrival and the offset of its clock.
   *
   * @param clockOffsetMs the camera's clock minus ours
   */
  time(clockOffsetMs: number): TimeMapping | undefined {
    const report = this.#receiver.senderReport;
    if (report !== undefined) return { unixMs: report.unixMs, timestamp: this.#timeline.translate(report.rtpTimestamp) };
    const arrival = this.#timeline.arrival;
    return arrival === undefined ? undefined : { unixMs: arrival.unixMs + clockOffsetMs, timestamp: arrival.timestamp };
  }

  get ssrc(): number | undefined {
    return this.#receiver.ssrc;
  }

  report(nowMs: number): ReturnType<RtpReceiver['report']> {
    return this.#receiver.report(nowMs);
  }
}
