import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { printable } from '../base/printable.ts';
import { FileFault, readWholeFile } from './file-fault.ts';

/** A private key that signs JSON Web Tokens. */
export interface SigningKey {
  key: KeyObject;
  /** Of JWS (RFC 7518 section 3.1, RFC 8037, RFC 9864). */
  algorithm: string;
  /** The `kid` of a JWK that has one. */
  keyId?: string;
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
/** What the `alg` of a JWK may say where the kind of key leaves a choice. */
const ALTERNATIVES: Readonly<Record<string, RegExp>> = {
  RS256: /^[RP]S(256|384|512)$/,
  EdDSA: /^(EdDSA|Ed25519)$/,
};
/** RFC 7518 section 3.3. */
const MIN_RSA_BITS = 2048;

/**
 * A private key in PEM, unencrypted.
 *
 * @throws FileFault
 */
export function parsePrivateKey(code: string, file: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE' || /ENCRYPTED/.test(pem)) {
      throw new FileFault(code, `the key in ${file} is encrypted`, `write it without a passphrase: openssl pkey -in ${file}`);
    }
    throw new FileFault(code, `the file ${file} holds no private key in PEM`, 'name the file of the key, not of the certificate');
  }
}

/**
 * Reads a key in PEM or as a JWK (RFC 7517); what it signs with is told by the kind of key, or by the `alg` of the JWK.
 *
 * @throws FileFault
 */
export function readSigningKey(code: string, file: string): SigningKey {
  const text = readWholeFile(code, file);
  const jwk = text.trimStart().startsWith('{') ? parseJwk(code, file, text) : undefined;
  const key = jwk === undefined ? parsePrivateKey(code, file, text) : keyOfJwk(code, file, jwk);
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw new FileFault(code, `the key in ${file} is none that signs`, 'make one of RSA (2048 bits or more), P-256 or Ed25519');
  }
  const { alg, kid } = jwk ?? {};
  if (typeof alg === 'string' && !(ALTERNATIVES[algorithm]?.test(alg) ?? alg === algorithm)) {
    throw new FileFault(code, `the key in ${file} is for ${printable(alg, 20)}`, 'make one that signs');
  }
  return { key, algorithm: typeof alg === 'string' ? alg : algorithm, ...(typeof kid === 'string' ? { keyId: kid } : {}) };
}

function parseJwk(code: string, file: string, text: string): JsonWebKey {
  try {
    return JSON.parse(text) as JsonWebKey;
  } catch {
    throw new FileFault(code, `the file ${file} is not JSON`, 'write the key as PEM or as one JWK');
  }
}

function keyOfJwk(code: string, file: string, jwk: JsonWebKey): KeyObject {
  if (jwk['keys'] !== undefined) throw new FileFault(code, `the file ${file} holds a set of keys`, 'write the one JWK alone');
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' });
  } catch {
    throw new FileFault(code, `the file ${file} holds no private key`, 'write the private JWK, with its member d');
  }
}

/** Undefined where there is none, or none that is strong enough. */
function algorithmOf(key: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') return modulusLength < MIN_RSA_BITS ? undefined : 'RS256';
  if (key.asymmetricKeyType === 'ec') return CURVES[namedCurve];
  return key.asymmetricKeyType === 'ed25519' ? 'EdDSA' : undefined;
}
