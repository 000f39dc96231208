/*
 * Which URL a request is for (RFC 2326 appendix C.1.1), with what cameras make of it. Only used as text inside requests on the
 * connection that is already there; nothing is ever connected to because a camera named it.
 */

/**
 * Base for the control attributes of a description: Content-Base, else Content-Location, else the URL that was asked for.
 * Repairs a doubled scheme (`rtsp://rtsp://host/`: go2rtc#208), a missing one (`host/path`: Anjvision, go2rtc#1852) and a bare path.
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

/** Undefined where there is nothing to be made of it. */
export function repair(given: string, requested: string): string | undefined {
  const single = given.replace(/^(?:rtsps?:\/\/)+(?=rtsps?:\/\/)/i, '');
  if (/^rtsps?:\/\/[^/]/i.test(single)) return single;
  const [origin] = /^rtsps?:\/\/[^/?]+/i.exec(requested) ?? [];
  if (origin !== undefined && single.startsWith('/')) return origin + single;
  if (/^(?:\[[\da-f:.]+\]|[\w-]+(?:\.[\w-]+)+|[\w-]+:\d+)(?::\d+)?(?:\/|$)/i.test(single)) return `rtsp://${single}`;
  return undefined;
}
