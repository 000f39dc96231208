import { GatewayError } from '../base/errors.ts';
import type { OnvifDevice } from '../camera/onvif/adapter.ts';
import type { OnvifProfile } from '../camera/onvif/profiles.ts';
import type { OnvifFacts } from './report.ts';

/** What the device can do beyond its streams; null for what it gives no answer to, and for what a profile has to be asked for. */
export async function readOnvifFacts(
  device: Pick<OnvifDevice, 'services' | 'events' | 'ptz' | 'imaging' | 'media'>,
): Promise<OnvifFacts> {
  return {
    services: device.services.map(({ name, version }) => ({ name, version })),
    events: device.events !== null,
    ptz: device.ptz !== null,
    imaging: device.imaging !== null,
    snapshot: null,
    audioOutputs: await countAudioOutputs(device),
  };
}

/** Asked of one profile: they share the camera's ability. */
export async function hasSnapshot(
  { media }: Pick<OnvifDevice, 'media'>,
  profile: OnvifProfile | undefined,
): Promise<boolean | null> {
  if (profile === undefined) return null;
  try {
    await media.snapshotUri(profile.token);
    return true;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return error.code === 'camera.fault' ? false : null;
  }
}

async function countAudioOutputs({ media }: Pick<OnvifDevice, 'media'>): Promise<number | null> {
  try {
    return (await media.audioOutputs()).length;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return null;
  }
}
