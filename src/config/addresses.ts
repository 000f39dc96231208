import { isIP, isIPv6 } from 'node:net';
import { isLoopbackHost } from '../base/loopback.ts';
import { formatRtspUrl, parseRtspUrl } from '../base/rtsp-url.ts';

/* How addresses are written in the config, read into their parts. All are undefined where the text is not of that form. */

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i;

export interface HostAndPort {
  /** A name or an address; IPv6 without brackets. */
  host: string;
  port: number;
}

/** `host:port`, `[::1]:port`. */
export function parseHostAndPort(text: string): HostAndPort | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const [, bracketed, plain, digits] = match ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || !isHost(host) || (bracketed !== undefined && !isIPv6(bracketed)) || port > 65_535) return undefined;
  return { host, port };
}

function isHost(text: string): boolean {
  // A name of digits and dots only is a mistyped address: `192.168.1.300`.
  return isIP(text) !== 0 || (HOST_NAME.test(text) && !/^[\d.]+$/.test(text));
}

/** An address of a NAT, and there the port that leads to the first of `udp_ports`. */
export interface AdvertisedAddress {
  address: string;
  firstPort?: number;
}

/** `203.0.113.7`, `2001:db8::7`, `203.0.113.7:60000`, `[2001:db8::7]:60000` */
export function parseAdvertised(text: string): AdvertisedAddress | undefined {
  if (isIP(text) !== 0) return { address: text };
  const { host = '', port = 0 } = parseHostAndPort(text) ?? {};
  return isIP(host) === 0 || port === 0 ? undefined : { address: host, firstPort: port };
}

/** `first-last`, both inclusive; werift takes no range of a single port. */
export function parsePortRange(text: string): { first: number; last: number } | undefined {
  const [, from, to] = /^(\d{1,5})\s*-\s*(\d{1,5})$/.exec(text) ?? [];
  const first = Number(from);
  const last = Number(to);
  return first >= 1 && last <= 65_535 && first < last ? { first, last } : undefined;
}

export interface OnvifAddress extends HostAndPort {
  /** By https. */
  secure?: true;
  /** Of the device service, when it is not the usual one. */
  path?: string;
}

/** A host, `host:port` or the http or https URL of the device service. */
export function parseOnvifAddress(text: string): OnvifAddress | undefined {
  if (/^https?:\/\//i.test(text)) {
    const url = URL.parse(text);
    if (url === null || url.username !== '' || url.password !== '') return undefined;
    const secure = url.protocol === 'https:';
    const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
    const address = { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, ...(secure ? { secure } : {}) };
    const path = `${url.pathname}${url.search}`;
    return path === '/' ? address : { ...address, path };
  }
  if (isHost(text)) return { host: text, port: 80 };
  const address = parseHostAndPort(text);
  return address === undefined || address.port === 0 ? undefined : address;
}

export interface Credentials {
  username: string;
  password: string;
}

/** An RTSP URL without its credentials, and these, so that no log can show them. */
export function parseRtspAddress(text: string): { url: string; host: string; credentials?: Credentials } | undefined {
  const parsed = parseRtspUrl(text);
  if (parsed === undefined || !isHost(parsed.host)) return undefined;
  const { host, credentials } = parsed;
  return { url: formatRtspUrl(parsed), host, ...(credentials === undefined ? {} : { credentials }) };
}

/** URL of a signaling server: `ws:` or `wss:`, without credentials or fragment (RFC 6455 section 3). */
export function isWebSocketUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^wss?:$/.test(url.protocol) && url.hash === '' && url.username === '' && url.password === '';
}

/** Of an authorization server: by https, by http on this machine only, and without parts that must not be there. */
export function isTrustworthyUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.hash !== '' || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
}

/** RFC 7064 and RFC 7065: `stun:host`, `turn:host:port?transport=udp`, `stuns:`, `turns:`. */
export function isIceServerUrl(text: string): boolean {
  const [, kind = '', host = '', transport] = /^(stun|turn)s?:([^?]+)(\?transport=(?:udp|tcp))?$/i.exec(text) ?? [];
  if (kind.toLowerCase() === 'stun' && transport !== undefined) return false;
  return isHost(host.replace(/^\[(.*)\]$/, '$1')) || parseHostAndPort(host) !== undefined;
}

/** An address, a network in CIDR notation, or an address with `*` in it. */
export function isAddressPattern(text: string): boolean {
  if (isIP(text) !== 0 || parseNetwork(text) !== undefined) return true;
  return text.includes('*') && /^[\da-f.:*]+$/i.test(text);
}

/** `192.168.1.0/24`, `2001:db8::/64` */
export function parseNetwork(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  const prefix = Number(digits);
  if (version === 0 || prefix > (version === 4 ? 32 : 128)) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
