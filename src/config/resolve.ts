import type { AdoptFilter, DiscoveryConfig, GatewayConfig } from './gateway-config.ts';
import { resolveCamera, resolveCredentials } from './resolve-camera.ts';
import type { ResolveContext } from './resolve-context.ts';
import { resolveHttp } from './resolve-http.ts';
import { resolveAdvertise, resolveIceServers, resolveMedia } from './resolve-media.ts';
import { resolveSignaling } from './resolve-signaling.ts';
import type { ConfigFile, ConfigParts } from './schema.ts';

/**
 * Checks what one key alone cannot show, fetches the secrets and gives the whole the shape that the code uses.
 *
 * @param parts The parts that are valid, looked at also where others are not.
 * @returns The config; undefined where a part is missing.
 */
export function resolveConfig(parts: ConfigParts, context: ResolveContext): GatewayConfig | undefined {
  checkIds(context);
  const signaling = resolveSignaling(parts.signaling, context);
  const cameras = [...parts.cameras].map(([index, camera]) => resolveCamera(camera, ['cameras', index], signaling, context));
  const adopts = parts.discovery !== undefined && parts.discovery.adopt !== 'none';
  const http = parts.http && resolveHttp(parts.http, context, adopts);
  const discovery = parts.discovery && resolveDiscovery(parts.discovery, context);
  const iceServers = parts.webrtc && resolveIceServers(parts.webrtc.ice_servers, context);
  const advertise = parts.webrtc && resolveAdvertise(parts.webrtc, context);
  if (parts.media === undefined || parts.webrtc === undefined) return undefined;
  if (http === undefined || iceServers === undefined || advertise === undefined) return undefined;
  const media = resolveMedia(parts.media, parts.webrtc, iceServers, advertise);
  return {
    ...http,
    ...(signaling === undefined ? {} : { signaling }),
    media,
    ...(discovery === undefined ? {} : { discovery }),
    ...(parts.stateDirectory === undefined ? {} : { stateDirectory: parts.stateDirectory }),
    cameras: cameras.filter((camera) => camera !== undefined),
  };
}

function checkIds({ ids, report, lineOf }: ResolveContext): void {
  const first = new Map<string, number>();
  for (const [index, id] of ids.entries()) {
    if (id === undefined) continue;
    const other = first.get(id);
    if (other === undefined) {
      first.set(id, index);
      continue;
    }
    const line = lineOf(['cameras', other, 'id']) ?? '?';
    report(
      ['cameras', index, 'id'],
      `"${id}" is already the id of cameras[${other}] on line ${line}; write another one here or there`,
    );
  }
}

/** Undefined where it is switched off. */
function resolveDiscovery(written: ConfigFile['discovery'], context: ResolveContext): DiscoveryConfig | undefined {
  const path = ['discovery'];
  const credentials = resolveCredentials(written, path, context);
  const { enabled, adopt, interfaces } = written;
  for (const [index, filter] of (typeof adopt === 'string' ? [] : adopt).entries()) {
    if (Object.keys(filter).length === 0) {
      context.report(
        [...path, 'adopt', index],
        'is an empty filter, which fits nothing; write at least one of name, model, address',
      );
    }
  }
  if (!enabled) {
    if (adopt !== 'none')
      context.report([...path, 'adopt'], 'finds nothing while discovery is not enabled; remove one of the two', 'key');
    return undefined;
  }
  return {
    adopt: typeof adopt === 'string' ? adopt : adopt.map(filterOf),
    ...(credentials === undefined ? {} : { credentials }),
    ...(interfaces === undefined ? {} : { interfaces }),
  };
}

function filterOf({ name, model, address }: Exclude<ConfigFile['discovery']['adopt'], string>[number]): AdoptFilter {
  return {
    ...(name === undefined ? {} : { name }),
    ...(model === undefined ? {} : { model }),
    ...(address === undefined ? {} : { address }),
  };
}
