import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configJsonSchema } from '../../../scripts/write-config-schema.ts';
import { parseConfig } from '../../../src/config/load.ts';

const root = join(import.meta.dirname, '../../..');
const example = readFileSync(join(root, 'config/gateway.example.yaml'), 'utf8');
const environment = { FRONT_DOOR_PASSWORD: 'p', FRONT_DOOR_TOKEN: 'f', NEIGHBOUR_TOKEN: 'n', TURN_PASSWORD: 't' };

describe('the example', () => {
  it('is valid as it stands', () => {
    expect(parseConfig('gateway.yaml', example, environment).cameras.map(({ camera }) => camera.id)).toEqual([
      'front-door',
      'old-dome',
    ]);
  });

  it('is valid with the keys that are commented out, but for two that exclude each other', () => {
    const everything = example.replaceAll(/^( *)# ( *(?:- )?[a-z_]+:.*)$/gm, '$1$2');
    const credentials = mkdtempSync(join(tmpdir(), 'example-'));
    for (const name of ['signaling-token', 'viewer-token']) writeFileSync(join(credentials, name), name);
    const parse = (): unknown => parseConfig('f', everything, { ...environment, CREDENTIALS_DIRECTORY: credentials });
    expect(parse).toThrow(
      /^f:\d+:\d+: http\.auth\.tokens\[1\]\.cameras: has no effect, since viewers come through signaling\.server[^\n]*$/,
    );
    rmSync(credentials, { recursive: true });
  });
});

it('the JSON Schema is that of the code (npm run config:schema writes it)', () => {
  expect(readFileSync(join(root, 'config/gateway.schema.json'), 'utf8')).toBe(configJsonSchema());
});
