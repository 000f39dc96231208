import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { OAuthClient } from '../../../config/gateway-config.ts';
import { readSigningKey } from '../../../config/private-key.ts';
import { readSecret } from './token-source.ts';

/** Code of errors about the files that hold secret or key. */
const CODE = 'oauth.client';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** An assertion is used at once; the rest is for clocks that differ. */
const ASSERTION_LIFETIME_S = 60;

/** How a client shows the token endpoint who it is. */
export interface ClientAuthentication {
  headers: Record<string, string>;
  parameters: Record<string, string>;
  /** What must stand in no error text. */
  secret: string;
}

/**
 * Secret or key are read anew each time, so that they can be exchanged while the gateway runs.
 *
 * @param tokenEndpoint for whom the assertion of `private_key_jwt` is meant (RFC 7523 section 3)
 * @throws GatewayError `oauth.client` where the file of the secret or of the key cannot be used.
 */
export async function authenticateClient(client: OAuthClient, tokenEndpoint: string): Promise<ClientAuthentication> {
  const { id, method } = client;
  switch (method) {
    case 'client_secret_basic': {
      // RFC 6749 section 2.3.1: both are form-urlencoded before they are joined; a space as %20, since some servers do not know it as a plus.
      const secret = secretOf(client.secret);
      const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
      return { headers: { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` }, parameters: {}, secret };
    }
    case 'client_secret_post': {
      const secret = secretOf(client.secret);
      return { headers: {}, parameters: { client_id: id, client_secret: secret }, secret };
    }
    case 'private_key_jwt': {
      const assertion = await signAssertion(id, client, tokenEndpoint);
      const parameters = { client_id: id, client_assertion_type: ASSERTION_TYPE, client_assertion: assertion };
      return { headers: {}, parameters, secret: assertion };
    }
  }
}

/** RFC 7523 section 3 and OpenID Connect Core section 9: who, for whom, until when, and never twice. */
async function signAssertion(
  id: string,
  { keyFile, keyId }: { keyFile: string; keyId?: string },
  audience: string,
): Promise<string> {
  const { key, algorithm, keyId: keyIdOfFile } = readSigningKey(CODE, keyFile);
  const kid = keyId ?? keyIdOfFile;
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(kid === undefined ? {} : { kid }) })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(audience)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + ASSERTION_LIFETIME_S)
    .sign(key);
}

function secretOf(secret: string | { file: string }): string {
  return typeof secret === 'string' ? secret : readSecret(CODE, secret.file);
}
