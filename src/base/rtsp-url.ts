import { isIPv6 } from 'node:net';

/** An RTSP URL in its parts; what is not decoded is to the letter, since cameras compare paths and queries letter by letter. */
export interface RtspUrl {
  /** `rtsps:`, RTSP inside TLS. */
  secure: boolean;
  /** Percent-decoded. */
  credentials: { username: string; password: string } | undefined;
  /** A name or an address, IPv6 without brackets; empty where there is none. */
  host: string;
  /** Undefined where it says none. */
  port: number | undefined;
  /** Path and query. */
  path: string;
}

const RTSP_URL = /^(rtsps?):\/\/(?:([^/?#\s]*)@)?(\[[^\]\s]*\]|[\w.-]*)(?::(\d{1,5}))?(?=[/?#]|$)(\S*)$/i;

/**
 * Takes `rtsp://user:password@host:port/path?query` apart; undefined where it is none. Credentials end at the last `@` before the path and
 * are taken as they are where they are not percent-encoded: installers paste passwords with `@` or `%`, and cameras name such URLs, too.
 */
export function parseRtspUrl(text: string): RtspUrl | undefined {
  const [match, scheme = '', userInfo = '', host = '', digits, path = ''] = RTSP_URL.exec(text.trim()) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  const [, address] = /^\[(.*)\]$/.exec(host) ?? [];
  const isBroken = (port !== undefined && port > 65_535) || (address !== undefined && !isIPv6(address));
  if (match === undefined || isBroken) return undefined;
  const secure = scheme.toLowerCase() === 'rtsps';
  return { secure, credentials: credentialsOf(userInfo), host: address ?? host, port, path };
}

/** The URL without its credentials. */
export function formatRtspUrl({ secure, host, port, path }: Omit<RtspUrl, 'credentials'>): string {
  return `rtsp${secure ? 's' : ''}://${bracketHost(host)}${port === undefined ? '' : `:${port}`}${path}`;
}

/** An IPv6 address in brackets, as URLs want it; anything else as it is. */
export function bracketHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

function credentialsOf(userInfo: string): RtspUrl['credentials'] {
  if (userInfo === '') return undefined;
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/.exec(userInfo) ?? [];
  return { username: decodePercent(username), password: decodePercent(password) };
}

/** A lone `%` stays what it is. */
function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
