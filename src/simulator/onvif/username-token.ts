import { createHash, timingSafeEqual } from 'node:crypto';
import { childText, type XmlElement, child } from './xml.ts';

/** How far a token's Created may be from the camera's clock, milliseconds; real cameras allow about this. */
const MAX_CLOCK_SKEW_MS = 5_000;

const MAX_REMEMBERED_NONCES = 4_096;

/**
 * Checks WS-Security UsernameTokens with PasswordDigest (WSS UsernameToken Profile 1.1 section 3.1). A nonce counts once:
 * it is remembered for as long as its Created would be accepted.
 */
export class UsernameTokenVerifier {
  readonly #username: string;
  readonly #password: string;
  /** Nonce to the camera's time after which its token is too old anyway. Oldest first. */
  readonly #nonces = new Map<string, number>();

  constructor(username: string, password: string) {
    this.#username = username;
    this.#password = password;
  }

  /** True where the header's token proves the password, `now` being the camera's time in milliseconds since 1970. */
  verify(security: XmlElement, now: number): boolean {
    const token = child(security, 'UsernameToken');
    const password = child(token, 'Password');
    const nonce = childText(token, 'Nonce');
    const created = childText(token, 'Created');
    if (password === undefined || nonce === undefined || created === undefined) return false;
    if (password.attributes.get('Type')?.endsWith('#PasswordDigest') !== true) return false;

    const createdAt = Date.parse(created);
    if (!(Math.abs(createdAt - now) <= MAX_CLOCK_SKEW_MS)) return false;

    const expected = createHash('sha1').update(Buffer.from(nonce, 'base64')).update(created).update(this.#password).digest();
    const given = Buffer.from(password.text, 'base64');
    if (
      childText(token, 'Username') !== this.#username ||
      given.length !== expected.length ||
      !timingSafeEqual(given, expected)
    ) {
      return false;
    }
    return this.#remember(nonce, createdAt + MAX_CLOCK_SKEW_MS, now);
  }

  /** False where the nonce was used before. */
  #remember(nonce: string, expiresAt: number, now: number): boolean {
    for (const [old, expiry] of this.#nonces) {
      if (expiry >= now && this.#nonces.size < MAX_REMEMBERED_NONCES) break;
      this.#nonces.delete(old);
    }
    if (this.#nonces.has(nonce)) return false;
    this.#nonces.set(nonce, expiresAt);
    return true;
  }
}
