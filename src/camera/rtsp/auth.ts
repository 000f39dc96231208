import { createHash, timingSafeEqual } from 'node:crypto';

/** Longer values of WWW-Authenticate and Authorization are cut: matching them takes time that grows with the square. */
const MAX_VALUE_LENGTH = 4096;

export interface Credentials {
  username: string;
  password: string;
  /** True: the password may be proved to be known, and not be told (Basic). */
  digestOnly?: boolean;
}

/** The `-sess` forms hash nonce and client nonce into the secret (RFC 7616 section 3.4.2). */
export type DigestAlgorithm = (typeof ALGORITHMS)[number];

/** From weak to strong; SHA-512-256 of RFC 7616 is missing, since its own example is in dispute and no camera is known to have it. */
const ALGORITHMS = ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess'] as const;

export interface DigestChallenge {
  scheme: 'Digest';
  realm: string;
  nonce: string;
  algorithm: DigestAlgorithm;
  /** False for the form of RFC 2069, which has neither `cnonce` nor `nc`. */
  qop: boolean;
  opaque?: string;
  /** The server says that only the nonce was too old, not the password wrong. */
  stale: boolean;
}

export interface BasicChallenge {
  scheme: 'Basic';
  realm: string;
}

export type Challenge = DigestChallenge | BasicChallenge;

/** What a request contributes to its digest. */
export interface AuthorizedRequest {
  method: string;
  uri: string;
  /** How often this nonce was used, this time included; counted from 1. */
  nonceCount: number;
  /** The client's own random string. */
  clientNonce: string;
}

/**
 * Challenges in the values of WWW-Authenticate, in their order; one value may hold several (RFC 9110 section 11.6.1).
 * Schemes, algorithms and protections that we do not have are left out.
 */
export function parseChallenges(values: readonly string[]): Challenge[] {
  return values.flatMap(splitChallenges).flatMap(({ scheme, parameters }): Challenge[] => {
    const realm = parameters.get('realm') ?? '';
    if (scheme === 'basic') return [{ scheme: 'Basic', realm }];
    const nonce = parameters.get('nonce');
    const algorithm = digestAlgorithm(parameters.get('algorithm'));
    const qop = (parameters.get('qop') ?? '').toLowerCase().split(/[\s,]+/);
    const isOldForm = qop.every((option) => option === '');
    if (scheme !== 'digest' || nonce === undefined || algorithm === undefined || !(isOldForm || qop.includes('auth'))) return [];
    const opaque = parameters.get('opaque');
    const stale = parameters.get('stale')?.toLowerCase() === 'true';
    return [{ scheme: 'Digest', realm, nonce, algorithm, qop: !isOldForm, ...(opaque === undefined ? {} : { opaque }), stale }];
  });
}

/** The strongest of several: SHA-256, then MD5, then Basic, in whatever order a camera offers them together (mediamtx#3116). */
export function strongestChallenge(challenges: readonly Challenge[]): Challenge | undefined {
  return challenges.toSorted((a, b) => strength(b) - strength(a))[0];
}

/** The nonce for the next request that a server names in its Authentication-Info (RFC 7616 section 3.5). */
export function nextNonce(value: string | undefined): string | undefined {
  return splitChallenges(`info ${value ?? ''}`)[0]?.parameters.get('nextnonce');
}

/** A WWW-Authenticate value, for a server. */
export function formatChallenge(challenge: Challenge): string {
  if (challenge.scheme === 'Basic') return `Basic realm="${quote(challenge.realm)}"`;
  const parts = [`realm="${quote(challenge.realm)}"`, `nonce="${quote(challenge.nonce)}"`];
  // RFC 2617 clients that know only MD5 may stumble over the parameter.
  if (challenge.algorithm !== 'MD5') parts.push(`algorithm=${challenge.algorithm}`);
  if (challenge.qop) parts.push('qop="auth"');
  if (challenge.opaque !== undefined) parts.push(`opaque="${quote(challenge.opaque)}"`);
  if (challenge.stale) parts.push('stale=true');
  return `Digest ${parts.join(', ')}`;
}

