import type { IceServer } from '../base/ice.ts';
import { isLoopbackHost } from '../base/loopback.ts';
import { parseHostAndPort, parsePortRange } from './addresses.ts';
import type { AdoptFilter, DiscoveryConfig, GatewayConfig, MediaConfig, SignalingConfig, ViewerToken } from './gateway-config.ts';
import { resolveCamera, resolveCredentials } from './resolve-camera.ts';
import { secretOf, type ResolveContext } from './resolve-context.ts';
import type { ConfigFile, ConfigParts } from './schema.ts';
import { isAdoptedId } from './adopted-id.ts';
import { suggest } from './suggest.ts';

type ViewerTokens = NonNullable<ConfigFile['http']['auth']>['tokens'];

/**
 * Checks what one key alone cannot show, fetches the secrets and gives the whole the shape that the code uses.
 *
 * @param parts The parts that are valid, looked at also where others are not.
 * @returns The config; undefined where a part is missing.
 */
export function resolveConfig(parts: ConfigParts, context: ResolveContext): GatewayConfig | undefined {
  checkIds(context);
  const signaling = resolveSignaling(parts.signaling, context);
  const cameras = [...parts.cameras].map(([index, camera]) =>
    resolveCamera(camera, ['cameras', index], signaling?.server, context),
  );
  const listen = parts.http && resolveListen(parts.http, context);
  const adopts = parts.discovery !== undefined && parts.discovery.adopt !== 'none';
  const viewerTokens = parts.http && resolveViewerTokens(parts.http.auth?.tokens ?? [], context, adopts);
  const discovery = parts.discovery && resolveDiscovery(parts.discovery, context);
  const iceServers = parts.webrtc && resolveIceServers(parts.webrtc.ice_servers, context);
  if (parts.media === undefined || parts.webrtc === undefined) return undefined;
  if (listen === undefined || viewerTokens === undefined || iceServers === undefined) return undefined;
  const media = resolveMedia(parts.media, parts.webrtc, iceServers);
  return {
    listen,
    viewerTokens,
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

function resolveSignaling(written: ConfigFile['signaling'], context: ResolveContext): SignalingConfig | undefined {
  if (written === undefined) return undefined;
  const token = secretOf('token', { value: written.token, file: written.token_file }, ['signaling'], context);
  if (written.server !== undefined) return { server: written.server, ...(token === undefined ? {} : { token }) };
  context.report(
    ['signaling'],
    'names no server; write server: with its WebSocket URL, or leave out signaling for the embedded server',
    'key',
  );
  return undefined;
}

function resolveListen(http: ConfigFile['http'], { report }: ResolveContext): GatewayConfig['listen'] | undefined {
  const listen = parseHostAndPort(http.listen);
  if (listen !== undefined && !isLoopbackHost(listen.host) && http.auth === undefined) {
    report(
      ['http', 'listen'],
      'reaches beyond this machine, and anybody could watch; add http.auth.tokens, or listen on 127.0.0.1',
    );
  }
  return listen;
}

function resolveViewerTokens(written: ViewerTokens, context: ResolveContext, adopts: boolean): ViewerToken[] {
  const path = ['http', 'auth', 'tokens'];
  const seen = new Map<string, number>();
  const all: ViewerToken[] = [];
  for (const [index, entry] of written.entries()) {
    const here = [...path, index];
    for (const [position, id] of (entry.cameras ?? []).entries()) {
      if (!(adopts && isAdoptedId(id))) checkReference(id, [...here, 'cameras', position], context);
    }
    if (entry.token === undefined && entry.token_file === undefined)
      context.report(here, 'holds no token; write token: or token_file:');
    const token = secretOf('token', { value: entry.token, file: entry.token_file }, here, context);
    if (token === undefined) continue;
    const other = seen.get(token);
    if (other !== undefined) context.report(here, `is the same token as ${path.join('.')}[${other}]; write a token of its own`);
    seen.set(token, index);
    all.push({ token, ...(entry.cameras === undefined ? {} : { cameras: entry.cameras }) });
  }
  return all.toSorted((a, b) => Number(a.cameras !== undefined) - Number(b.cameras !== undefined));
}

function checkReference(id: string, path: readonly PropertyKey[], { ids, report }: ResolveContext): void {
  if (ids.includes(id)) return;
  const known = ids.filter((candidate) => candidate !== undefined);
  const meant = suggest(id, known);
  const instead = meant === undefined ? 'write the id of one that stands under cameras' : `did you mean "${meant}"?`;
  report(path, `there is no camera "${id}"; ${instead}`);
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

function resolveIceServers(written: ConfigFile['webrtc']['ice_servers'], { report }: ResolveContext): IceServer[] {
  return written.map(({ urls, username, credential }, index) => {
    // RFC 5766 section 4: TURN allocates only with long-term credentials.
    if (urls.some((url) => /^turns?:/i.test(url)) && (username === undefined || credential === undefined)) {
      report(['webrtc', 'ice_servers', index], 'is a TURN server without credentials; add username: and credential:');
    }
    return { urls, ...(username === undefined ? {} : { username }), ...(credential === undefined ? {} : { credential }) };
  });
}

function resolveMedia(media: ConfigFile['media'], webrtc: ConfigFile['webrtc'], iceServers: IceServer[]): MediaConfig {
  const udpPorts = webrtc.udp_ports === undefined ? undefined : parsePortRange(webrtc.udp_ports);
  return {
    pull: media.pull,
    lingerMs: media.linger * 1000,
    keyframeCacheBytes: Math.round(media.keyframe_cache * 1024 * 1024),
    maxSessions: media.max_sessions,
    ice: { ...(udpPorts === undefined ? {} : { udpPorts }), advertise: webrtc.advertise, loopbackOnly: false, iceServers },
  };
}
