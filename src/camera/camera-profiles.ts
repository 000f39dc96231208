import { GatewayError } from '../base/errors.ts';
import { describeClockOffset } from './clock-offset.ts';
import type { OnvifDevice } from './onvif/adapter.ts';
import type { DeviceInformation } from './onvif/device-answers.ts';
import { NO_CONFIGURATIONS, type OnvifProfile } from './onvif/profiles.ts';
import { formatRtspUrl, parseRtspUrl } from '../base/rtsp-url.ts';
import { profilesOfVideoSource } from './video-sources.ts';

/** A profile with video, and where its stream is pulled. */
export interface CameraProfile extends OnvifProfile {
  /** RTSP URI without credentials. */
  uri: string;
}

/**
 * The device's profiles with video and their URIs, those with H.264 first. One that the device gives no URI for is left
 * out, unless none is left. Throws as {@link OnvifDevice} does.
 *
 * @param videoSource only those of this input, from 1 on; throws `camera.no_video_source` where there is none
 */
export async function readProfiles(
  device: Pick<OnvifDevice, 'profiles' | 'streamUri'>,
  cameraId: string,
  videoSource?: number,
): Promise<CameraProfile[]> {
  const profiles: CameraProfile[] = [];
  let fault = new GatewayError('camera.no_profiles', `No media profile of camera ${cameraId} has video.`, {
    advice: "Make a profile with a video encoder on the camera's own web page.",
  });
  const listed = await device.profiles();
  for (const profile of videoSource === undefined ? listed : profilesOfVideoSource(listed, videoSource, cameraId)) {
    if (profile.video === null) continue;
    try {
      profiles.push({ ...profile, uri: await device.streamUri(profile.token) });
    } catch (error) {
      if (!(error instanceof GatewayError && error.code === 'camera.fault')) throw error;
      fault = error;
    }
  }
  if (profiles.length === 0) throw fault;
  return profiles.sort((a, b) => Number(hasH264(b)) - Number(hasH264(a)));
}

/** Profiles of a camera that the config gives by RTSP URIs: the keys are the tokens; what the streams carry is not known. */
export function profilesOfUris(uris: Readonly<Record<string, string>>): CameraProfile[] {
  const unknown = {
    videoSource: null,
    video: null,
    audio: null,
    metadata: false,
    audioDecoder: false,
    ptz: false,
    configurations: NO_CONFIGURATIONS,
  };
  return Object.entries(uris).map(([token, configured]) => {
    const parsed = parseRtspUrl(configured);
    return { token, name: token, ...unknown, uri: parsed === undefined ? configured : formatRtspUrl(parsed) };
  });
}

/** Codecs of which viewers can be shown something: as it comes, or converted to H.264. */
const SHOWN: ReadonlySet<string> = new Set(['H264', 'H265', 'JPEG', 'MPEG4']);

/** What to say where nothing of one profile can be shown; undefined where there is one. */
export function missingVideo(profiles: readonly CameraProfile[], cameraId: string): GatewayError | undefined {
  if (profiles.some(({ video }) => video !== null && SHOWN.has(video.codec))) return undefined;
  const codecs = new Set(profiles.map((profile) => profile.video?.codec ?? 'no video'));
  return new GatewayError('camera.no_h264', `Camera ${cameraId} has no profile with H.264, only ${[...codecs].join(', ')}.`, {
    advice: "Set the encoder of one profile to H.264 on the camera's own web page.",
  });
}

/** For the log: `Acme X100, 2 profiles (main H264 1280x720, sub H264 640x360)`. */
export function describeCamera({
  information,
  profiles,
  clockOffsetMs,
}: {
  information: DeviceInformation | null;
  profiles: readonly CameraProfile[];
  clockOffsetMs: number | null;
}): string {
  const device = information === null ? '' : `${information.manufacturer} ${information.model}`.trim();
  const streams = profiles.map(({ name, video }) =>
    video === null ? name : `${name} ${video.codec} ${video.width}x${video.height}`,
  );
  const count = `${profiles.length} ${profiles.length === 1 ? 'profile' : 'profiles'} (${streams.join(', ')})`;
  return [device, count, describeClockOffset(clockOffsetMs) ?? ''].filter((part) => part !== '').join(', ');
}

function hasH264(profile: CameraProfile): boolean {
  return profile.video?.codec === 'H264';
}
