import type { TranscodeMode } from '../base/transcode-mode.ts';
import type { Reason } from '../base/errors.ts';
import type { TrackDescription } from '../media/track.ts';

/*
 * What a profile's picture is that viewers do not play as it comes, what the gateway does about it, and what to set in the camera.
 */

const SET_H264 = 'Set the video encoder of this profile to H.264.';

/** What the description of the video says of it. */
export function pictureWarnings(video: Pick<TrackDescription, 'encodingName' | 'fmtp'>, transcode: TranscodeMode): Reason[] {
  switch (video.encodingName) {
    case 'H265':
      return [h265(transcode), ...(mayBeOutOfOrder(video.fmtp.get('sprop-max-don-diff')) ? [INTERLEAVED] : [])];
    case 'JPEG':
      return [converted('stream.mjpeg', 'Motion JPEG')];
    case 'MP4V-ES':
      return [converted('stream.mpeg4', 'MPEG-4')];
    default:
      return mayBeOutOfOrder(video.fmtp.get('sprop-interleaving-depth')) ? [INTERLEAVED] : [];
  }
}

/** Seen in the stream (mediamtx#1491, #3022). */
export function bFrames(transcode: TranscodeMode): Reason {
  const advice = "Switch B-frames off in the camera's video encoder, or set its H.264 profile to Baseline.";
  const message =
    transcode === 'auto'
      ? 'The video has B-frames, which browsers cannot show in their order: it has to be converted to H.264 without them, which costs processor time and delay.'
      : 'The video has B-frames, which browsers cannot show in their order: most pictures are lost.';
  return { code: 'stream.b_frames', message, advice };
}

/** Seen in the stream. Chromium decodes fields that are coded in one picture (MBAFF), and shows them as they are. */
export function interlaced(): Reason {
  return {
    code: 'stream.interlaced',
    message:
      'The video is interlaced: browsers show both fields at once, so that what moves has combs, and hardware decoders may refuse it.',
    advice: "Set the camera's video encoder to progressive.",
  };
}

/** Played by Safari, and by Chrome and Edge with the right hardware (go2rtc#1439, #706, #240). */
function h265(transcode: TranscodeMode): Reason {
  const outcome =
    transcode === 'auto'
      ? 'others are shown another profile in H.264, or have it converted, which costs processor time.'
      : 'others are shown another profile in H.264, or nothing.';
  return { code: 'stream.h265', message: `The video is H.265, which few browsers play: ${outcome}`, advice: SET_H264 };
}

function converted(code: string, name: string): Reason {
  return {
    code,
    message: `The video is ${name}, which no browser plays by WebRTC: it is converted to H.264, which costs processor time.`,
    advice: SET_H264,
  };
}

const INTERLEAVED: Reason = {
  code: 'stream.interleaved',
  message:
    'The camera says that its packets may come in another order than they are decoded in: pictures whose packets do are lost.',
  advice: "Set the camera's RTP packetization to the non-interleaved mode (packetization-mode 1).",
};

/** RFC 6184 section 8.1, RFC 7798 section 7.1: absent and 0 say that the order is the same. */
function mayBeOutOfOrder(depth: string | undefined): boolean {
  return Number.parseInt(depth ?? '', 10) > 0;
}
