import type { AdaptationPolicy } from '../base/adaptation.ts';
import type { Clock } from '../base/clock.ts';
import type { DialTurn } from '../base/dial-stagger.ts';
import type { Logger } from '../base/log.ts';
import type { RtspTransport, TlsPolicy } from '../base/rtsp-transport.ts';
import type { TalkMode } from '../base/talk-mode.ts';
import type { TranscodeMode } from '../base/transcode-mode.ts';
import type { DeviceIdentity } from './device-identity.ts';
import type { OnvifConnectOptions, OnvifDevice } from './onvif/adapter.ts';
import type { RefusedLogIns } from './refused-log-ins.ts';
import type { CameraPlace } from './whereabouts.ts';

/** What a camera asks of its ONVIF device; {@link OnvifDevice} is the real one. */
export type CameraDevice = Pick<
  OnvifDevice,
  'information' | 'clockOffsetMs' | 'measureClockOffset' | 'profiles' | 'streamUri' | 'setSynchronizationPoint' | 'close'
> &
  Partial<Pick<OnvifDevice, 'events' | 'snapshot'>>;

interface CommonOptions {
  id: string;
  name: string;
  credentials?: { username: string; password: string };
  /** How its streams are fetched; default `auto`. */
  transport?: RtspTransport;
  /** Whether viewers may talk to it; default `auto`. */
  talk?: TalkMode;
  /** Whether its pictures are converted for viewers who do not play them; default as for all cameras. */
  transcode?: TranscodeMode;
  /** What it says itself of what its viewers are shown in place of what they ask for. */
  adaptation?: Partial<AdaptationPolicy>;
  /** Whether its events are the metadata of profiles that have no such stream; default false. */
  events?: boolean;
  /** Which certificate its device and its streams may show; default one that the system trusts. */
  tls?: TlsPolicy;
  clock?: Clock;
  logger?: Logger;
  /** By what the device is known already; one with another serial number is not taken for this camera. */
  identity?: DeviceIdentity;
  /** What the config says that its ONVIF device calls itself in discovery. */
  endpointReference?: string;
  /** True where no config says its address: the one where it was last online counts as its own. */
  adopted?: boolean;
  /** Waited for before each attempt to connect. */
  turn?: DialTurn;
  /** Shared by cameras that may be inputs of one device; default one of its own. */
  refusedLogIns?: RefusedLogIns;
  /** Called after {@link Camera.status} changed. */
  onChange?: () => void;
  /** How an ONVIF device is reached; default {@link OnvifDevice.connect}. */
  connect?: (options: OnvifConnectOptions) => Promise<CameraDevice>;
}

/** A camera is given by its ONVIF device, or by RTSP URIs whose keys serve as profile tokens. */
export type CameraOptions = CommonOptions &
  (
    | {
        onvif: CameraPlace;
        /** Which input of an encoder or NVR, from 1 on; absent: the profiles of all. */
        videoSource?: number;
        rtsp?: undefined;
      }
    | { rtsp: Readonly<Record<string, string>>; onvif?: undefined; videoSource?: undefined }
  );
