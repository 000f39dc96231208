import { type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import type { Logger } from '../base/log.ts';
import { SaidLately } from '../base/said-lately.ts';
import type { JwtConfig } from '../config/gateway-config.ts';
import type { Grant, TokenVerifier } from './grant.ts';
import { Jwks } from './jwks.ts';

/**
 * Either by the shared secret or by public keys, never both: a token can thus not pass a public key off as the secret (RFC 8725
 * section 2.1). What a key of the set is for narrows it further.
 */
const BY_SECRET = ['HS256'];
const BY_PUBLIC_KEY = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** How far the clocks of issuer and gateway may be apart. */
const SKEW_SECONDS = 30;
const MAX_TOKEN_LENGTH = 8192;
const PEER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** JSON Web Tokens (RFC 7519) of one issuer. */
export class JwtVerifier implements TokenVerifier {
  readonly #options: JWTVerifyOptions;
  readonly #secret: Uint8Array | undefined;
  readonly #jwks: Jwks | undefined;
  readonly #log: Logger;
  readonly #said = new SaidLately();

  constructor({ secret, jwks, issuer, audience }: JwtConfig, log: Logger) {
    this.#log = log;
    this.#secret = secret === undefined ? undefined : new TextEncoder().encode(secret);
    this.#jwks = jwks === undefined ? undefined : new Jwks({ source: jwks, log });
    this.#options = {
      algorithms: secret === undefined ? BY_PUBLIC_KEY : BY_SECRET,
      clockTolerance: SKEW_SECONDS,
      requiredClaims: ['exp'],
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
  }

  /** Reads the keys, so that the log says at the start what is wrong with them. */
  async prepare(): Promise<void> {
    await this.#jwks?.look();
  }

  async verify(token: string | undefined): Promise<Grant | undefined> {
    if (token === undefined || token.length > MAX_TOKEN_LENGTH || token.split('.').length !== 3) return undefined;
    try {
      const { payload } = await this.#payloadOf(token);
      const grant = grantOf(payload);
      if (grant === undefined) this.#refused('its claims role, peer or cameras cannot be used');
      return grant;
    } catch (error) {
      // Of jose, or of a key of the issuer that cannot be used at all.
      this.#refused(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #payloadOf(token: string): Promise<{ payload: JWTPayload }> {
    if (this.#jwks !== undefined) return jwtVerify(token, this.#jwks.keyOf, this.#options);
    return jwtVerify(token, this.#secret ?? new Uint8Array(), this.#options);
  }

  #refused(why: string): void {
    if (this.#said.due(why) !== undefined) this.#log.info(`A JSON Web Token was refused: ${why}`);
  }
}

/**
 * What the claims grant. `role` is `client` where it is absent. Of a client: `cameras`, the ids that it may see, all where the claim is
 * absent. Of a device: `peer`, the id that it gets.
 */
function grantOf({ exp, role = 'client', cameras, peer }: JWTPayload): Grant | undefined {
  const expiresAt = ((exp ?? 0) + SKEW_SECONDS) * 1000;
  if (role === 'device') return typeof peer === 'string' && PEER.test(peer) ? { role, peer, expiresAt } : undefined;
  if (role !== 'client') return undefined;
  if (cameras === undefined) return { role, expiresAt };
  if (!Array.isArray(cameras) || !cameras.every((id) => typeof id === 'string')) return undefined;
  return { role, peers: new Set(cameras), expiresAt };
}
