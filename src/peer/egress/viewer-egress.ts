import type { Thinning } from '../../base/adaptation.ts';
import { PACKET_OVERHEAD_BYTES } from '../../media/picture-rates.ts';
import type { AudioPacket, SoundTimeline, StreamReader, StreamTimes } from '../../media/stream.ts';
import { encodeBye, encodeReceiverReport, type RtcpMessage } from '../../media/rtp/rtcp.ts';
import { unixMsAt } from '../../media/rtp/timeline.ts';
import type { VideoFrame } from '../../media/video-track.ts';
import type { AudioCodec, ViewerCodecs } from '../../media/viewer-codecs.ts';
import type { PathView } from '../congestion/path-view.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import type { EgressStatistics } from './egress-statistics.ts';
import { FrameInterval } from './frame-interval.ts';
import { codecsOf, SOUND_CLOCK_RATE, VIDEO_CLOCK_RATE } from './negotiated-media.ts';
import { Pacer } from './pacer.ts';
import { PathEstimate } from './path-estimate.ts';
import { ProbeSender } from './probe-sender.ts';
import { RtpSender, type SenderParameters } from './rtp-sender.ts';
import { SenderReports } from './sender-reports.ts';
import { SlowViewer } from './slow-viewer.ts';
import { createSrtpEgress } from './srtp.ts';
import { PictureThinning } from './thinning.ts';
import { TrackTimeline } from './track-timeline.ts';
import type { ViewerEgressOptions } from './viewer-egress-options.ts';
import { ViewerFeedback, type SentTrack } from './viewer-feedback.ts';

/** Bytes that wait in the socket beyond which pictures wait here, where they can still be left out. The system has its own buffer beneath. */
const MAX_BACKLOG_BYTES = 128 * 1024;
/** Beyond which sound is left out: on a path that is full of pictures, but takes some, it is to come through. */
const MAX_SOUND_BACKLOG_BYTES = 2 * MAX_BACKLOG_BYTES;
/** What of one stream has waited longer is not sent before the keyframe that another begins with. */
const LATE_MS = 250;
/** So long at most is a keyframe spread: where pictures are seldom it would otherwise only come later. */
const MAX_SPREAD_MS = 50;

/** From one picture to the next, from keyframe to keyframe before two have come, from one packet of sound to the next; milliseconds. */
const PICTURE_MS = 40;
const GROUP_OF_PICTURES_MS = 2000;
const SOUND_MS = 20;

/**
 * All that one viewer is sent: it takes frames from the stream, starts at a keyframe, skips to the next one when the viewer cannot follow,
 * and answers the viewer's feedback.
 */
export class ViewerEgress implements StreamReader {
  readonly codecs: ViewerCodecs;
  readonly #options: ViewerEgressOptions;
  readonly #video: SentTrack | undefined;
  readonly #audio: SentTrack | undefined;
  /** Of the stream whose sound is sent. */
  #soundTimes: StreamTimes;
  readonly #reports: SenderReports;
  readonly #feedback: ViewerFeedback;
  readonly #path = new PathEstimate();
  readonly #pacer: Pacer;
  readonly #slow: SlowViewer;
  readonly #thinning = new PictureThinning();
  readonly #probes: ProbeSender;
  readonly #interval = new FrameInterval();
  #awaitingKeyframe = true;
  #keyframeAtMs: number | undefined;
  #packetsDropped = 0;
  #leftOutInSilence = 0;
  #firstPacketAt: number | null = null;
  #videoCodec: VideoFrame['codec'] | undefined;
  #audioCodec: AudioCodec | undefined;
  /** Of the sound that was sent last; undefined where none was of the stream that is shown. */
  #soundTimeline: SoundTimeline | undefined;
  #isClosed = false;

