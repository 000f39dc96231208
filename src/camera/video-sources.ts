import { GatewayError } from '../base/errors.ts';
import type { OnvifProfile } from './onvif/profiles.ts';

/** One input of an encoder or NVR, and the profiles that show it. */
export interface VideoSource<Profile> {
  /** Null where the device does not say what its profiles show. */
  token: string | null;
  profiles: Profile[];
}

/** More of them are not named in a message. */
const MAX_NAMED = 32;

/** The inputs of a device in the order in which it lists them, which is how the config counts them, from 1 on. */
export function videoSourcesOf<Profile extends Pick<OnvifProfile, 'videoSource'>>(
  profiles: readonly Profile[],
): VideoSource<Profile>[] {
  const sources = Map.groupBy(profiles, ({ videoSource }) => videoSource);
  // Beside others, a profile without a source has no picture: sound or metadata alone.
  if (sources.size > 1) sources.delete(null);
  return [...sources].map(([token, shown]) => ({ token, profiles: shown }));
}

/**
 * The profiles of one input.
 *
 * @param input from 1 on
 * @throws GatewayError `camera.no_video_source`
 */
export function profilesOfVideoSource(profiles: readonly OnvifProfile[], input: number, cameraId: string): OnvifProfile[] {
  const sources = videoSourcesOf(profiles);
  const source = sources[input - 1];
  if (source !== undefined) return source.profiles;
  const names = sources.slice(0, MAX_NAMED).map((each, index) => {
    const shown = each.profiles.map(({ name }) => name).join(', ');
    return `${index + 1} (${shown})`;
  });
  const more = sources.length > MAX_NAMED ? ', ...' : '';
  const count = sources.length === 1 ? '1 video source' : `${sources.length} video sources`;
  throw new GatewayError(
    'camera.no_video_source',
    `Camera ${cameraId} is set to video source ${input}, but its device has ${count}: ${names.join(', ')}${more}.`,
    { advice: 'Write one of these numbers as video_source.' },
  );
}