/** The Authorization value that answers a challenge (RFC 7616 section 3.4, RFC 2069 section 2.1.2, RFC 7617). */
export function formatAuthorization(challenge: Challenge, credentials: Credentials, request: AuthorizedRequest): string {
  const username = byteString(credentials.username);
  if (challenge.scheme === 'Basic') {
    return `Basic ${Buffer.from(`${username}:${byteString(credentials.password)}`, 'latin1').toString('base64')}`;
  }
  const nc = request.nonceCount.toString(16).padStart(8, '0');
  const qop = challenge.qop ? { qop: 'auth', nc } : undefined;
  const response = digestResponse({ ...challenge, ...request, ...credentials, qop, cnonce: request.clientNonce });
  const parts = [
    `username="${quote(username)}"`,
    `realm="${quote(challenge.realm)}"`,
    `nonce="${quote(challenge.nonce)}"`,
    `uri="${quote(request.uri)}"`,
    `response="${response}"`,
  ];
  if (challenge.algorithm !== 'MD5') parts.push(`algorithm=${challenge.algorithm}`);
  if (qop !== undefined) parts.push('qop=auth', `nc=${nc}`);
  if (qop !== undefined || isSession(challenge.algorithm)) parts.push(`cnonce="${quote(request.clientNonce)}"`);
  if (challenge.opaque !== undefined) parts.push(`opaque="${quote(challenge.opaque)}"`);
  return `Digest ${parts.join(', ')}`;
}

export interface AuthorizationCheck {
  method: string;
  credentials: Credentials;
  /** Realm that the server names in its challenges. */
  realm: string;
  /** Whether the server gave that nonce out and still accepts it. */
  isCurrentNonce: (nonce: string) => boolean;
  /** Whether Basic will do; default false. */
  allowBasic?: boolean;
}

/**
 * The server's side. `stale`: the password is right, the nonce is not current any more; challenge again with `stale`.
 * The `uri` parameter is hashed as it came and not compared with the request's, since clients differ in what they put there.
 */
export function verifyAuthorization(value: string | undefined, check: AuthorizationCheck): 'accepted' | 'stale' | 'refused' {
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(value ?? '');
  if (basic !== null) {
    const expected = Buffer.from(`${check.credentials.username}:${check.credentials.password}`, 'utf8');
    return check.allowBasic === true && isSame(expected, Buffer.from(basic[1] ?? '', 'base64')) ? 'accepted' : 'refused';
  }
  const [answer] = splitChallenges(value ?? '');
  const field = (name: string): string => answer?.parameters.get(name) ?? '';
  const algorithm = digestAlgorithm(answer?.parameters.get('algorithm'));
  if (answer?.scheme !== 'digest' || algorithm === undefined) return 'refused';
  if (field('username') !== byteString(check.credentials.username)) return 'refused';
  const expected = digestResponse({
    ...check.credentials,
    realm: check.realm,
    method: check.method,
    algorithm,
    nonce: field('nonce'),
    uri: field('uri'),
    qop: field('qop') === '' ? undefined : { qop: field('qop'), nc: field('nc') },
    cnonce: field('cnonce'),
  });
  if (!isSame(Buffer.from(expected), Buffer.from(field('response').toLowerCase()))) return 'refused';
  return check.isCurrentNonce(field('nonce')) ? 'accepted' : 'stale';
}

interface DigestInput extends Credentials {
  algorithm: DigestAlgorithm;
  realm: string;
  nonce: string;
  method: string;
  uri: string;
  qop: { qop: string; nc: string } | undefined;
  cnonce: string;
}

function digestResponse(input: DigestInput): string {
  const name = input.algorithm.startsWith('MD5') ? 'md5' : 'sha256';
  const hash = (text: string): string => createHash(name).update(text, 'latin1').digest('hex');
  const password = hash(`${byteString(input.username)}:${input.realm}:${byteString(input.password)}`);
  const secret = isSession(input.algorithm) ? hash(`${password}:${input.nonce}:${input.cnonce}`) : password;
  const request = hash(`${input.method}:${input.uri}`);
  const qop = input.qop === undefined ? '' : `${input.qop.nc}:${input.cnonce}:${input.qop.qop}:`;
  return hash(`${secret}:${input.nonce}:${qop}${request}`);
}

function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  const wanted = (name ?? 'MD5').toUpperCase();
  return ALGORITHMS.find((each) => each.toUpperCase() === wanted);
}

function isSession(algorithm: DigestAlgorithm): boolean {
  return algorithm.endsWith('-sess');
}

function strength(challenge: Challenge): number {
  if (challenge.scheme === 'Basic') return 0;
  return 1 + ALGORITHMS.indexOf(challenge.algorithm);
}

/** UTF-8 as one character a byte, as message heads are kept. */
function byteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function quote(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** `Digest a=1, b="2", Basic realm="3"` into schemes with their parameters (names in lower case). */
function splitChallenges(value: string): { scheme: string; parameters: Map<string, string> }[] {
  const found: { scheme: string; parameters: Map<string, string> }[] = [];
  const item = /([A-Za-z][\w-]*)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))|(?=\s|,|$))/g;
  for (const [, name = '', quoted, token] of value.slice(0, MAX_VALUE_LENGTH).matchAll(item)) {
    if (quoted === undefined && token === undefined) found.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else found.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token ?? '');
  }
  return found;
}
