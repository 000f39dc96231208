import { TrackReceiver, type TrackDescription } from '../track.ts';
import type { RtpPacket } from '../rtp/packet.ts';
import { H264Pictures } from './h264-pictures.ts';
import { H265Pictures } from './h265-pictures.ts';
import { OtherPictures } from './other-pictures.ts';
import { Packetization } from './packetization.ts';
import type { MeasuredPicture, ParameterSetPlaces, PictureReader, VideoFormat } from './picture.ts';
import { PictureStatistics, type KeyframeInterval } from './picture-statistics.ts';

/** What a video track turned out to be. */
export interface VideoFigures {
  format: VideoFormat | undefined;
  frames: number;
  framesPerSecond: number | null;
  bitrateKbps: number | null;
  /** Null: the codec is not looked into. */
  keyframes: number | null;
  keyframeInterval: KeyframeInterval | null;
  secondsSinceKeyframe: number;
  /** Pictures of I slices alone that are no keyframes: a stream that is joined there instead has no IDR. */
  intraPictures: number;
  /** There are B slices; null where no slice could be read. */
  bFrames: boolean | null;
  /** Pictures come in another order than they are shown in; null where that could not be seen. */
  reordered: boolean | null;
  parameterSets: Readonly<ParameterSetPlaces>;
  packetization: { kinds: string[]; largestPayload: number };
  /** Pictures of which something is missing. */
  damaged: number;
  firstKeyframeMs: number | null;
}

/** Measures a video track of any codec; looks into H.264 and H.265. */
export class VideoMeasurement {
  readonly receiver: TrackReceiver;
  readonly #pictures: PictureReader;
  readonly #statistics: PictureStatistics;
  readonly #packetization: Packetization;
  readonly #looksInside: boolean;
  /** What is added to the camera's timestamps for the timeline. */
  #offset: number | undefined;
  /** Bytes by the RTP timestamp of their picture: of the one that comes, and the one before. */
  #bytes: { timestamp: number; bytes: number; before: { timestamp: number; bytes: number } | undefined } | undefined;
  #types = { I: 0, P: 0, B: 0 };
  #intraPictures = 0;
  #reordered: boolean | null = null;
  #damaged = 0;
  #firstKeyframeMs: number | null = null;

  constructor(track: TrackDescription) {
    this.receiver = new TrackReceiver(track, 0);
    // Whether there are B-frames is to be found out: a small step back is no jump.
    this.receiver.reordered = true;
    this.#pictures = readerFor(track);
    this.#statistics = new PictureStatistics(track.clockRate);
    this.#packetization = new Packetization(track.encodingName);
    this.#looksInside = !(this.#pictures instanceof OtherPictures);
  }

  receive(bytes: Buffer, arrivalMs: number): void {
    const placed = this.receiver.receive(bytes, arrivalMs);
    if (placed === undefined) return;
    const { packet, timestamp, reception } = placed;
    this.#packetization.add(packet.payload);
    const offset = timestamp - packet.timestamp;
    // The first packet of all is the beginning of something new, and yet nothing is lost before it.
    const isBroken = reception.gap || (reception.restart && this.#offset !== undefined);
    const offsetBefore = this.#offset ?? offset;
    this.#offset = offset;
    this.#countBytes(packet);
    for (const picture of this.#pictures.push(packet, isBroken)) {
      const isBefore = picture.timestamp !== packet.timestamp;
      this.#add(picture, (picture.timestamp + (isBefore ? offsetBefore : offset)) >>> 0, arrivalMs);
    }
  }

  get figures(): VideoFigures {
    const { frames, framesPerSecond, bitrateKbps, keyframes, keyframeInterval, secondsSinceKeyframe } = this.#statistics;
    const { I, P, B } = this.#types;
    return {
      format: this.#pictures.format,
      frames,
      framesPerSecond,
      bitrateKbps,
      keyframes: this.#looksInside ? keyframes : null,
      keyframeInterval,
      secondsSinceKeyframe,
      intraPictures: this.#intraPictures,
      bFrames: I + P + B === 0 ? null : B > 0,
      reordered: this.#reordered,
      parameterSets: this.#pictures.parameterSets,
      packetization: this.#packetization,
      damaged: this.#damaged,
      firstKeyframeMs: this.#firstKeyframeMs,
    };
  }

  #add(picture: MeasuredPicture, timestamp: number, arrivalMs: number): void {
    this.#statistics.add(picture, timestamp, this.#bytesOf(picture.timestamp), arrivalMs);
    if (picture.damaged) this.#damaged += 1;
    if (picture.type !== null) this.#types[picture.type] += 1;
    if (picture.type === 'I' && picture.keyframe === false) this.#intraPictures += 1;
    if (picture.reordered !== null) this.#reordered = this.#reordered === true || picture.reordered;
    if (picture.keyframe === true) this.#firstKeyframeMs ??= arrivalMs;
  }

  #countBytes({ timestamp, payload }: RtpPacket): void {
    const current = this.#bytes;
    if (current?.timestamp === timestamp) {
      current.bytes += payload.length;
    } else {
      const before = current === undefined ? undefined : { timestamp: current.timestamp, bytes: current.bytes };
      this.#bytes = { timestamp, bytes: payload.length, before };
    }
  }

  /** Once: what is asked for again comes to nothing. */
  #bytesOf(timestamp: number): number {
    const current = this.#bytes;
    const entry =
      current?.timestamp === timestamp ? current : current?.before?.timestamp === timestamp ? current.before : undefined;
    if (entry === undefined) return 0;
    const { bytes } = entry;
    entry.bytes = 0;
    return bytes;
  }
}

function readerFor({ encodingName, fmtp }: TrackDescription): PictureReader {
  switch (encodingName) {
    case 'H264':
      return new H264Pictures(fmtp.get('sprop-parameter-sets'));
    case 'H265':
      return new H265Pictures(fmtp);
    default:
      return new OtherPictures(encodingName);
  }
}