  constructor(options: ViewerEgressOptions) {
    this.#options = options;
    const { media, transport, times } = options;
    this.#soundTimes = times;
    this.codecs = codecsOf(media);
    const srtp = createSrtpEgress(transport);
    const track = (parameters: SenderParameters, breaker: CircuitBreaker, timeline: TrackTimeline): SentTrack => ({
      sender: new RtpSender(parameters, srtp, transport, this.#path.sent),
      breaker,
      timeline,
      limit: undefined,
    });
    const pictureTimes = new TrackTimeline(times, () => times.videoTime, VIDEO_CLOCK_RATE);
    const soundTimes = new TrackTimeline(times, () => undefined, SOUND_CLOCK_RATE);
    this.#video = media.video && track(media.video, new CircuitBreaker(PICTURE_MS, GROUP_OF_PICTURES_MS), pictureTimes);
    this.#audio = media.audio && track(media.audio, new CircuitBreaker(SOUND_MS, SOUND_MS), soundTimes);
    const sent = [this.#video, this.#audio].filter((each) => each !== undefined);
    this.#reports = new SenderReports(sent, transport, options.now);
    this.#slow = new SlowViewer(options.onSlow);
    const tracks = { video: this.#video, audio: this.#audio };
    const leftOut = (): number => this.#leftOutInSilence;
    const { now, onBroken } = options;
    const onKeyframeWanted = (): void => this.#wantKeyframe();
    this.#feedback = new ViewerFeedback({ ...tracks, transport, path: this.#path, leftOut, now, onKeyframeWanted, onBroken });
    this.#path.canPad = media.video?.rtx !== undefined;
    this.#probes = new ProbeSender({
      path: this.#path,
      pad: (bytes) => this.#video?.sender.pad(bytes, options.now()) ?? 0,
      waitingMs: () => this.#pacer.waitingMs(performance.now()),
      isClear: () => transport.backlog === 0,
    });
    this.#pacer = new Pacer({
      spreads: options.pacing !== false,
      overheadBytes: PACKET_OVERHEAD_BYTES,
      capacityBitsPerSecond: () => this.#path.capacityBitsPerSecond,
      isBlocked: () => this.#slow.looked(this.#isBlocked, performance.now()),
      now: () => performance.now(),
      path: transport,
      send: (frame, index) => {
        const nowMs = options.now();
        if (this.#video?.sender.sendPacket(frame, index, nowMs) !== true) {
          this.#packetsDropped += 1;
          return;
        }
        this.#slow.sent(performance.now());
        this.#firstPacketAt ??= nowMs;
        if (this.#reports.areDue(this.#video)) this.sendReports();
      },
    });
  }

