import { BlockList, isIP } from 'node:net';
import { formatRtspUrl, parseRtspUrl, type RtspUrl } from '../../base/rtsp-url.ts';
import { repair } from './control-url.ts';

/** Where a stream is. */
export interface RtspTarget extends RtspUrl {
  /** As it stands in requests: without user name and password, zone of an address, and of printable ASCII (RFC 3986 section 2). */
  uri: string;
}

/** Undefined where the text is no RTSP URL with a host. */
export function rtspTarget(url: string): RtspTarget | undefined {
  const parsed = parseRtspUrl(url);
  if (parsed === undefined || parsed.host === '') return undefined;
  const path = parsed.path.replace(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(text.toWellFormed()));
  return { ...parsed, path, uri: formatRtspUrl({ ...parsed, host: parsed.host.replace(/%.*$/, ''), path }) };
}

/**
 * Where a redirect leads, if we go there: the same host, which the camera may call by the address that was reached; or, as recorders send
 * to the camera behind them, an address of the same private network (the same /24, or /64 of IPv6). Never to a public address, to a
 * name that would have to be looked up, or out of TLS.
 */
export function redirectTarget(location: string, from: RtspTarget, reachedAddress: string): RtspTarget | undefined {
  const target = rtspTarget(repair(location.trim(), from.uri) ?? '');
  if (target === undefined || (from.secure && !target.secure)) return undefined;
  const isSameHost = target.host.toLowerCase() === from.host.toLowerCase() || target.host === reachedAddress;
  if (!isSameHost && !isSamePrivateNetwork(target.host, reachedAddress)) return undefined;
  // The name that we were given is the one that a certificate is checked for.
  return { ...target, host: isSameHost ? from.host : target.host, credentials: undefined };
}

/** RFC 1918, RFC 3927, RFC 4193 and loopback. */
const PRIVATE = new BlockList();
PRIVATE.addSubnet('10.0.0.0', 8);
PRIVATE.addSubnet('172.16.0.0', 12);
PRIVATE.addSubnet('192.168.0.0', 16);
PRIVATE.addSubnet('169.254.0.0', 16);
PRIVATE.addSubnet('127.0.0.0', 8);
PRIVATE.addSubnet('fc00::', 7, 'ipv6');

function isSamePrivateNetwork(address: string, reached: string): boolean {
  const version = isIP(address);
  if (version === 0 || version !== isIP(reached)) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const network = new BlockList();
  network.addSubnet(reached, version === 6 ? 64 : 24, family);
  return network.check(address, family) && PRIVATE.check(address, family);
}
