import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TokenFile } from '../../../../../src/signaling/device/token/token-source.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'token-'));
  file = join(folder, 'token');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a token in a file is read each time', () => {
  const source = new TokenFile(file);
  writeFileSync(file, 'first\r\n');
  expect(source.current()).toBe('first');
  expect(source.refused('first')).toBe(false);
  writeFileSync(file, 'second\n');
  expect(source.refused('first')).toBe(true);
  expect(source.current()).toBe('second');
});

it.each([
  ['missing', undefined, 'does not exist'],
  ['empty', '\n', 'is empty'],
  ['more than a token', 'a token', 'holds something that no token has'],
  ['two lines', 'one\ntwo', 'holds something that no token has'],
  ['endless', 'x'.repeat(20_000), 'holds more than 16 KiB'],
])('a file that is %s is named, without what is in it', (_what, text, message) => {
  if (text !== undefined) writeFileSync(file, text);
  const source = new TokenFile(file);
  expect(() => source.current()).toThrow(`The file ${file} ${message}`);
  expect(() => source.current()).not.toThrow(/a token\.|one/);
  expect(source.refused('x')).toBe(false);
});
