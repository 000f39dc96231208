import type { VideoCoding } from './coded-picture.ts';
import { H264Coding } from './h264/coding.ts';
import { H265Coding } from './h265/coding.ts';
import { JpegCoding } from './mjpeg/coding.ts';
import { Mpeg4Coding } from './mpeg4/coding.ts';
import type { TrackDescription } from './track.ts';

/** Encoding names of video that viewers may play, the most welcome first: every browser plays H.264. */
const PLAYED = ['H264', 'H265'];
/** Of video that can be converted for them. */
const CONVERTED = ['MP4V-ES', 'JPEG'];

/** Whether there are viewers that play it as it comes. */
export function isPassedVideo({ encodingName }: TrackDescription): boolean {
  return PLAYED.includes(encodingName);
}

/**
 * The most welcome of a camera's video tracks, whatever it lists first; undefined where there is none of use.
 *
 * @param isConverted pictures that no viewer plays are converted; else they are of no use
 */
export function chooseVideo<Track extends TrackDescription>(tracks: readonly Track[], isConverted: boolean): Track | undefined {
  const encodings = isConverted ? [...PLAYED, ...CONVERTED] : PLAYED;
  const rank = ({ encodingName }: Track): number => encodings.indexOf(encodingName);
  return tracks.filter((track) => track.kind === 'video' && rank(track) >= 0).toSorted((a, b) => rank(a) - rank(b))[0];
}

/** How the pictures of a track are read that was {@link chooseVideo | chosen}. */
export function videoCoding({ encodingName, fmtp, frameSize }: TrackDescription): VideoCoding {
  switch (encodingName) {
    case 'H265':
      return new H265Coding(fmtp);
    case 'JPEG':
      return new JpegCoding(frameSize);
    case 'MP4V-ES':
      return new Mpeg4Coding(fmtp);
    default:
      return new H264Coding(fmtp);
  }
}
