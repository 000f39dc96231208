import { createPublicKey, type JsonWebKey } from 'node:crypto';

/** Whether an entry of a JSON Web Key Set is a key that can verify a signature: complete, of a known kind, and no shared secret. */
export function isPublicKey(key: unknown): boolean {
  try {
    createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    return true;
  } catch {
    return false;
  }
}
