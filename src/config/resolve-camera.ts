import type { TlsPolicy } from '../base/rtsp-transport.ts';
import { parseOnvifAddress, parseRtspAddress, type Credentials } from './addresses.ts';
import type { CameraConfig, SignalingConfig } from './gateway-config.ts';
import { secretOf, type ResolveContext } from './resolve-context.ts';
import { resolveCameraSignaling } from './resolve-signaling.ts';
import type { CameraFile } from './schema.ts';
import { suggest } from './suggest.ts';

type Path = readonly PropertyKey[];

/**
 * One camera of the file in the shape that the code uses.
 *
 * @param site Where all cameras register; undefined: at the embedded server.
 * @returns Undefined after reporting that nothing says where the camera is.
 */
export function resolveCamera(
  written: CameraFile,
  path: Path,
  site: SignalingConfig | undefined,
  context: ResolveContext,
): CameraConfig | undefined {
  const own = resolveCredentials(written, path, context);
  const signaling = written.signaling && resolveCameraSignaling(written.signaling, [...path, 'signaling'], site, context);
  const tls = resolveTls(written, path, context);
  const common = {
    id: written.id,
    name: written.name ?? written.id,
    ...(written.transport === 'auto' ? {} : { transport: written.transport }),
    ...(written.talk === 'auto' ? {} : { talk: written.talk }),
    ...(written.transcode === undefined ? {} : { transcode: written.transcode }),
    ...resolveAdaptation(written, path, context),
    ...(written.events ? { events: true } : {}),
    ...(tls === undefined ? {} : { tls }),
  };
  const rest = signaling === undefined ? {} : { signaling };

  const onvif = written.onvif === undefined ? undefined : parseOnvifAddress(written.onvif);
  if (written.rtsp === undefined) {
    if (onvif === undefined)
      context.report(path, 'says nowhere where the camera is; add onvif: with its address, or rtsp: with its URLs');
    const device = {
      ...(written.video_source === undefined ? {} : { videoSource: written.video_source }),
      ...(written.endpoint === undefined ? {} : { endpointReference: written.endpoint }),
    };
    return onvif && { camera: { ...common, ...(own === undefined ? {} : { credentials: own }), onvif, ...device }, ...rest };
  }
  reportBesideRtsp(written, path, context);
  const { urls, credentials } = resolveRtsp(written.rtsp, [...path, 'rtsp'], own, context);
  return { camera: { ...common, ...(credentials === undefined ? {} : { credentials }), rtsp: urls }, ...rest };
}

/** Keys of cameras by ONVIF. */
function reportBesideRtsp(written: CameraFile, path: Path, { report }: ResolveContext): void {
  if (written.endpoint !== undefined)
    report([...path, 'endpoint'], 'stands beside rtsp, and only a camera by onvif can be found again; remove it', 'key');
  if (written.video_source !== undefined)
    report([...path, 'video_source'], 'stands beside rtsp, whose URLs say which input it is; remove it', 'key');
  if (written.events)
    report([...path, 'events'], 'stands beside rtsp, and only a camera by onvif tells its events; remove it', 'key');
  if (written.onvif !== undefined) report([...path, 'rtsp'], 'stands beside onvif; keep one of the two', 'key');
}

/** Profiles of a camera by ONVIF are known when it is connected only. */
function resolveAdaptation(
  written: CameraFile,
  path: Path,
  { report }: ResolveContext,
): Pick<CameraConfig['camera'], 'adaptation'> {
  const { adaptive, floor, ceiling, rtsp } = written;
  for (const key of ['floor', 'ceiling'] as const) {
    const name = written[key];
    if (name === undefined) continue;
    if (adaptive === false)
      report([...path, key], 'stands beside adaptive: false, where it means nothing; remove one of the two', 'key');
    if (rtsp === undefined || name in rtsp) continue;
    const names = Object.keys(rtsp);
    const meant = suggest(name, names);
    report(
      [...path, key],
      `names no URL of rtsp; ${meant === undefined ? `write one of ${names.join(', ')}` : `did you mean "${meant}"?`}`,
    );
  }
  if (adaptive === undefined && floor === undefined && ceiling === undefined) return {};
  return {
    adaptation: {
      // Who says between which profiles wants it.
      adaptive: adaptive ?? true,
      ...(floor === undefined ? {} : { floor }),
      ...(ceiling === undefined ? {} : { ceiling }),
    },
  };
}

function resolveTls(written: CameraFile, path: Path, { report }: ResolveContext): TlsPolicy | undefined {
  const { tls_fingerprint: fingerprint, tls_insecure: insecure } = written;
  if (fingerprint === undefined) return insecure && { insecure };
  if (insecure)
    report([...path, 'tls_insecure'], 'stands beside tls_fingerprint, which is checked; remove one of the two', 'key');
  return { fingerprint };
}

/** User name and password as a camera, or discovery for all that it adopts, writes them. */
export function resolveCredentials(
  written: Pick<CameraFile, 'username' | 'password' | 'password_file'>,
  path: Path,
  context: ResolveContext,
): Credentials | undefined {
  const { username } = written;
  const key = written.password === undefined ? 'password_file' : 'password';
  const password = secretOf('password', { value: written.password, file: written.password_file }, path, context);
  const hasPassword = written.password !== undefined || written.password_file !== undefined;
  if (username === undefined && hasPassword) context.report([...path, key], 'stands without a user name; add username:', 'key');
  if (username !== undefined && !hasPassword) {
    context.report([...path, 'username'], 'stands without a password; add password: or password_file:', 'key');
  }
  return username === undefined || password === undefined ? undefined : { username, password };
}

/** URLs and credentials apart: what is logged of a camera is its URL. */
function resolveRtsp(
  written: Readonly<Record<string, string>>,
  path: Path,
  own: Credentials | undefined,
  { report }: ResolveContext,
): { urls: Record<string, string>; credentials: Credentials | undefined } {
  const urls: Record<string, string> = {};
  let credentials = own;
  for (const [name, value] of Object.entries(written)) {
    const parsed = parseRtspAddress(value);
    if (parsed === undefined) continue;
    urls[name] = parsed.url;
    const found = parsed.credentials;
    if (
      found !== undefined &&
      credentials !== undefined &&
      (found.username !== credentials.username || found.password !== credentials.password)
    ) {
      report([...path, name], 'has other credentials than the rest of the camera; write them once, as username: and password:');
    }
    credentials ??= found;
  }
  if (Object.keys(written).length === 0) report(path, 'holds no URL; write one as main: rtsp://...', 'key');
  return { urls, credentials };
}
