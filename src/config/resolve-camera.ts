import type { TlsPolicy } from '../base/rtsp-transport.ts';
import { parseOnvifAddress, parseRtspAddress, type Credentials } from './addresses.ts';
import type { CameraConfig, SignalingConfig } from './gateway-config.ts';
import { secretOf, type ResolveContext } from './resolve-context.ts';
import type { CameraFile } from './schema.ts';

type Path = readonly PropertyKey[];

/**
 * One camera of the file in the shape that the code uses.
 *
 * @param server The signaling server of all cameras; undefined: the embedded one.
 * @returns Undefined after reporting that nothing says where the camera is.
 */
export function resolveCamera(
  written: CameraFile,
  path: Path,
  server: string | undefined,
  context: ResolveContext,
): CameraConfig | undefined {
  const own = resolveCredentials(written, path, context);
  const signaling = written.signaling && resolveSignaling(written.signaling, [...path, 'signaling'], server, context);
  const tls = resolveTls(written, path, context);
  const common = {
    id: written.id,
    name: written.name ?? written.id,
    ...(written.transport === 'auto' ? {} : { transport: written.transport }),
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
  if (written.endpoint !== undefined)
    context.report([...path, 'endpoint'], 'stands beside rtsp, and only a camera by onvif can be found again; remove it', 'key');
  if (written.video_source !== undefined)
    context.report([...path, 'video_source'], 'stands beside rtsp, whose URLs say which input it is; remove it', 'key');
  if (onvif !== undefined) context.report([...path, 'rtsp'], 'stands beside onvif; keep one of the two', 'key');
  const { urls, credentials } = resolveRtsp(written.rtsp, [...path, 'rtsp'], own, context);
  return { camera: { ...common, ...(credentials === undefined ? {} : { credentials }), rtsp: urls }, ...rest };
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

function resolveSignaling(
  written: NonNullable<CameraFile['signaling']>,
  path: Path,
  common: string | undefined,
  context: ResolveContext,
): SignalingConfig | undefined {
  const token = secretOf('token', { value: written.token, file: written.token_file }, path, context);
  const server = written.server ?? common;
  if (server !== undefined) return { server, ...(token === undefined ? {} : { token }) };
  context.report(
    path,
    'names no server; write server: here or under the top-level signaling:, or leave it out for the embedded server',
    'key',
  );
  return undefined;
}
