import { z } from 'zod';
import { isTrustworthyUrl } from '../addresses.ts';
import { notEmpty, secret, secretFile, text, webSocketUrl } from './fields.ts';

const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const;
const httpsUrl = text(isTrustworthyUrl, 'write a URL by https, such as https://login.example.com/realms/site');

const oauth = z
  .strictObject({
    issuer: httpsUrl
      .meta({
        title: 'Issuer',
        description: 'Of the authorization server, exactly as it writes it; its metadata (RFC 8414) tell the token endpoint.',
      })
      .optional(),
    token_endpoint: httpsUrl.meta({ title: 'Token endpoint', description: 'In place of `issuer`.' }).optional(),
    client_id: notEmpty('write the id of the gateway at the authorization server').meta({ title: 'Client id' }),
    client_secret: secret('the secret of this client').optional(),
    client_secret_file: secretFile('that secret, which is read for each token').optional(),
    method: z
      .enum(METHODS, { error: `write one of ${METHODS.join(', ')}` })
      .meta({
        title: 'Method',
        description:
          'How the client authenticates. Absent: `private_key_jwt` where there is a `key_file`, else `client_secret_basic`.',
      })
      .optional(),
    key_file: notEmpty('write the name of the file')
      .meta({
        title: 'Key',
        description:
          'For `private_key_jwt`: the private key, in PEM or as a JWK; RSA, P-256, P-384, P-521 or Ed25519. It is read for each token.',
      })
      .optional(),
    key_id: notEmpty('write the id by which the server knows the key')
      .meta({ title: 'Key id', description: '`kid` of the assertions. Absent: that of the JWK, else none.' })
      .optional(),
    scope: notEmpty('write the scopes with spaces between them').meta({ title: 'Scope' }).optional(),
    audience: notEmpty('write for whom the token is, or leave the key out')
      .meta({ title: 'Audience', description: 'Sent as the parameter `audience`, which several authorization servers want.' })
      .optional(),
  })
  .meta({
    title: 'OAuth',
    description:
      'Tokens of an OAuth 2.0 authorization server by client credentials (RFC 6749 section 4.4), renewed before they expire.',
  });

const pemFile = (what: string, description: string): z.ZodOptional<z.ZodString> =>
  notEmpty('write the name of the file')
    .meta({
      title: what,
      description: `${description} PEM; name of a systemd credential, or a path relative to the folder of this file.`,
    })
    .optional();

const tls = z
  .strictObject({
    ca: pemFile('Authorities', 'Trusted beside those of the system, also for `oauth`.'),
    cert: pemFile('Client certificate', 'Shown to the signaling server, with those between it and its authority.'),
    key: pemFile('Key', 'The private key of the client certificate, without a passphrase.'),
  })
  .meta({ title: 'TLS', description: 'The files are read again before each connection.' });

/** How a device shows who it is; alike for all cameras and for one. */
export const deviceAuthorization = {
  token: secret('the token by which the server knows the gateway').optional(),
  token_file: secretFile('that token, which is read before each connection').optional(),
  oauth: oauth.optional(),
  authorization: z
    .enum(['header', 'query'], { error: 'write header or query' })
    .meta({
      title: 'Authorization',
      description:
        'How the token is shown when the WebSocket is opened (RFC 6750): `header` (Authorization: Bearer), `query` (access_token). Default `header`.',
    })
    .optional(),
  tls: tls.optional(),
};

export const signaling = z
  .strictObject({
    server: webSocketUrl
      .meta({
        title: 'Signaling server',
        description: 'WebSocket URL at which the cameras register. Absent: the server inside the gateway.',
      })
      .optional(),
    ...deviceAuthorization,
  })
  .meta({ title: 'Signaling', description: 'Where the cameras register as WebRTC devices.' });
