import type { AudioCodec, VideoCodec, ViewerCodecs } from '../../media/viewer-codecs.ts';
import type { Reporter } from '../talk-reception.ts';
import type { SenderParameters } from './rtp-sender.ts';

/** Of all video in RTP, Hz. */
export const VIDEO_CLOCK_RATE = 90_000;
/** Of G.711, and until it is known which sound is sent; Hz. */
export const SOUND_CLOCK_RATE = 8000;

/** What was negotiated with a viewer; a part that it rejected is absent. */
export interface NegotiatedMedia {
  video?: SenderParameters & { payloadTypes: ReadonlyMap<VideoCodec, number> };
  audio?: SenderParameters & { payloadTypes: ReadonlyMap<AudioCodec, number> };
  /** By whom it is told how what it says arrives; absent where it says nothing. */
  talk?: Reporter;
}

/** What a viewer takes of what it was offered. */
export function codecsOf({ video, audio }: NegotiatedMedia): ViewerCodecs {
  return { video: new Set(video?.payloadTypes.keys()), audio: new Set(audio?.payloadTypes.keys()) };
}
