import {
  encodeReceiverReport,
  encodeTmmbn,
  type BitrateLimit,
  type ReportBlock,
  type RtcpMessage,
} from '../../media/rtp/rtcp.ts';
import { Allowance } from './allowance.ts';
import { RtcpTimeout, type CircuitBreak, type CircuitBreaker } from './circuit-breaker.ts';
import type { PathEstimate } from './path-estimate.ts';
import { RateLimit } from './rate-limit.ts';
import type { RtpSender } from './rtp-sender.ts';
import type { TrackTimeline } from './track-timeline.ts';
import type { EgressTransport } from './transport.ts';

/** What one track is sent by, and what holds it back. */
export interface SentTrack {
  readonly sender: RtpSender;
  readonly breaker: CircuitBreaker;
  readonly timeline: TrackTimeline;
  /** As the viewer asked; undefined before. */
  limit: RateLimit | undefined;
}

export interface ViewerFeedbackOptions {
  video: SentTrack | undefined;
  audio: SentTrack | undefined;
  transport: EgressTransport;
  path: PathEstimate;
  /** Packets that were not sent since the viewer was silent, so far. */
  leftOut: () => number;
  now: () => number;
  onKeyframeWanted: () => void;
  onBroken: (why: CircuitBreak) => void;
}

/** Reports closer together come with feedback, and say nothing of a rate. */
const MIN_REPORT_INTERVAL_MS = 500;

/** Notifications of limits: who asks again for want of one is told, and who asks in every packet does not get as many back. */
const NOTIFICATIONS = { share: 0, perSecond: 4, most: 16, first: 16 };

/** Answers what one viewer reports and asks for by RTCP (RFC 8834 section 5.1). */
export class ViewerFeedback {
  readonly #options: ViewerFeedbackOptions;
  readonly #tracks: readonly SentTrack[];
  readonly #rtcpTimeout = new RtcpTimeout();
  /** Who asked last, and the number of what it asked. */
  #fullIntraRequest: { ssrc: number; sequence: number } | undefined;
  #keyframeRequests = 0;
  readonly #notifications = new Allowance(NOTIFICATIONS);
  /** When the viewer last reported on the pictures, and what had been sent of them. */
  #reported: { atMs: number; bytes: number } | undefined;

  constructor(options: ViewerFeedbackOptions) {
    this.#options = options;
    this.#tracks = [options.video, options.audio].filter((track) => track !== undefined);
  }

  /** PLI, and FIR without their repetitions. */
  get keyframeRequests(): number {
    return this.#keyframeRequests;
  }

