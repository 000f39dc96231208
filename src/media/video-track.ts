import { H264Depacketizer } from './h264/depacketizer.ts';
import { hasPicture, isKeyframe } from './h264/nal.ts';
import { packetizeH264 } from './h264/packetizer.ts';
import { ParameterSets } from './h264/parameter-sets.ts';
import { TrackReceiver, type TrackDescription } from './track.ts';

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
}

/**
 * The video of one pulled profile: packets to access units, parameter sets before each IDR, and again to packets of our
 * size, once for all viewers. What a viewer's decoder could not show is not handed on: after a loss the track waits for a keyframe.
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
      this.#handOn(unit.nals, unit.damaged, unit.timestamp === packet.timestamp ? timestamp : (before?.timestamp ?? timestamp));
    }
  }

  #startAnew(): void {
    this.#malformedBefore += this.#depacketizer.malformed;
    this.#depacketizer = new H264Depacketizer();
    this.#awaitingKeyframe = true;
  }

  #handOn(nals: Buffer[], damaged: boolean, timestamp: number): void {
    const accessUnit = this.#parameterSets.apply(nals);
    // Some cameras send parameter sets under a timestamp of their own: kept for the next keyframe, but nothing that a decoder shows.
    if (!damaged && !hasPicture(nals)) return;
    this.#accessUnits += 1;
    const keyframe = !damaged && isKeyframe(nals);
    if (keyframe && this.#parameterSets.complete) {
      this.#awaitingKeyframe = false;
      this.#keyframes += 1;
    } else if (damaged || this.#awaitingKeyframe) {
      this.#awaitingKeyframe = true;
      this.#damaged += 1;
      this.#events.keyframeWanted();
      return;
    }
    const payloads = packetizeH264(accessUnit, this.#maxPayload);
    if (payloads.length === 0) return;
    const bytes = payloads.reduce((sum, payload) => sum + payload.length, 0);
    this.#events.frame({ payloads, timestamp, keyframe, bytes });
  }
}
