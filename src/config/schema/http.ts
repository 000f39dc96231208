import { z } from 'zod';
import { parseHostAndPort } from '../addresses.ts';
import { id, notEmpty, number, secret, secretFile, text } from './fields.ts';

const viewerToken = z
  .strictObject({
    token: secret('the token of a viewer').optional(),
    token_file: secretFile('that token').optional(),
    cameras: z
      .array(id)
      .min(1, { error: 'write the id of a camera, or leave the key out for all' })
      .meta({
        title: 'Cameras',
        description:
          'Ids of the cameras that this token opens; page and API show no other. Absent: all, and /metrics where it is reached from beyond loopback.',
      })
      .optional(),
  })
  .meta({ title: 'Token of viewers' });

const jwt = z
  .strictObject({
    secret: secret('the secret that the issuer signs with by HS256, at least 32 characters').optional(),
    secret_file: secretFile('that secret').optional(),
    jwks: notEmpty('write the https URL of a JSON Web Key Set, or the name of a file with one')
      .meta({
        title: 'Key set',
        description:
          'In place of a secret: the public keys of the issuer (JSON Web Key Set), by their https URL or in a file relative to the folder of this file. Read again when they are ten minutes old, and when a token names an unknown key.',
      })
      .optional(),
    issuer: notEmpty('write what the claim iss must be')
      .meta({ title: 'Issuer', description: 'What the claim `iss` must be. Absent: anything.' })
      .optional(),
    audience: notEmpty('write what the claim aud must hold')
      .meta({ title: 'Audience', description: 'What must be in the claim `aud`. Absent: anything; `jwks` needs it.' })
      .optional(),
  })
  .meta({
    title: 'JSON Web Tokens',
    description:
      'Tokens of an issuer. They need `exp`; `cameras` lists the ids that one opens (absent: all); `role: device` with `peer` registers a device of that id.',
  });

export const http = z
  .strictObject({
    listen: text((value) => parseHostAndPort(value) !== undefined, 'write address:port, such as 127.0.0.1:8080 or 0.0.0.0:8443')
      .default('127.0.0.1:8080')
      .meta({
        title: 'Listen',
        description:
          'Address and port of the viewer page, the API, metrics and the embedded signaling server. Beyond loopback it needs `tls` and `auth`.',
      }),
    tls: z
      .strictObject({
        cert: notEmpty('write the name of the file with the certificate').meta({
          title: 'Certificate',
          description:
            'File in PEM with the certificate, followed by those between it and its authority (fullchain.pem of certbot).',
        }),
        key: notEmpty('write the name of the file with the private key').meta({
          title: 'Private key',
          description: 'File in PEM with the key of the certificate, without a passphrase.',
        }),
      })
      .meta({
        title: 'TLS',
        description: 'https and wss in place of http and ws. The files are read again when they change.',
      })
      .optional(),
    auth: z
      .strictObject({
        tokens: z
          .array(viewerToken)
          .min(1, { error: 'write at least one token, or leave the key out' })
          .max(1000, { error: 'write at most 1000' })
          .default([]),
        jwt: jwt.optional(),
        session_lifetime: number(10, 2_000_000, ' (seconds)')
          .refine(Number.isInteger, { error: 'write a whole number' })
          .meta({
            title: 'Lifetime of sessions',
            description:
              'Seconds after which a session at the embedded signaling server ends, unless the client extends it by a token that is still good. Absent: sessions have no end.',
          })
          .optional(),
      })
      .meta({ title: 'Authentication', description: 'Who may watch. Absent: whoever reaches the (loopback) address.' })
      .optional(),
  })
  .meta({ title: 'HTTP' });
