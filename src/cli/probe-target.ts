import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { GatewayError } from '../base/errors.ts';
import type { RtspTransport, TlsPolicy } from '../base/rtsp-transport.ts';
import { parseOnvifAddress, parseRtspAddress, type Credentials } from '../config/addresses.ts';
import type { CameraSourceConfig } from '../config/gateway-config.ts';
import { loadConfig } from '../config/load.ts';
import type { ProbeTarget } from '../probe/probe-camera.ts';
import { DEFAULT_FILES } from './check.ts';
import { readKnownCameras } from './discover-files.ts';

/** What the options of the command say; each goes before what the config says. */
export interface TargetOptions {
  credentials: Credentials | undefined;
  transport: RtspTransport | undefined;
  tls: TlsPolicy | undefined;
  /** Named with `--config`. */
  config: string | undefined;
}

/**
 * Which camera is meant: an RTSP URL, an ONVIF URL, the id of a camera in the config, or a host. Throws `usage.target`, and what reading
 * the config throws.
 */
export function resolveTarget(text: string, options: TargetOptions): ProbeTarget {
  if (/^rtsps?:\/\//i.test(text)) return rtspTarget(text, options);
  const camera = configuredCamera(text, options.config);
  if (camera !== undefined) return configTarget(camera, options);
  const onvif = parseOnvifAddress(text);
  if (onvif === undefined) {
    throw new GatewayError('usage.target', 'This names no camera.', {
      advice:
        'Write a host, host:port, an ONVIF URL (http://host/onvif/device_service), an RTSP URL or the id of a camera in the config.',
    });
  }
  const { credentials, transport, tls } = options;
  return { shown: text, id: null, credentials, transport, tls, at: { onvif } };
}

function rtspTarget(text: string, { credentials, transport, tls }: TargetOptions): ProbeTarget {
  const parsed = parseRtspAddress(text);
  if (parsed === undefined) {
    throw new GatewayError('usage.target', 'This is no RTSP URL.', { advice: 'Write it as rtsp://host:port/path.' });
  }
  const at = { rtsp: { stream: parsed.url } };
  return { shown: parsed.url, id: null, credentials: credentials ?? parsed.credentials, transport, tls, at };
}

function configTarget(camera: CameraSourceConfig, { credentials, transport, tls }: TargetOptions): ProbeTarget {
  return {
    shown: camera.id,
    id: camera.id,
    credentials: credentials ?? camera.credentials,
    transport: transport ?? camera.transport,
    tls: tls ?? camera.tls,
    at: camera.onvif === undefined ? { rtsp: camera.rtsp } : { onvif: camera.onvif },
  };
}

/** The config is read only for what may be an id in it: other errors of it do not stand in the way. */
function configuredCamera(text: string, named: string | undefined): CameraSourceConfig | undefined {
  const file = named ?? DEFAULT_FILES.find((candidate) => existsSync(candidate));
  if (file === undefined || (named === undefined && isAddress(text))) return undefined;
  if (!readKnownCameras(file).some(({ id }) => id === text)) return undefined;
  return loadConfig(file, process.env).cameras.find(({ camera }) => camera.id === text)?.camera;
}

function isAddress(text: string): boolean {
  return isIP(text) !== 0 || text.includes(':') || text.includes('/');
}
