import { createHash, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { IncomingMessage } from 'node:http';

/** Whether a host as the config or a URL writes it is this machine itself: `localhost`, 127.0.0.0/8 or `::1`. */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  // RFC 6761 section 6.3: names under localhost never leave the machine; browsers hold to it.
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return isIPv4(name) && name.startsWith('127.');
}

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
export function tokenOf(request: IncomingMessage, url: URL): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  return bearer?.[1] ?? url.searchParams.get('token');
}

/** Compares in a time that depends on neither content nor length. */
export function sameToken(given: string | null, expected: string): boolean {
  return given !== null && timingSafeEqual(sha256(given), sha256(expected));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
