import { bracketHost } from '../stream-uri.ts';

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
  const samePlace = url.protocol === 'http:' && url.hostname.toLowerCase() === bracketHost(reached.host).toLowerCase();
  const port = samePlace ? Number(url.port === '' ? 80 : url.port) : reached.port;
  return { port, path: `${url.pathname}${url.search}` };
}
