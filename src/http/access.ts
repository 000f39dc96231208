import { createHash, timingSafeEqual } from 'node:crypto';
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
export function tokenOf(request: IncomingMessage, url: URL): string | null {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  return bearer?.[1] ?? url.searchParams.get('token');
}

/** A token of viewers. */
export interface ViewerToken {
  token: string;
  /** Ids of the cameras that it opens; absent: all. */
  cameras?: readonly string[];
}

/** What a request may see. */
export interface ViewerGrant {
  /** Absent: everything. */
  cameras?: ReadonlySet<string>;
}

/** Judges the tokens of viewers, in a time that depends neither on their content nor on which one matches. */
export class ViewerAccess {
  readonly #tokens: readonly { digest: Buffer; grant: ViewerGrant }[];

  constructor(tokens: readonly ViewerToken[]) {
    this.#tokens = tokens.map(({ token, cameras }) => ({
      digest: sha256(token),
      grant: cameras === undefined ? {} : { cameras: new Set(cameras) },
    }));
  }

  /** Undefined where the token opens nothing. With no tokens at all everything is open. */
  grant(given: string | null): ViewerGrant | undefined {
    if (this.#tokens.length === 0) return {};
    const digest = sha256(given ?? '');
    let found: ViewerGrant | undefined;
    for (const entry of this.#tokens) if (timingSafeEqual(entry.digest, digest)) found = entry.grant;
    return given === null ? undefined : found;
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
