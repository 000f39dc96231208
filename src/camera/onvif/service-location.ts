import { bracketHost } from '../../base/rtsp-url.ts';

/** Where a service is posted to: always at the host by which we reached the camera. */
export interface ServiceLocation {
  /** By https. */
  secure: boolean;
  port: number;
  path: string;
}

/**
 * The place of a service from its XAddr. A camera behind NAT writes the address that it sees itself (frigate#18352), one that was moved the
 * address that it had (SriHome: go2rtc#1948, scrypted#1839), and an address that came from the network must not lead us to another host, nor
 * from https to http: only path and query are taken (a PullPoint may be told from others by its `?Idx=`: core#83524), and the port where
 * scheme and host are those by which we talk to the camera. Undefined where it is no HTTP URL.
 */
export function serviceLocation(
  xaddr: string,
  reached: { host: string; port: number; secure: boolean },
): ServiceLocation | undefined {
  const url = URL.parse(xaddr);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  const { secure } = reached;
  const sameScheme = url.protocol === (secure ? 'https:' : 'http:');
  const samePlace = sameScheme && url.hostname.toLowerCase() === bracketHost(reached.host).toLowerCase();
  const written = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { secure, port: samePlace ? written : reached.port, path: `${url.pathname}${url.search}` };
}

/** A service's place as a URL. */
export function locationUrl(host: string, { secure, port, path }: ServiceLocation): string {
  const scheme = secure ? 'https' : 'http';
  const isUsual = port === (secure ? 443 : 80);
  return `${scheme}://${bracketHost(host)}${isUsual ? '' : `:${port}`}${path}`;
}
