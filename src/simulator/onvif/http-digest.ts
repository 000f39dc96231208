import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export type DigestAlgorithm = 'MD5' | 'SHA-256';

const NONCE_LIFETIME_MS = 300_000;
const MAX_NONCES = 1_024;
const MAX_USES_PER_NONCE = 1_024;

interface IssuedNonce {
  issuedAt: number;
  /** Nonce counts that were used; each counts once (RFC 7616 section 3.4). */
  used: Set<string>;
}

/** Checks HTTP Digest (RFC 7616, qop=auth) and makes the challenges. */
export class HttpDigestVerifier {
  readonly #username: string;
  readonly #password: string;
  readonly #realm: string;
  readonly #algorithms: readonly DigestAlgorithm[];
  /** Oldest first. */
  readonly #nonces = new Map<string, IssuedNonce>();

  constructor(username: string, password: string, realm: string, algorithms: readonly DigestAlgorithm[]) {
    this.#username = username;
    this.#password = password;
    this.#realm = realm;
    this.#algorithms = algorithms;
  }

  /** Values for WWW-Authenticate, one for each algorithm, in the order of preference. */
  challenges(now: number): string[] {
    const nonce = randomBytes(18).toString('base64url');
    for (const [old, issued] of this.#nonces) {
      if (issued.issuedAt + NONCE_LIFETIME_MS > now && this.#nonces.size < MAX_NONCES) break;
      this.#nonces.delete(old);
    }
    this.#nonces.set(nonce, { issuedAt: now, used: new Set() });
    return this.#algorithms.map((algorithm) => `Digest realm="${this.#realm}", qop="auth", nonce="${nonce}", algorithm=${algorithm}`);
  }

  /** True where the Authorization header proves the password for this method; the URI is taken from the header. */
  verify(authorization: string, method: string, now: number): boolean {
    const fields = parseDigest(authorization);
    const field = (name: string): string => fields.get(name) ?? '';
    const algorithm = this.#algorithms.find((candidate) => candidate === (fields.get('algorithm') ?? 'MD5').toUpperCase());
    const issued = this.#nonces.get(field('nonce'));
    if (algorithm === undefined || issued === undefined || field('qop') !== 'auth') return false;
    if (issued.issuedAt + NONCE_LIFETIME_MS <= now || issued.used.size >= MAX_USES_PER_NONCE || issued.used.has(field('nc'))) return false;

    const hash = (...parts: string[]): string =>
      createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
        .update(parts.join(':'))
        .digest('hex');
    const expected = hash(
      hash(this.#username, this.#realm, this.#password),
      field('nonce'),
      field('nc'),
      field('cnonce'),
      'auth',
      hash(method, field('uri')),
    );
    const given = Buffer.from(field('response').toLowerCase());
    if (given.length !== expected.length || !timingSafeEqual(given, Buffer.from(expected))) return false;
    if (field('username') !== this.#username) return false;
    issued.used.add(field('nc'));
    return true;
  }
}

/** The parameters of a `Digest` header; quoted or bare values. The header is bounded by the HTTP parser. */
function parseDigest(header: string): Map<string, string> {
  const fields = new Map<string, string>();
  if (!/^digest\s/i.test(header)) return fields;
  for (const match of header.slice('digest'.length).matchAll(/([a-z]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/gi)) {
    fields.set((match[1] ?? '').toLowerCase(), match[2] ?? match[3] ?? '');
  }
  return fields;
}
