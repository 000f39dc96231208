import { GatewayError, type Reason } from '../base/errors.ts';
import type { TranscodeMode } from '../base/transcode-mode.ts';
import type { RtspTrack } from '../camera/rtsp/sdp.ts';
import { isExi } from '../media/metadata/document-form.ts';
import type { StreamMedia } from './messages.ts';
import { pictureWarnings } from './picture-warnings.ts';

/*
 * What a pulled profile carries, and what is to be said of it to whoever can set the camera otherwise.
 */

/** @param chosen those of the described tracks that are received */
export function streamMedia(
  described: readonly RtspTrack[],
  chosen: readonly RtspTrack[],
  transcode: TranscodeMode = 'auto',
): StreamMedia {
  const trackOf = (kind: RtspTrack['kind']): RtspTrack | undefined =>
    [...chosen, ...described].find((track) => track.kind === kind);
  const sound = trackOf('audio');
  const isHeard = chosen.some(({ kind }) => kind === 'audio');
  const metadata = chosen.some(({ kind }) => kind === 'application');
  const isUnread = !metadata && described.some(({ encodingName }) => isExi(encodingName));
  return {
    video: trackOf('video')?.encodingName ?? null,
    audio: sound?.encodingName ?? null,
    sound: isHeard,
    metadata,
    warnings: [
      ...chosen.flatMap((track) => (track.kind === 'video' ? pictureWarnings(track, transcode) : [])),
      ...(sound === undefined || isHeard ? [] : [noSound(sound)]),
      ...(isUnread ? [metadataInExi()] : []),
    ],
  };
}

/**
 * Nothing of the profile can be watched.
 *
 * @param isConvertible it could be, where `transcode` allowed it
 */
export function noH264(video: string | null, isConvertible: boolean): GatewayError {
  const message = video === null ? 'The profile has no video.' : `The profile sends ${video}, which browsers cannot play.`;
  return new GatewayError('stream.no_h264', message, {
    advice: isConvertible
      ? 'Set the video encoder of this profile to H.264, choose another profile, or set transcode to auto for this camera.'
      : 'Set the video encoder of this profile to H.264, or choose another profile.',
  });
}

export function noKeyframeOnRequest(): Reason {
  return {
    code: 'stream.no_keyframe_on_request',
    message: 'The camera gives no keyframe on request: a viewer that lost a picture waits for the next one of itself.',
    advice: "Set a keyframe interval (GOP) of 1 to 2 s in the camera's video encoder.",
  };
}

/**
 * @param isReadable pictures came, and no keyframe with its parameter sets
 * @param codec as it is described
 */
export function noPicture(isReadable: boolean, afterMs: number, codec: string): Reason {
  const seconds = afterMs / 1000;
  return isReadable
    ? {
        code: 'stream.no_picture',
        message: `The video had no keyframe in its first ${seconds} s; viewers see nothing before one.`,
        advice: "Set a keyframe interval (GOP) of some seconds in the camera's video encoder, and switch smart codecs off.",
      }
    : {
        code: 'stream.no_picture',
        message: `Packets of the video came for ${seconds} s, and none of them could be read as the ${codec} that is described.`,
        advice: 'Switch encryption of the stream off in the camera, and set the encoder of the profile anew.',
      };
}

function metadataInExi(): Reason {
  return {
    code: 'stream.metadata_exi',
    message: 'There are no metadata, since the camera sends them as EXI, which no viewer takes.',
    advice: "Set the compression of the camera's metadata configuration to None or GZIP.",
  };
}

function noSound({ encodingName }: RtspTrack): Reason {
  return {
    code: 'stream.no_sound',
    message: `There is no sound, since ${encodingName || 'the codec of it'} is neither played by browsers nor converted.`,
    advice: "Set the camera's audio encoder to G.711 (PCMU or PCMA) at 8000 Hz in mono.",
  };
}
