import type { CameraVideoCodec, CodedPicture, VideoCoding } from './coded-picture.ts';
import type { KeptPackets } from './packet-history.ts';
import { timestampDistance } from './rtp/packet.ts';
import { TrackReceiver, type TrackDescription } from './track.ts';
import { videoCoding } from './video-coding.ts';
import type { VideoCodec } from './viewer-codecs.ts';

/** Of video in RTP, Hz. */
const CLOCK_RATE = 90_000;

/** One picture ready to be sent: the payloads are shared by all viewers and must not be written to. */
export interface VideoFrame<Codec extends CameraVideoCodec = VideoCodec> {
  codec: Codec;
  /** RTP payloads in order; the last one carries the marker bit. Of JPEG and MPEG-4, which no viewer is sent: the picture whole. */
  payloads: readonly Buffer[];
  /** On the track's timeline, 32 bits, 90 kHz. */
  timestamp: number;
  keyframe: boolean;
  /** No other picture refers to it, nor needs what stands in it: all that follows can be decoded without it. */
  discardable: boolean;
  /** Sum of the payloads' lengths. */
  bytes: number;
  /** Where its packets are found when they are asked for again; the feed sets it. */
  kept?: KeptPackets;
}

/** One as the camera sent it, which viewers may not be able to take. */
export type CameraFrame = VideoFrame<CameraVideoCodec>;

export function isForViewers(frame: CameraFrame): frame is VideoFrame {
  return frame.codec === 'H264' || frame.codec === 'H265';
}

/** Told when pictures can no longer be decoded until the next keyframe. */
export interface VideoTrackEvents {
  frame(frame: CameraFrame): void;
  /** The pictures to come lack their reference: a keyframe would mend it. */
  keyframeWanted(): void;
  /** Told once a connection: pictures come in another order than they are shown in (B-frames), which no browser puts right. */
  reordered(): void;
  /** Told once a connection: pictures are made of two fields. */
  interlaced(): void;
}

/** A timestamp of the camera's and its place on the timeline. */
interface TimelinePoint {
  rtp: number;
  timestamp: number;
}

/**
 * The video of one pulled profile: packets to access units, parameter sets before each keyframe, and again to packets of our
 * size, once for all viewers. What a viewer's decoder could not show is not handed on: after a loss the track waits for a keyframe, and
 * recovers with the first that is whole (gortsplib#503).
 */
export class VideoTrack {
  readonly receiver: TrackReceiver;
  readonly #events: VideoTrackEvents;
  readonly #maxPayload: number;
  #coding: VideoCoding;
  #awaitingKeyframe = true;
  /** The last keyframe was where decoding starts. */
  #isStart = false;
  /** Of the last packet. */
  #point: TimelinePoint | undefined;
  /** The camera's timestamp of the last picture. */
  #lastRtp: number | undefined;
  /** That of the last picture that was handed on, on the timeline. */
  #lastTimestamp: number | undefined;
  #reordered = false;
  #interlaced = false;
  #accessUnits = 0;
  #keyframes = 0;
  #damaged = 0;
  #malformedBefore = 0;

  /** @param maxPayload most bytes of an RTP payload */
  constructor(track: TrackDescription, start: number, maxPayload: number, events: VideoTrackEvents) {
    this.receiver = new TrackReceiver(track, start);
    this.#coding = videoCoding(track);
    this.#maxPayload = maxPayload;
    this.#events = events;
  }

  /** May be another after {@link reconnect}. */
  get codec(): CameraVideoCodec {
    return this.#coding.codec;
  }

  /** Proved since the connection began: pictures come in another order than they are shown in. */
  get reordered(): boolean {
    return this.#reordered;
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
    return this.receiver.malformed + this.#malformedBefore + this.#coding.malformed;
  }

  reconnect(track: TrackDescription): void {
    this.receiver.reconnect(track);
    this.#reordered = false;
    this.#interlaced = false;
    this.#malformedBefore += this.#coding.malformed;
    this.#coding = videoCoding(track);
    this.#breakOff();
  }

  receive(bytes: Buffer, arrivalMs: number): void {
    const placed = this.receiver.receive(bytes, arrivalMs);
    if (placed === undefined) return;
    if (placed.reception.restart) this.#breakOff();
    const { packet, timestamp } = placed;
    const before = this.#point;
    const point = { rtp: packet.timestamp, timestamp };
    this.#point = point;
    for (const picture of this.#coding.push(packet, placed.reception.gap))
      this.#take(picture, timestampOf(picture, point, before));
  }

  /** What was begun is over; what comes next is of other numbers, and does not go on from what came before. */
  #breakOff(): void {
    this.#coding.restart();
    this.#awaitingKeyframe = true;
    this.#lastRtp = undefined;
  }

  #take(picture: CodedPicture, timestamp: number): void {
    const { damaged, lostBefore, hasPicture } = picture;
    if (damaged || lostBefore) this.#awaitingKeyframe = true;
    // Some cameras send parameter sets under a timestamp of their own (Reolink RLC-822A): kept for the next keyframe, but nothing to show.
    if (!damaged && !hasPicture) return;
    this.#accessUnits += 1;
    this.#noteOrder(picture);
    const keyframe = !damaged && picture.keyframe;
    if (keyframe) {
      this.#isStart = this.#awaitingKeyframe;
      this.#awaitingKeyframe = false;
      this.#keyframes += 1;
      this.#noteFields();
    } else if (this.#awaitingKeyframe) {
      this.#damaged += 1;
      this.#events.keyframeWanted();
      return;
    } else if (picture.skipped && this.#isStart) {
      this.#damaged += 1;
      return;
    }
    const payloads = this.#coding.packetize(picture.units, this.#maxPayload);
    if (payloads.length === 0) return;
    const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
    // Of JPEG, of which each is a keyframe, and of cameras that get it wrong.
    const discardable = picture.discardable && !keyframe;
    this.#events.frame({ codec: this.codec, payloads, timestamp: this.#distinct(timestamp), keyframe, discardable, bytes });
  }

  /** Its number is proof, and so is a B picture that steps back in time, and not by a jump: such pictures alone do not change the order. */
  #noteOrder({ timestamp, bidirectional, reordered }: CodedPicture): void {
    const step = this.#lastRtp === undefined ? 0 : timestampDistance(this.#lastRtp, timestamp);
    if (!this.#reordered && (reordered || (bidirectional && step < 0 && step > -CLOCK_RATE))) {
      this.#reordered = true;
      this.receiver.reordered = true;
      this.#events.reordered();
    }
    this.#lastRtp = timestamp;
  }

  #noteFields(): void {
    if (this.#interlaced || !this.#coding.interlaced) return;
    this.#interlaced = true;
    this.#events.interlaced();
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

/** On the timeline: a picture may be complete only when the next has begun. */
function timestampOf({ timestamp: rtp }: CodedPicture, current: TimelinePoint, before: TimelinePoint | undefined): number {
  if (rtp === before?.rtp && rtp !== current.rtp) return before.timestamp;
  return (current.timestamp + timestampDistance(current.rtp, rtp)) >>> 0;
}
