import { H264Depacketizer, type DepacketizedAccessUnit } from './h264/depacketizer.ts';
import { hasPicture, isBSlice, isKeyframe } from './h264/nal.ts';
import { packetizeH264 } from './h264/packetizer.ts';
import { ParameterSets } from './h264/parameter-sets.ts';
import { timestampDistance } from './rtp/packet.ts';
import { TrackReceiver, type TrackDescription } from './track.ts';

/** Of video in RTP, Hz. */
const CLOCK_RATE = 90_000;

/** One picture ready to be sent: the payloads are shared by all viewers and must not be written to. */
export interface VideoFrame {
  /** RTP payloads in order; the last one carries the marker bit. */
  payloads: readonly Buffer[];
  /** On the track's timeline, 32 bits, 90 kHz. */
  timestamp: number;
  keyframe: boolean;
  /** Sum of the payloads' lengths. */
  bytes: number;
}

/** Told when pictures can no longer be decoded until the next keyframe. */
export interface VideoTrackEvents {
  frame(frame: VideoFrame): void;
  /** The pictures to come lack their reference: a keyframe would mend it. */
  keyframeWanted(): void;
  /** Told once a connection: pictures come in another order than they are shown in (B-frames), which no browser puts right. */
  reordered(): void;
}

/**
 * The video of one pulled profile: packets to access units, parameter sets before each IDR, and again to packets of our
 * size, once for all viewers. What a viewer's decoder could not show is not handed on: after a loss the track waits for a keyframe, and
 * recovers with the first that is whole (gortsplib#503).
 */
export class VideoTrack {
  readonly receiver: TrackReceiver;
  readonly #events: VideoTrackEvents;
  readonly #maxPayload: number;
  #depacketizer = new H264Depacketizer();
  #parameterSets: ParameterSets;
  #awaitingKeyframe = true;
  /** Timestamps on the timeline, by the camera's: an access unit may be complete only when the next has begun. */
  #timestamps: { rtp: number; timestamp: number } | undefined;
  /** The camera's timestamp of the last picture. */
  #lastRtp: number | undefined;
  /** That of the last picture that was handed on, on the timeline. */
  #lastTimestamp: number | undefined;
  #reordered = false;
  #accessUnits = 0;
  #keyframes = 0;
  #damaged = 0;
  #malformedBefore = 0;

  /** @param maxPayload most bytes of an RTP payload */
  constructor(track: TrackDescription, start: number, maxPayload: number, events: VideoTrackEvents) {
    this.receiver = new TrackReceiver(track, start);
    this.#parameterSets = new ParameterSets(track.fmtp.get('sprop-parameter-sets'));
    this.#maxPayload = maxPayload;
    this.#events = events;
  }

  get accessUnits(): number {
    return this.#accessUnits;
  }

  get keyframes(): number {
    return this.#keyframes;
  }

  /** Access units not handed on since they were damaged, or lacked their reference. */
  get damaged(): number {
    return this.#damaged;
  }

  get malformed(): number {
    return this.receiver.malformed + this.#malformedBefore + this.#depacketizer.malformed;
  }

  reconnect(track: TrackDescription): void {
    this.receiver.reconnect(track);
    this.#reordered = false;
    this.#startAnew();
    this.#parameterSets = new ParameterSets(track.fmtp.get('sprop-parameter-sets'));
  }

  receive(bytes: Buffer, arrivalMs: number): void {
    const placed = this.receiver.receive(bytes, arrivalMs);
    if (placed === undefined) return;
    if (placed.reception.restart) this.#startAnew();
    const { packet, timestamp } = placed;
    const before = this.#timestamps;
    this.#timestamps = { rtp: packet.timestamp, timestamp };
    for (const unit of this.#depacketizer.push(packet, placed.reception.gap)) {
      this.#take(unit, unit.timestamp === packet.timestamp ? timestamp : (before?.timestamp ?? timestamp));
    }
  }

  #startAnew(): void {
    this.#malformedBefore += this.#depacketizer.malformed;
    this.#depacketizer = new H264Depacketizer();
    this.#awaitingKeyframe = true;
    this.#lastRtp = undefined;
  }

  #take({ nals, timestamp: rtp, damaged, lostBefore }: DepacketizedAccessUnit, timestamp: number): void {
    const accessUnit = this.#parameterSets.apply(nals);
    if (damaged || lostBefore) this.#awaitingKeyframe = true;
    // Some cameras send parameter sets under a timestamp of their own (Reolink RLC-822A): kept for the next keyframe, but nothing to show.
    if (!damaged && !hasPicture(nals)) return;
    this.#accessUnits += 1;
    this.#noteOrder(nals, rtp);
    const keyframe = !damaged && isKeyframe(nals);
    if (keyframe && this.#parameterSets.complete) {
      this.#awaitingKeyframe = false;
      this.#keyframes += 1;
    } else if (this.#awaitingKeyframe) {
      this.#damaged += 1;
      this.#events.keyframeWanted();
      return;
    }
    const payloads = packetizeH264(accessUnit, this.#maxPayload);
    if (payloads.length === 0) return;
    const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
    this.#events.frame({ payloads, timestamp: this.#distinct(timestamp), keyframe, bytes });
  }

  /** A B slice that steps back in time, and not by a jump, is the proof: such slices alone do not change the order. */
  #noteOrder(nals: readonly Buffer[], rtp: number): void {
    const step = this.#lastRtp === undefined ? 0 : timestampDistance(this.#lastRtp, rtp);
    if (!this.#reordered && step < 0 && step > -CLOCK_RATE && nals.some(isBSlice)) {
      this.#reordered = true;
      this.receiver.reordered = true;
      this.#events.reordered();
    }
    this.#lastRtp = rtp;
  }

  /** Two pictures with one timestamp (mediamtx#2876) would be one for a browser. */
  #distinct(timestamp: number): number {
    const last = this.#lastTimestamp;
    const distinct =
      last !== undefined && !this.#reordered && timestampDistance(last, timestamp) <= 0 ? (last + 1) >>> 0 : timestamp;
    this.#lastTimestamp = distinct;
    return distinct;
  }
}
