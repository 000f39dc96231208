import type { AudioPacket, StreamReader } from '../../media/stream.ts';
import type { RtcpMessage, ReportBlock } from '../../media/rtp/rtcp.ts';
import { timestampAt, type TimeMapping } from '../../media/rtp/timeline.ts';
import type { VideoFrame } from '../../media/video-track.ts';
import { Pacer } from './pacer.ts';
import { RtpSender, type SenderParameters } from './rtp-sender.ts';
import { createSrtpEgress } from './srtp.ts';
import type { EgressTransport } from './transport.ts';

/** Most bytes that may wait in the socket before the viewer is skipped to the next keyframe: a second of a 4 Mbit/s stream. */
const MAX_BACKLOG_BYTES = 512 * 1024;

/**
 * 48 Mbit/s: a group of pictures of 500 KB is out after 80 ms, and a receiver that is held up for 10 ms loses nothing: with the system's usual
 * buffer a socket takes about 90 packets.
 */
const PACED_BYTES_PER_SECOND = 6_000_000;
const PACER_BURST_BYTES = 32 * 1200;
const MAX_PACED_BYTES = 16 * 1024 * 1024;

/** What was negotiated with a viewer; a part that it rejected is absent. */
export interface NegotiatedMedia {
  video?: SenderParameters & { payloadType: number };
  audio?: SenderParameters & { payloadTypes: ReadonlyMap<string, number> };
}

/** The times of the stream that the viewer watches. */
export interface StreamTimes {
  readonly videoTime: TimeMapping | undefined;
  readonly audioTime: TimeMapping | undefined;
  readonly cameraClockOffsetMs: number;
}

export interface EgressStatistics {
  /** Unix milliseconds at which the first video packet was sent; null before. */
  firstPacketAt: number | null;
  packetsSent: number;
  /** Without IP and UDP headers. */
  bytesSent: number;
  packetsRetransmitted: number;
  /** Not sent: before the first keyframe, or since the viewer's path stalled. */
  packetsDropped: number;
  /** PLI and FIR of the viewer. */
  keyframeRequests: number;
  /** Share of video packets lost as the viewer last reported, 0 to 1; null before. */
  fractionLost: number | null;
  roundTripMs: number | null;
}

export const NOTHING_SENT: EgressStatistics = {
  firstPacketAt: null,
  packetsSent: 0,
  bytesSent: 0,
  packetsRetransmitted: 0,
  packetsDropped: 0,
  keyframeRequests: 0,
  fractionLost: null,
  roundTripMs: null,
};

export interface ViewerEgressOptions {
  media: NegotiatedMedia;
  transport: EgressTransport;
  times: StreamTimes;
  now: () => number;
  /** The viewer cannot decode until a keyframe comes. */
  onKeyframeWanted: () => void;
  /** Takes a document when the viewer has opened its metadata channel. */
  metadata: { readonly open: boolean; send(gzipped: Buffer): void };
}

/**
 * All that one viewer is sent: it takes frames from the stream, starts at a keyframe, skips to the next one when the viewer's path
 * stalls, and answers the viewer's feedback.
 */
export class ViewerEgress implements StreamReader {
  readonly #options: ViewerEgressOptions;
  readonly #video: RtpSender | undefined;
  readonly #audio: RtpSender | undefined;
  readonly #pacer: Pacer;
  #awaitingKeyframe = true;
  #packetsDropped = 0;
  #keyframeRequests = 0;
  #firstPacketAt: number | null = null;
  #audioClockRate = 8000;

