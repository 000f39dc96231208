import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../../scripts/write-config-schema.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { makeCertificate } from '../../support/certificate.ts';

const root = join(import.meta.dirname, '../../..');
const example = readFileSync(join(root, 'config/gateway.example.yaml'), 'utf8');
const environment = {
  FRONT_DOOR_PASSWORD: 'p',
  FRONT_DOOR_SECRET: 'f',
  NEIGHBOUR_TOKEN: 'n',
  TURN_PASSWORD: 't',
  TURN_SECRET: 's',
  JWT_SECRET: 'a secret of thirty-two characters',
  ADOPTED_PASSWORD: 'a',
};

/** Names of all properties in a JSON Schema, at any depth. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const properties = 'properties' in schema ? Object.keys(schema.properties as object) : [];
  return [...properties, ...Object.values(schema).flatMap(keysOf)];
}

describe('the example', () => {
  it('is valid as it stands', () => {
    expect(parseConfig('gateway.yaml', example, environment).cameras.map(({ camera }) => camera.id)).toEqual([
      'front-door',
      'old-dome',
    ]);
  });

  it('is valid with the keys that are commented out', () => {
    const everything = example.replaceAll(/^( *)# ( *(?:- )?[a-z_]+:.*)$/gm, '$1$2');
    const credentials = mkdtempSync(join(tmpdir(), 'example-'));
    for (const name of ['signaling-token', 'viewer-token']) writeFileSync(join(credentials, name), name);
    const { cert, key } = makeCertificate();
    for (const name of ['fullchain.pem', 'site-ca.pem', 'gateway.pem']) writeFileSync(join(credentials, name), cert);
    for (const name of ['privkey.pem', 'gateway.key']) writeFileSync(join(credentials, name), key);
    const { viewerTokens, discovery } = parseConfig('f', everything, { ...environment, CREDENTIALS_DIRECTORY: credentials });
    expect(viewerTokens).toEqual([{ token: 'viewer-token' }, { token: 'n', cameras: ['front-door'] }]);
    expect(discovery).toMatchObject({ adopt: [{ model: 'DS-2CD*' }, { address: '192.168.1.0/24' }], interfaces: ['eth1'] });
    rmSync(credentials, { recursive: true });
  });

  it('shows every key that there is', () => {
    const missing = keysOf(JSON.parse(configJsonSchema())).filter((key) => !new RegExp(`\\b${key}:`).test(example));
    expect(missing).toEqual([]);
  });
});

it('the JSON Schema is that of the code (npm run config:schema writes it)', () => {
  expect(readFileSync(join(root, 'config/gateway.schema.json'), 'utf8')).toBe(configJsonSchema());
});
