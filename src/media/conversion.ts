import type { CameraVideoCodec } from './coded-picture.ts';
import type { SoundFormat } from './sound-format.ts';
import type { SoundFrame } from './sound-frame.ts';
import type { TimeMapping } from './rtp/timeline.ts';
import type { CameraFrame } from './video-track.ts';

/*
 * What makes of a camera's media what viewers play, where they do not play it as it comes: begun for the first viewer that needs it, ended
 * with the last, one for all. It lives through failures of its own, and says them to whoever gave it to the stream.
 */

export interface Conversion<Input> {
  push(input: Input): void;
  close(): void;
}

/** Clock rate of Opus in RTP, whatever its sound was sampled with (RFC 7587 section 4.1), Hz. */
export const OPUS_CLOCK_RATE = 48_000;

/** Sound to Opus. */
export interface SoundConversion extends Conversion<SoundFrame> {
  /** A time on the track's timeline, on that of the Opus packets. */
  translate(time: TimeMapping): TimeMapping;
}

/** Pictures to H.264. */
export interface PictureConversion extends Conversion<CameraFrame> {
  /** Nothing comes of it now, and will not soon; it is tried again. */
  readonly isFailed: boolean;
}

/** A packet of Opus; its timestamp on a timeline of 48 kHz. */
export type OpusFrame = SoundFrame;

/** A picture of H.264, on the timeline of the picture that it was made of. */
export interface ConvertedPicture {
  /** NAL units without start codes, parameter sets included. */
  nals: Buffer[];
  timestamp: number;
  keyframe: boolean;
}

export interface Conversions {
  /** Undefined where this is not converted. */
  sound(format: SoundFormat, onFrame: (frame: OpusFrame) => void): SoundConversion | undefined;
  /** Undefined where this is not converted. It is given pictures from a keyframe on. */
  video(codec: CameraVideoCodec, onPicture: (picture: ConvertedPicture) => void): PictureConversion | undefined;
}
