import type { Reason } from '../base/errors.ts';
import type { TalkMode } from '../base/talk-mode.ts';
import type { CameraSource } from '../plane/messages.ts';
import type { CameraOptions } from './camera-options.ts';
import type { CameraProfile } from './camera-profiles.ts';
import type { DeviceInformation } from './onvif/device-answers.ts';

/** What is known of a camera at one moment; a new object at each change. */
export interface CameraStatus {
  state: 'connecting' | 'online' | 'failed';
  /** Milliseconds since 1970 of the last change of `state`. */
  since: number;
  /** Why it is `failed`, else null. */
  reason: Reason | null;
  /** Null until ONVIF gave it, and always for an `rtsp:` camera. */
  information: DeviceInformation | null;
  /** Those with H.264 first; kept while the camera is away, since the media plane goes on trying to pull them. */
  profiles: CameraProfile[];
  /** Whether these profiles were read at an address that no config says: discovery found it, and anybody can answer discovery. */
  isFound: boolean;
  /** The camera's clock minus ours, milliseconds; null where unknown. */
  clockOffsetMs: number | null;
}

/** Whether viewers of the profile may talk to the camera. Of one by `rtsp:` nobody knows whether it has a decoder before somebody talks. */
export function canTalk(mode: TalkMode, { audioDecoder }: Pick<CameraProfile, 'audioDecoder'>): boolean {
  return mode === 'on' || (mode === 'auto' && audioDecoder);
}

/** What the media plane needs to pull the camera; profiles with H.264 come first. */
export function cameraSource(
  { id, transport, tls, transcode, adaptation, talk = 'auto', events = false }: CameraOptions,
  { profiles, clockOffsetMs, isFound }: CameraStatus,
  credentials: { username: string; password: string } | undefined,
): CameraSource {
  return {
    id,
    profiles: profiles.map((profile) => {
      const { token, name, uri, video, videoSource, audio, metadata } = profile;
      const source = {
        token,
        ...(name === token ? {} : { name }),
        uri,
        talk: canTalk(talk, profile),
        ...(videoSource === null ? {} : { videoSource }),
      };
      // Of an `rtsp:` camera nothing is known before it was pulled.
      if (video === null) return source;
      const { codec, width, height, bitrateKbps } = video;
      const limit = bitrateKbps === null || bitrateKbps <= 0 ? {} : { bitrateKbps };
      return { ...source, video: { codec, width, height }, ...limit, audio: audio !== null, metadata };
    }),
    clockOffsetMs: clockOffsetMs ?? 0,
    ...(events ? { events } : {}),
    ...(transport === undefined ? {} : { transport }),
    ...(transcode === undefined ? {} : { transcode }),
    ...(adaptation === undefined ? {} : { adaptation }),
    ...(tls === undefined ? {} : { tls }),
    // By where the URIs are from, not by where the camera is looked for now: they stay while it is away.
    ...(credentials === undefined ? {} : { credentials: { ...credentials, ...(isFound ? { digestOnly: true } : {}) } }),
  };
}