  constructor(options: ViewerEgressOptions) {
    this.#options = options;
    const { media, transport } = options;
    const srtp = createSrtpEgress(transport.keys);
    this.#video = media.video === undefined ? undefined : new RtpSender(media.video, srtp, transport);
    this.#audio = media.audio === undefined ? undefined : new RtpSender(media.audio, srtp, transport);
    this.#pacer = new Pacer({
      bytesPerSecond: PACED_BYTES_PER_SECOND,
      burstBytes: PACER_BURST_BYTES,
      maxQueuedBytes: MAX_PACED_BYTES,
      now: options.now,
      send: ({ payload, payloadType, marker, timestamp }) => {
        this.#video?.send(payload, payloadType, marker, timestamp, options.now());
        this.#noteFirstPacket();
      },
    });
  }

  get statistics(): EgressStatistics {
    const sum = (counter: keyof RtpSender['counters']): number =>
      this.#senders().reduce((total, sender) => total + sender.counters[counter], 0);
    return {
      firstPacketAt: this.#firstPacketAt,
      packetsSent: sum('packets'),
      bytesSent: sum('bytes'),
      packetsRetransmitted: sum('retransmitted'),
      packetsDropped: this.#packetsDropped,
      keyframeRequests: this.#keyframeRequests,
      fractionLost: this.#video?.fractionLost ?? null,
      roundTripMs: this.#video?.roundTripMs ?? this.#audio?.roundTripMs ?? null,
    };
  }

  get wantsMetadata(): boolean {
    return this.#options.metadata.open;
  }

  video(frame: VideoFrame): void {
    const payloadType = this.#options.media.video?.payloadType;
    if (this.#video === undefined || payloadType === undefined) return;
    const stalled = this.#options.transport.backlog > MAX_BACKLOG_BYTES;
    if (stalled || (this.#awaitingKeyframe && !frame.keyframe)) {
      this.#awaitingKeyframe = true;
      this.#packetsDropped += frame.payloads.length;
      // What the pacer holds would only make the stall longer; once it is over the viewer, who sees no gap, would not ask.
      if (stalled) this.#packetsDropped += this.#pacer.clear();
      else this.#options.onKeyframeWanted();
      return;
    }
    const last = frame.payloads.length - 1;
    const packets = frame.payloads.map((payload, index) => ({
      payload,
      payloadType,
      marker: index === last,
      timestamp: frame.timestamp,
    }));
    this.#awaitingKeyframe = !this.#pacer.push(packets);
    if (this.#awaitingKeyframe) this.#packetsDropped += packets.length + this.#pacer.clear();
  }

  audio(packet: AudioPacket): void {
    const payloadType = this.#options.media.audio?.payloadTypes.get(packet.codec);
    if (this.#audio === undefined || payloadType === undefined) return;
    if (this.#options.transport.backlog > MAX_BACKLOG_BYTES) {
      this.#packetsDropped += 1;
      return;
    }
    const first = this.#audio.counters.packets === 0;
    this.#audioClockRate = packet.clockRate;
    this.#audio.send(packet.payload, payloadType, packet.marker, packet.timestamp, this.#options.now());
    // Without a report of both a browser cannot bring sound and picture in step.
    if (first) this.sendReports();
  }

  metadata(gzipped: Buffer): void {
    this.#options.metadata.send(gzipped);
  }

  /** Sends the sender reports that are due about once a second. */
  sendReports(): void {
    const nowMs = this.#options.now();
    const { times } = this.#options;
    const cameraNow = nowMs + times.cameraClockOffsetMs;
    const report = (sender: RtpSender | undefined, time: TimeMapping | undefined, clockRate: number): void => {
      if (sender === undefined || time === undefined || sender.counters.packets === 0) return;
      sender.sendReport(cameraNow, timestampAt(time, cameraNow, clockRate), nowMs);
    };
    report(this.#video, times.videoTime, VIDEO_CLOCK_RATE);
    report(this.#audio, times.audioTime, this.#audioClockRate);
  }

  /** Takes what the viewer reports and asks for. */
  receiveRtcp(message: RtcpMessage): void {
    const nowMs = this.#options.now();
    const videoSsrc = this.#video?.parameters.ssrc;
    switch (message.type) {
      case 'sender-report':
      case 'receiver-report':
        for (const report of message.reports) this.#receiveReport(report, nowMs);
        return;
      case 'nack':
        for (const sender of this.#senders()) {
          if (sender.parameters.ssrc === message.mediaSsrc) sender.retransmit(message.sequenceNumbers, nowMs);
        }
        return;
      case 'pli':
        if (message.mediaSsrc === videoSsrc) this.#wantKeyframe();
        return;
      case 'fir':
        if (message.entries.some(({ ssrc }) => ssrc === videoSsrc)) this.#wantKeyframe();
        return;
      case 'bye':
    }
  }

  /** Sends nothing more of what waits. */
  close(): void {
    this.#pacer.clear();
  }

  #noteFirstPacket(): void {
    if (this.#firstPacketAt !== null) return;
    this.#firstPacketAt = this.#options.now();
    this.sendReports();
  }

  #wantKeyframe(): void {
    this.#keyframeRequests += 1;
    this.#options.onKeyframeWanted();
  }

  #receiveReport(report: ReportBlock, nowMs: number): void {
    for (const sender of this.#senders()) {
      if (sender.parameters.ssrc === report.ssrc) sender.receiveReport(report, nowMs);
    }
  }

  #senders(): RtpSender[] {
    return [this.#video, this.#audio].filter((sender) => sender !== undefined);
  }
}

const VIDEO_CLOCK_RATE = 90_000;
