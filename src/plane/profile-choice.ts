import type { TranscodeMode } from '../base/transcode-mode.ts';
import type { Reason } from '../base/errors.ts';
import type { VideoCodec } from '../media/viewer-codecs.ts';

/*
 * Which of a camera's profiles a viewer is shown. It asks for one, and may not play what that sends: H.265 is played by few browsers.
 */

/** A profile as far as it is known. */
export interface KnownProfile {
  token: string;
  /** Encoding name as in SDP; undefined while it is not known. */
  codec: string | undefined;
  /** Of one picture; undefined while that is not known. */
  pixels: number | undefined;
  /** Which input of the device it shows; undefined where the device has one. */
  videoSource: string | undefined;
  /** Why nobody can watch it; undefined where that is not so. */
  unplayable: Reason | undefined;
}

export type ProfileChoice = { profile: string } | { refused: Reason };

/**
 * The profile that was asked for where the viewer plays it, or that is not known yet; else the nearest of the camera's that it plays; else the one
 * that was asked for again, whose pictures are converted then.
 *
 * @param others of the same camera
 * @param accepted codecs that the viewer takes; none: it does without a picture
 */
export function chooseProfile(
  requested: KnownProfile,
  others: readonly KnownProfile[],
  accepted: ReadonlySet<VideoCodec>,
  transcode: TranscodeMode,
): ProfileChoice {
  const { token, codec, unplayable } = requested;
  if (unplayable === undefined && (accepted.size === 0 || codec === undefined || plays(accepted, codec)))
    return { profile: token };
  const other = nearest(requested, others, accepted);
  if (other !== undefined) return { profile: other.token };
  if (unplayable !== undefined) return { refused: unplayable };
  return transcode === 'auto' && accepted.has('H264') ? { profile: token } : { refused: notPlayed(codec, accepted, transcode) };
}

/** Of those that the viewer plays the largest that is no larger than the one asked for, else the smallest; at last one of which nothing is known. */
function nearest(
  { pixels: wanted = Number.POSITIVE_INFINITY, videoSource }: KnownProfile,
  others: readonly KnownProfile[],
  accepted: ReadonlySet<VideoCodec>,
): KnownProfile | undefined {
  const candidates = others.filter((other) => {
    const isPlayed = other.codec === undefined ? accepted.size > 0 : plays(accepted, other.codec);
    return isPlayed && other.unplayable === undefined && other.videoSource === videoSource;
  });
  // Lowest first.
  const rank = ({ codec, pixels }: KnownProfile): readonly number[] => {
    if (codec === undefined || pixels === undefined) return [codec === undefined ? 3 : 2, 0];
    return pixels <= wanted ? [0, -pixels] : [1, pixels];
  };
  const compare = (a: readonly number[], b: readonly number[]): number => (a[0] ?? 0) - (b[0] ?? 0) || (a[1] ?? 0) - (b[1] ?? 0);
  return candidates.toSorted((a, b) => compare(rank(a), rank(b)))[0];
}

function plays(accepted: ReadonlySet<string>, codec: string): boolean {
  return accepted.has(codec);
}

const NAMES: Readonly<Record<string, string>> = {
  H264: 'H.264',
  H265: 'H.265',
  JPEG: 'MJPEG',
  MPEG4: 'MPEG-4',
  'MP4V-ES': 'MPEG-4',
};

function notPlayed(codec = '', accepted: ReadonlySet<VideoCodec>, transcode: TranscodeMode): Reason {
  const taken = [...accepted].map((each) => NAMES[each] ?? each).join(' and ');
  return {
    code: 'session.video_codec',
    message: `The profile sends ${NAMES[codec] ?? codec}, the viewer plays ${taken} alone, and no profile of the camera has that.`,
    advice:
      transcode === 'never'
        ? 'Set the video encoder of one profile to H.264, or set transcode to auto for this camera.'
        : 'Set the video encoder of one profile to H.264.',
  };
}
