import { GatewayError, type Reason } from '../base/errors.ts';
import type { RtspTrack } from '../camera/rtsp/sdp.ts';
import type { StreamMedia } from './messages.ts';

/*
 * What a pulled profile carries, and what is to be said of it to whoever can set the camera otherwise.
 */

/** @param chosen those of the described tracks that are received */
export function streamMedia(described: readonly RtspTrack[], chosen: readonly RtspTrack[]): StreamMedia {
  const trackOf = (kind: RtspTrack['kind']): RtspTrack | undefined =>
    [...chosen, ...described].find((track) => track.kind === kind);
  const sound = trackOf('audio');
  const audioPassed = chosen.some(({ kind }) => kind === 'audio');
  return {
    video: trackOf('video')?.encodingName ?? null,
    audio: sound?.encodingName ?? null,
    audioPassed,
    metadata: chosen.some(({ kind }) => kind === 'application'),
    warnings: sound === undefined || audioPassed ? [] : [noSound(sound)],
  };
}

/** Nothing of the profile can be watched. H.265 and what vendors call H.265+ is played by few browsers (go2rtc#1439, #706, #240). */
export function noH264(video: string | null): GatewayError {
  const message = video === null ? 'The profile has no video.' : `The profile sends ${video}, which browsers cannot play.`;
  return new GatewayError('stream.no_h264', message, {
    advice: 'Set the video encoder of this profile to H.264, or choose another profile.',
  });
}

export function bFrames(): Reason {
  return {
    code: 'stream.b_frames',
    message: 'The video has B-frames, which browsers cannot show in their order: most pictures are lost.',
    advice: "Switch B-frames off in the camera's video encoder, or set its H.264 profile to Baseline.",
  };
}

/** @param isReadable H.264 came, and no keyframe with its parameter sets */
export function noPicture(isReadable: boolean, afterMs: number): Reason {
  const seconds = afterMs / 1000;
  return isReadable
    ? {
        code: 'stream.no_picture',
        message: `The video had no keyframe in its first ${seconds} s; viewers see nothing before one.`,
        advice: "Set a keyframe interval (GOP) of some seconds in the camera's video encoder, and switch smart codecs off.",
      }
    : {
        code: 'stream.no_picture',
        message: `Packets of the video came for ${seconds} s, and none of them could be read as the H.264 that is described.`,
        advice: 'Switch encryption of the stream off in the camera, and set the encoder of the profile anew.',
      };
}

function noSound({ encodingName, clockRate, channels }: RtspTrack): Reason {
  const isG711 = encodingName === 'PCMU' || encodingName === 'PCMA';
  const form = isG711
    ? `${encodingName} at ${clockRate} Hz in ${channels === 1 ? 'mono' : `${channels} channels`}`
    : encodingName;
  return {
    code: 'stream.no_sound',
    message: `There is no sound, since browsers do not play ${form || 'the codec of it'}.`,
    advice: "Set the camera's audio encoder to G.711 (PCMU or PCMA) at 8000 Hz in mono.",
  };
}
