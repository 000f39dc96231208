import type { IncomingMessage } from 'node:http';
import { isLoopbackHost } from '../base/loopback.ts';

/**
 * Whether the `Host` of a request to a server on loopback is one that only this machine can mean. A page from elsewhere whose name was made to
 * resolve to 127.0.0.1 (DNS rebinding) would otherwise count as same-origin with us.
 */
export function isLoopbackAuthority(authority: string | undefined): boolean {
  if (authority === undefined || /[/?#@\\\s]/.test(authority)) return false;
  const url = URL.parse(`http://${authority}`);
  return url !== null && isLoopbackHost(url.hostname);
}

/** The token of a request: `Authorization: Bearer` (RFC 6750 section 2.1) or, for links typed by people, `?token=`. */
export function tokenOf(request: IncomingMessage, url: URL): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  return bearer?.[1] ?? url.searchParams.get('token') ?? undefined;
}