  receive(message: RtcpMessage): void {
    switch (message.type) {
      case 'sender-report':
      case 'receiver-report':
        for (const report of message.reports) this.#takeReport(report);
        return;
      case 'nack':
        this.#retransmit(this.#trackOf(message.mediaSsrc), message.sequenceNumbers);
        return;
      case 'pli':
        // Some say 0, as if it were a FIR: there is one picture only that they can mean.
        if (message.mediaSsrc === 0 || this.#isVideo(message.mediaSsrc)) this.#wantKeyframe();
        return;
      case 'fir':
        for (const { ssrc, sequence } of message.entries)
          if (this.#isVideo(ssrc)) this.#takeFullIntraRequest({ ssrc: message.ssrc, sequence });
        return;
      case 'tmmbr':
        for (const track of this.#tracks) {
          const limit = message.limits.findLast(({ ssrc }) => ssrc === track.sender.parameters.ssrc);
          if (limit !== undefined) this.#limit(track, { ...limit, ssrc: message.ssrc });
        }
        return;
      case 'transport-feedback':
        this.#options.path.takeFeedback(message);
        return;
      case 'receiver-estimate':
        this.#options.path.takeReceiverEstimate(message.bitsPerSecond);
        return;
      case 'bye':
    }
  }

  /** The path is another one, or is being looked for: what was reported until now says nothing of it. */
  beginPath(): void {
    this.#rtcpTimeout.begin(this.#options.now());
    for (const { breaker } of this.#tracks) breaker.begin();
    this.#options.path.beginPath();
  }

  /** To be called about once a second: whether the viewer still reports. */
  look(): void {
    const packets = this.#tracks.reduce((sum, { sender }) => sum + sender.counters.packets, this.#options.leftOut());
    if (this.#rtcpTimeout.isOver(packets, this.#options.now())) this.#options.onBroken('rtcp-timeout');
  }

  #takeReport(report: ReportBlock): void {
    const track = this.#trackOf(report.ssrc);
    if (track === undefined) return;
    const nowMs = this.#options.now();
    const { sender, breaker } = track;
    this.#rtcpTimeout.reported(nowMs);
    sender.receiveReport(report, nowMs);
    if (track === this.#options.video) this.#estimate(track, report.fractionLost / 256, nowMs);
    const { extendedHighestSequence, cumulativeLost } = report;
    const { roundTripMs, counters } = sender;
    const sent = { packetsSent: counters.packets, bytesSent: counters.bytes };
    const broken = breaker.report({ nowMs, extendedHighestSequence, cumulativeLost, roundTripMs, ...sent });
    if (broken !== undefined) this.#options.onBroken(broken);
  }

  #estimate({ sender: { counters, roundTripMs } }: SentTrack, fractionLost: number, nowMs: number): void {
    const last = this.#reported;
    const elapsedMs = nowMs - (last?.atMs ?? nowMs);
    // The clock may be set back.
    if (last !== undefined && elapsedMs >= 0 && elapsedMs < MIN_REPORT_INTERVAL_MS) return;
    this.#reported = { atMs: nowMs, bytes: counters.bytes };
    if (last === undefined || elapsedMs < 0) return;
    this.#options.path.takeReport({
      fractionLost,
      sentBitsPerSecond: ((counters.bytes - last.bytes) * 8000) / elapsedMs,
      roundTripMs,
    });
  }

  #retransmit(track: SentTrack | undefined, sequenceNumbers: readonly number[]): void {
    const nowMs = this.#options.now();
    if (track === undefined) return;
    const { counters } = track.sender;
    if (track.limit?.isOverdrawn(nowMs) === true) {
      counters.retransmissionsRefused += sequenceNumbers.length;
      return;
    }
    const before = counters.bytes;
    track.sender.retransmit(sequenceNumbers, nowMs, this.#options.path.losesAtRandom);
    track.limit?.spend(counters.bytes - before, 0);
  }

  /** RFC 5104 section 4.3.1.1: a request that is repeated has the number of the one before. */
  #takeFullIntraRequest(request: { ssrc: number; sequence: number }): void {
    const last = this.#fullIntraRequest;
    if (last?.ssrc === request.ssrc && last.sequence === request.sequence) return;
    this.#fullIntraRequest = request;
    this.#wantKeyframe();
  }

  #wantKeyframe(): void {
    this.#keyframeRequests += 1;
    this.#options.onKeyframeWanted();
  }

  /** RFC 5104 section 4.2: the newest limit holds, since a viewer is one participant; who asks is answered by a notification. */
  #limit(track: SentTrack, limit: BitrateLimit): void {
    const nowMs = this.#options.now();
    const isOther = limit.bitsPerSecond !== track.limit?.limit.bitsPerSecond;
    if (isOther) track.limit = new RateLimit(limit, nowMs);
    if (this.#notifications.isSpent(nowMs)) return;
    this.#notifications.spend(1);
    const { ssrc, cname } = track.sender.parameters;
    this.#options.transport.sendRtcp(Buffer.concat([encodeReceiverReport(ssrc, [], cname), encodeTmmbn(ssrc, [limit])]));
  }

  #isVideo(ssrc: number): boolean {
    return ssrc === this.#options.video?.sender.parameters.ssrc;
  }

  #trackOf(ssrc: number): SentTrack | undefined {
    return this.#tracks.find(({ sender }) => sender.parameters.ssrc === ssrc);
  }
}
