/** Where a service is posted to: always at the host by which we reached the camera. */
export interface ServiceLocation {
  port: number;
  path: string;
}

/**
 * The place of a service from its XAddr. A camera behind NAT writes the address that it sees itself, and an address that
 * came from the network must not lead us to another host: only path and query are taken, and the port where the host is
 * the one that we talk to. Undefined where it is no HTTP URL.
 */
export function serviceLocation(xaddr: string, reached: { host: string; port: number }): ServiceLocation | undefined {
  const url = URL.parse(xaddr);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  const samePlace = url.protocol === 'http:' && url.hostname.toLowerCase() === bracketed(reached.host).toLowerCase();
  const port = samePlace ? Number(url.port === '' ? 80 : url.port) : reached.port;
  return { port, path: `${url.pathname}${url.search}` };
}

/** `rtsp://user:password@host:port/path`, credentials optional; a password may hold an `@`, a path may too. */
const RTSP_URI = /^(rtsps?):\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^/?#:@]*)(:\d{1,5})?(?=[/?#]|$)(\S*)$/i;

/**
 * The stream URI as we can use it: credentials removed (they travel apart), host replaced by the one by which we reached
 * the camera; port, path and query are kept to the letter, since cameras compare them so. Undefined where it is none.
 */
export function reachableStreamUri(uri: string, reachedHost: string): string | undefined {
  const match = RTSP_URI.exec(uri.trim());
  if (match === null) return undefined;
  const [, scheme = '', port = '', rest = ''] = match;
  return `${scheme.toLowerCase()}://${bracketed(reachedHost)}${port}${rest}`;
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