  get statistics(): EgressStatistics {
    const sum = (counter: keyof RtpSender['counters']): number =>
      [this.#video, this.#audio].reduce((total, track) => total + (track?.sender.counters[counter] ?? 0), 0);
    return {
      firstPacketAt: this.#firstPacketAt,
      packetsSent: sum('packets'),
      bytesSent: sum('bytes'),
      packetsRetransmitted: sum('retransmitted'),
      retransmissionsRefused: sum('retransmissionsRefused'),
      packetsDropped: this.#packetsDropped,
      skipsStalled: this.#slow.skips.stalled,
      skipsSilent: this.#slow.skips.silent,
      keyframeRequests: this.#feedback.keyframeRequests,
      fractionLost: this.#video?.sender.fractionLost ?? null,
      roundTripMs: this.#video?.sender.roundTripMs ?? this.#audio?.sender.roundTripMs ?? this.#path.roundTripMs,
      estimatedKbps: this.#path.kilobitsPerSecond,
    };
  }

  /** What is known of the path to the viewer now. */
  get path(): PathView {
    const nowMs = performance.now();
    return this.#path.view(nowMs, this.#pacer.waitingMs(nowMs));
  }

  /** Begins to find out whether the path carries so many bit/s in all; false where that may not begin now. */
  probe(bitsPerSecond: number): boolean {
    return this.#probes.probe(bitsPerSecond);
  }

  /** Which pictures are left out; may be set at any time. Where more are sent from then on, and they need a keyframe, that is asked for. */
  get thinning(): Thinning {
    return this.#thinning.level;
  }

  set thinning(level: Thinning) {
    const isStricter = this.#thinning.isStricter(level);
    this.#thinning.level = level;
    if (!isStricter || level === 'discardable') return;
    // What waits was not to be sent; but a keyframe, and what was begun, may still be shown.
    const dropped = level === 'pictures' ? this.#pacer.clear() : this.#pacer.dropWaiting(({ keyframe }) => keyframe);
    this.#packetsDropped += dropped;
    if (dropped > 0) this.#awaitingKeyframe = true;
  }

  get wantsMetadata(): boolean {
    return this.#options.metadata.open;
  }

  /** The codec of the pictures that are sent; undefined before the first. */
  get videoCodec(): VideoFrame['codec'] | undefined {
    return this.#videoCodec;
  }

  /** The codec of the sound that is sent; undefined where none of the stream that is shown was. */
  get audioCodec(): AudioCodec | undefined {
    return this.#audioCodec;
  }

  /**
   * Goes on with another stream: at its next keyframe, and without a break in what the viewer is told of time. To be called between being a reader of the
   * one and of the other.
   */
  follow(times: StreamTimes): void {
    this.followPictures(times);
    this.followSound(times);
  }

  /** Goes on with the pictures of another stream. On a path that is late what waits of the former is not sent, nor sent again what was lost of it: it would hold up what follows. */
  followPictures(times: StreamTimes): void {
    const { queueMs, waitingMs } = this.path;
    if (Math.max(queueMs, waitingMs, this.#pacer.drainMs) > LATE_MS) {
      this.#packetsDropped += this.#pacer.clear();
      this.#video?.sender.forget();
      // What is sent from now on may be carried: that too much was sent before, ends nothing. The sound was lost among that too.
      for (const track of [this.#video, this.#audio]) track?.breaker.begin();
    }
    this.#video?.timeline.follow(times, () => times.videoTime, this.#options.now());
    this.#awaitingKeyframe = true;
    this.#interval.begin();
    if (this.#video !== undefined) this.#reports.follow(this.#video);
  }

  /** Goes on with the sound of another stream. */
  followSound(times: StreamTimes): void {
    this.#soundTimes = times;
    this.#leaveSound(undefined);
    this.#audioCodec = undefined;
    if (this.#audio !== undefined) this.#reports.follow(this.#audio);
  }

  /** When something of the sound of a stream was taken, by the clock that what is sent is placed by; undefined where that is not known. */
  soundTimeMs({ timeline, timestamp, clockRate }: AudioPacket, times: StreamTimes): number | undefined {
    const time = timeline.time();
    return time && this.#audio && unixMsAt(time, timestamp, clockRate) - this.#audio.timeline.offsetWith(times);
  }

  video(frame: VideoFrame): void {
    const payloadTypes: ReadonlyMap<string, number> | undefined = this.#options.media.video?.payloadTypes;
    const payloadType = payloadTypes?.get(frame.codec);
    if (this.#video === undefined || payloadType === undefined) return;
    const nowMs = this.#options.now();
    const { limit, breaker } = this.#video;
    if (frame.keyframe) {
      if (this.#options.holdsBack === true) this.#video.sender.playoutDelayMs = this.#path.playoutDelayMs;
      // Keyframes that were asked for come sooner; what adapts to a path still needs its time.
      breaker.frameGroupMs = Math.max(GROUP_OF_PICTURES_MS, nowMs - (this.#keyframeAtMs ?? nowMs));
      this.#keyframeAtMs = nowMs;
    }
    this.#interval.note(frame.timestamp);
    if (this.#leavesOut(frame, this.#video, nowMs)) {
      this.#packetsDropped += frame.payloads.length;
      return;
    }
    limit?.spend(frame.bytes, frame.payloads.length);
    this.#videoCodec = frame.codec;
    const timestamp = this.#video.timeline.place(frame.timestamp, VIDEO_CLOCK_RATE, nowMs);
    const { payloads, keyframe } = frame;
    const withinMs = Math.min(this.#interval.milliseconds / 2, MAX_SPREAD_MS);
    const outgoing = { payloads, payloadType, timestamp, keyframe, kept: frame.kept };
    this.#awaitingKeyframe = !this.#pacer.push(outgoing, frame.bytes, withinMs);
    if (this.#awaitingKeyframe) this.#packetsDropped += payloads.length;
  }

  audio(packet: AudioPacket): void {
    const payloadType = this.#options.media.audio?.payloadTypes.get(packet.codec);
    if (this.#audio === undefined || payloadType === undefined) return;
    const nowMs = this.#options.now();
    const { sender, timeline, limit } = this.#audio;
    if (this.#isBlockedForSound || limit?.leavesOut(true, nowMs) === true) {
      this.#packetsDropped += 1;
      return;
    }
    limit?.spend(packet.payload.length, 1);
    // Where the camera comes back, say, and its sound is converted anew.
    if (packet.timeline !== this.#soundTimeline) this.#leaveSound(packet.timeline);
    this.#audioCodec = packet.codec;
    const timestamp = timeline.place(packet.timestamp, packet.clockRate, nowMs);
    if (!sender.send(packet.payload, payloadType, packet.marker, timestamp)) {
      this.#packetsDropped += 1;
      return;
    }
    this.#pacer.spend(packet.payload.length + PACKET_OVERHEAD_BYTES);
    if (this.#reports.areDue(this.#audio)) this.sendReports();
  }

  metadata(gzipped: Buffer): void {
    this.#options.metadata.send(gzipped);
  }

  /** Sends the sender reports that are due about once a second, and looks whether the viewer's come. */
  sendReports(): void {
    this.#reports.send();
    this.#feedback.look();
  }

  /** Takes what the viewer reports and asks for. */
  receiveRtcp(message: RtcpMessage): void {
    this.#slow.receive(message, this.#video?.sender.parameters.ssrc, performance.now());
    const before = this.#bytesSent;
    this.#feedback.receive(message);
    // What was sent again.
    if (this.#bytesSent > before) this.#pacer.spend(this.#bytesSent - before);
    this.#probes.look();
  }

  /** To be called again and again while another path is being looked for, and when it was found: whether it works is then for ICE to say. */
  beginPath(isFound: boolean): void {
    this.#feedback.beginPath();
    this.#slow.beginPath(isFound, performance.now());
  }

  /** Says goodbye, and sends nothing more of what waits; may be called again. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#probes.close();
    this.#pacer.clear();
    const parameters = [this.#video, this.#audio].flatMap((track) => track?.sender.parameters ?? []);
    const [first] = parameters;
    if (first === undefined) return;
    const goodbye = encodeBye(parameters.map(({ ssrc }) => ssrc));
    this.#options.transport.sendRtcp(Buffer.concat([encodeReceiverReport(first.ssrc, [], first.cname), goodbye]));
  }

  /** Where it does, what refers to the picture is left out too, up to a keyframe. */
  #leavesOut(frame: VideoFrame, { sender, limit }: SentTrack, nowMs: number): boolean {
    const elapsedMs = performance.now();
    const waitingMs = this.#pacer.waitingMs(elapsedMs);
    if (waitingMs > 0) this.#path.waited(waitingMs);
    const path = { isBlocked: this.#isBlocked, waitingMs, roundTripMs: sender.roundTripMs };
    const slow = this.#slow.leavesOut(frame.keyframe, path, elapsedMs);
    const isLimited = limit?.leavesOut(frame.keyframe, nowMs) === true;
    const isThinned = this.#thinning.leavesOut(frame);
    const isMissing = this.#awaitingKeyframe && !frame.keyframe;
    if (slow === undefined && !isLimited && !isThinned && !isMissing) return false;
    // Behind one that no other refers to all can be decoded; but a viewer that cannot follow is sent nothing more.
    if (slow !== undefined || !frame.discardable) this.#awaitingKeyframe = true;
    // What waits would only be later still.
    if (slow === 'stalled') this.#packetsDropped += this.#pacer.dropWaiting();
    else if (slow === 'silent') {
      this.#leftOutInSilence += frame.payloads.length;
      if (this.#slow.needsKeyframe(elapsedMs)) this.#wantKeyframe();
    }
    // One in place of what is left out by a limit would only make it more; but groups of pictures may be minutes long.
    else if (!isThinned && (!isLimited || limit.isRested)) this.#wantKeyframe();
    return true;
  }

  get #bytesSent(): number {
    return (this.#video?.sender.counters.bytes ?? 0) + (this.#audio?.sender.counters.bytes ?? 0);
  }

  get #isBlocked(): boolean {
    return this.#options.transport.backlog > MAX_BACKLOG_BYTES;
  }

  get #isBlockedForSound(): boolean {
    return this.#options.transport.backlog > (this.#slow.isStalled ? MAX_BACKLOG_BYTES : MAX_SOUND_BACKLOG_BYTES);
  }

  #wantKeyframe(): void {
    const nowMs = performance.now();
    if (this.#thinning.mayAsk(nowMs) && this.#slow.mayAsk(nowMs)) this.#options.onKeyframeWanted();
  }

  #leaveSound(next: SoundTimeline | undefined): void {
    this.#audio?.timeline.follow(this.#soundTimes, () => next?.time(), this.#options.now());
    this.#soundTimeline = next;
  }
}
