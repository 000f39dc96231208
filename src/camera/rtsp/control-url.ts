import type { Credentials } from './auth.ts';

/*
 * Which URL a request is for (RFC 2326 appendix C.1.1), with what cameras make of it. Only used as text inside requests on the
 * connection that is already there; nothing is ever connected to because a camera named it.
 */

/**
 * Base for the control attributes of a description: Content-Base, else Content-Location, else the URL that was asked for.
 * Repairs a doubled scheme (`rtsp://rtsp://host/`: go2rtc#208), a missing one (`host/path`, Anjvision: go2rtc#1852) and a bare path.
 */
export function baseUrl(requested: string, contentBase: string | undefined, contentLocation: string | undefined): string {
  const given = (contentBase || contentLocation || '').trim();
  return repair(given, requested) ?? requested;
}

/**
 * URL of a track or of the session for its control attribute. `*` and nothing at all mean the base. A relative one is put
 * behind the base, query included (`rtsp://host/live?channel=1/trackID=0`), since this is what cameras expect (mediamtx#683); RFC 1808
 * resolution would drop the query and the last path segment. There is one slash between them (Verint S1816e: go2rtc#1236).
 */
export function controlUrl(base: string, control: string | undefined): string {
  const relative = (control ?? '').trim();
  if (relative === '' || relative === '*') return base;
  if (/^rtsps?:\/\//i.test(relative)) return repair(relative, base) ?? base;
  if (relative.startsWith('?')) return base + relative;
  return `${base.replace(/\/$/, '')}/${relative.replace(/^\//, '')}`;
}

function repair(given: string, requested: string): string | undefined {
  const single = given.replace(/^(?:rtsps?:\/\/)+(?=rtsps?:\/\/)/i, '');
  if (/^rtsps?:\/\/[^/]/i.test(single)) return single;
  const [origin] = /^rtsps?:\/\/[^/?]+/i.exec(requested) ?? [];
  if (origin !== undefined && single.startsWith('/')) return origin + single;
  if (/^(?:\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)+|[\w-]+:\d+)(?::\d+)?(?:\/|$)/i.test(single)) return `rtsp://${single}`;
  return undefined;
}

export interface RtspTarget {
  host: string;
  /** As the URL says; undefined where it does not. */
  port: number | undefined;
  /** `rtsps:`, RTSP inside TLS. */
  secure: boolean;
  /** Path and query. */
  path: string;
  /** As it stands in requests: without user name and password. */
  uri: string;
  credentials: Credentials | undefined;
}

/** Takes `rtsp://[user:password@]host[:port]/path?query` apart; undefined when it is no such URL. */
export function parseRtspUrl(url: string): RtspTarget | undefined {
  const parsed = URL.parse(url);
  if (parsed === null || !/^rtsps?:$/.test(parsed.protocol) || parsed.hostname === '') return undefined;
  const hasUser = parsed.username !== '';
  const credentials = hasUser ? { username: unescape(parsed.username), password: unescape(parsed.password) } : undefined;
  parsed.username = '';
  parsed.password = '';
  return {
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? undefined : Number(parsed.port),
    secure: parsed.protocol === 'rtsps:',
    path: `${parsed.pathname || '/'}${parsed.search}`,
    uri: parsed.href,
    credentials,
  };
}

/**
 * Where a redirect leads: within the same host only, which the camera may call by the address that was reached, and not out of TLS.
 * Undefined when we do not go there.
 */
export function redirectTarget(location: string, from: RtspTarget, reachedAddress: string): RtspTarget | undefined {
  const target = parseRtspUrl(repair(location.trim(), from.uri) ?? '');
  if (target === undefined || (from.secure && !target.secure)) return undefined;
  const isSameHost = target.host.toLowerCase() === from.host.toLowerCase() || target.host === reachedAddress;
  // The name that we were given is the one that a certificate is checked for.
  return isSameHost ? { ...target, host: from.host, credentials: undefined } : undefined;
}

/** Percent-decodes; a lone `%`, as passwords have them, stays what it is. */
function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
