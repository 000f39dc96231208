/** The embedded signaling server of the gateway that sent the page. */
export const OWN_SERVER = '/signaling';

/** What the page's address asks for. */
export interface PageAddress {
  /** For the gateway's API and for signaling; null where the address has none. */
  token: string | null;
  /** One camera at any signaling server, in place of this gateway's cameras. */
  single: { server: string; peer: string; profile: string | null } | null;
}

/** Reads `?token=`, `?server=`, `?peer=` and `?profile=`; `server` may be left out for the server that sent the page. */
export function readAddress(search: string): PageAddress {
  const query = new URLSearchParams(search);
  const peer = query.get('peer');
  return {
    token: query.get('token'),
    single: peer === null ? null : { server: query.get('server') ?? OWN_SERVER, peer, profile: query.get('profile') },
  };
}

/** The query without the token, so that it is not read over a shoulder, copied with the address or kept in the history. */
export function withoutToken(search: string): string {
  const query = new URLSearchParams(search);
  query.delete('token');
  const rest = query.toString();
  return rest === '' ? '' : `?${rest}`;
}

/** A WebSocket URL for a signaling server given as such, as an http(s) URL, or as a path on the page's own server; null when it is none. */
export function signalingUrl(server: string, pageUrl: string): string | null {
  const url = URL.parse(server, pageUrl);
  if (url === null) return null;
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  return url.protocol === 'ws:' || url.protocol === 'wss:' ? url.href : null;
}

/** Whether the WebSocket URL is on the server that sent the page: same host, port and security. */
export function isOwnServer(url: string, pageUrl: string): boolean {
  const page = URL.parse(pageUrl);
  return page !== null && URL.parse(url)?.origin === page.origin.replace(/^http/, 'ws');
}
