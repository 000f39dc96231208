/** An RTSP URI in the parts that we treat apart; `scheme`, `port` (with its colon) and `rest` are to the letter. */
interface StreamUriParts {
  scheme: string;
  credentials: { username: string; password: string } | undefined;
  host: string;
  port: string;
  /** Path and query. */
  rest: string;
}

/** `rtsp://user:password@host:port/path?query`; a password may hold an `@`, and so may a path. No white space anywhere. */
const RTSP_URI = /^(rtsps?:\/\/)(?:([^/?#\s]*)@)?(\[[^\]\s]*\]|[^/?#:@\s]*)(:\d{1,5})?(?=[/?#]|$)(\S*)$/i;

/** Takes an RTSP URI apart without rewriting it: cameras compare their paths and queries letter by letter. Undefined where it is none. */
export function splitStreamUri(uri: string): StreamUriParts | undefined {
  const match = RTSP_URI.exec(uri.trim());
  if (match === null) return undefined;
  const [, scheme = '', userinfo, host = '', port = '', rest = ''] = match;
  return { scheme: scheme.toLowerCase(), credentials: credentialsOf(userinfo), host, port, rest };
}

/**
 * The URI as we can use it: credentials removed (they travel apart), and, where `reachedHost` is given, at this host: a camera
 * behind NAT names an address that it sees itself, and no answer may lead us to a host that the config does not name.
 */
export function withoutCredentials(parts: StreamUriParts, reachedHost?: string): string {
  return `${parts.scheme}${reachedHost === undefined ? parts.host : bracketHost(reachedHost)}${parts.port}${parts.rest}`;
}

/** An IPv6 address in brackets, as URIs want it; anything else as it is. */
export function bracketHost(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** An RTSP URI of the config may carry the credentials; they hold for all streams of the camera. */
export function credentialsInUris(
  uris: Readonly<Record<string, string>> = {},
): { username: string; password: string } | undefined {
  for (const uri of Object.values(uris)) {
    const credentials = splitStreamUri(uri)?.credentials;
    if (credentials !== undefined) return credentials;
  }
  return undefined;
}

function credentialsOf(userinfo: string | undefined): { username: string; password: string } | undefined {
  if (userinfo === undefined || userinfo === '') return undefined;
  const colon = userinfo.indexOf(':');
  const username = colon === -1 ? userinfo : userinfo.slice(0, colon);
  return { username: decodePercent(username), password: colon === -1 ? '' : decodePercent(userinfo.slice(colon + 1)) };
}

function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
