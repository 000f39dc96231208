import type { ConfiguredIceServer } from '../base/turn-credentials.ts';
import { parseAdvertised, parsePortRange, type AdvertisedAddress } from './addresses.ts';
import type { MediaConfig } from './gateway-config.ts';
import { secretOf, type ResolveContext } from './resolve-context.ts';
import type { ConfigFile } from './schema.ts';

export function resolveIceServers(written: ConfigFile['webrtc']['ice_servers'], context: ResolveContext): ConfiguredIceServer[] {
  return written.map((server, index) => {
    const { urls, username, credential } = server;
    const path = ['webrtc', 'ice_servers', index];
    const hasSecret = server.secret !== undefined || server.secret_file !== undefined;
    const secret = secretOf('secret', { value: server.secret, file: server.secret_file }, path, context);
    const beside = username === undefined ? 'credential' : 'username';
    if (hasSecret && server[beside] !== undefined)
      context.report(
        [...path, beside],
        'stands beside a secret, from which it is made for each session; remove one of the two',
        'key',
      );
    // RFC 8656 section 5: TURN allocates only with long-term credentials.
    else if (!hasSecret && urls.some((url) => /^turns?:/i.test(url)) && (username === undefined || credential === undefined))
      context.report(path, 'is a TURN server without credentials; add username: and credential:, or secret:');
    return {
      urls,
      ...(username === undefined ? {} : { username }),
      ...(credential === undefined ? {} : { credential }),
      ...(secret === undefined ? {} : { secret }),
    };
  });
}

/** Ports of a NAT follow those of `udp_ports` one by one. */
export function resolveAdvertise(webrtc: ConfigFile['webrtc'], { report }: ResolveContext): AdvertisedAddress[] {
  const ports = webrtc.udp_ports === undefined ? undefined : parsePortRange(webrtc.udp_ports);
  return webrtc.advertise.flatMap((written, index) => {
    const advertised = parseAdvertised(written);
    if (advertised?.firstPort === undefined) return advertised ?? [];
    const path = ['webrtc', 'advertise', index];
    if (ports === undefined) report(path, 'names the first port of a range, and there is none; add webrtc.udp_ports');
    else if (advertised.firstPort + ports.last - ports.first > 65_535)
      report(path, `has no room for the ${ports.last - ports.first + 1} ports of webrtc.udp_ports; write a lower port`);
    return advertised;
  });
}

export function resolveMedia(
  media: ConfigFile['media'],
  webrtc: ConfigFile['webrtc'],
  iceServers: ConfiguredIceServer[],
  advertise: AdvertisedAddress[],
): MediaConfig {
  const udpPorts = webrtc.udp_ports === undefined ? undefined : parsePortRange(webrtc.udp_ports);
  return {
    pull: media.pull,
    lingerMs: media.linger * 1000,
    keyframeCacheBytes: Math.round(media.keyframe_cache * 1024 * 1024),
    maxSessions: media.max_sessions,
    maxSessionsPerCamera: media.max_sessions_per_camera,
    transcode: media.transcode,
    adaptive: media.adaptive,
    ...(media.workers === undefined ? {} : { workers: media.workers }),
    ice: {
      ...(udpPorts === undefined ? {} : { udpPorts }),
      ...(webrtc.interfaces === undefined ? {} : { interfaces: webrtc.interfaces }),
      advertise,
      loopbackOnly: false,
      iceServers,
    },
  };
}
