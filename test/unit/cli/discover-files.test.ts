import type * as FileSystem from 'node:fs';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { assertWritable, readKnownCameras, readPassword, writeCameras } from '../../../src/cli/discover-files.ts';

/** The modes of files whose mode is changed, before that. */
const modesBefore = vi.hoisted((): number[] => []);

vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof FileSystem>();
  const chmod = (path: string, mode: number): void => {
    modesBefore.push(fs.statSync(path).mode & 0o777);
    fs.chmodSync(path, mode);
  };
  return { ...fs, chmodSync: chmod };
});

let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'discover-files-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const YARD = { name: 'Yard', onvif: { host: '10.0.0.9', port: 80 } };

describe('writeCameras', () => {
  it('replaces the file where a symbolic link leads, with its mode, and leaves nothing beside it', () => {
    mkdirSync(at('real'));
    writeFileSync(at('real/gateway.yaml'), 'cameras:\n  - {id: a, onvif: 10.0.0.1}\n');
    chmodSync(at('real/gateway.yaml'), 0o640);
    symlinkSync(at('real/gateway.yaml'), at('link.yaml'));
    expect(writeCameras(at('link.yaml'), [YARD])).toEqual([{ id: 'yard', variable: 'YARD_PASSWORD' }]);
    expect(lstatSync(at('link.yaml')).isSymbolicLink()).toBe(true);
    expect(statSync(at('real/gateway.yaml')).mode & 0o777).toBe(0o640);
    expect(readKnownCameras(at('real/gateway.yaml')).map(({ id }) => id)).toEqual(['a', 'yard']);
    expect(readdirSync(at('real'))).toEqual(['gateway.yaml']);
    // With the passwords that stand in it nobody else may read it on the way.
    expect(modesBefore.at(-1)).toBe(0o600);
  });

  it('makes a new file as others are made: the account of the gateway is to read it', () => {
    const umask = process.umask();
    writeCameras(at('new.yaml'), [YARD]);
    expect(statSync(at('new.yaml')).mode & 0o777).toBe(0o666 & ~umask);
  });

  it('leaves a file as it was that cannot be extended', () => {
    writeFileSync(at('gateway.yaml'), 'cameras: none\n');
    expect(() => writeCameras(at('gateway.yaml'), [YARD])).toThrow(/cameras is not a list/);
    expect(readFileSync(at('gateway.yaml'), 'utf8')).toBe('cameras: none\n');
    expect(readdirSync(folder)).toEqual(['gateway.yaml']);
  });
});

describe('assertWritable', () => {
  it('takes a file that is there or can be made, and refuses a folder that is not there', () => {
    expect(() => assertWritable(at('new.yaml'))).not.toThrow();
    expect(() => assertWritable(at('missing/new.yaml'))).toThrow(expect.objectContaining({ code: 'usage.write' }) as Error);
  });
});

describe('readPassword', () => {
  it('is the first line, whatever its line break', () => {
    writeFileSync(at('password'), ' p w \r\nmore\n');
    expect(readPassword(at('password'))).toBe(' p w ');
    writeFileSync(at('password'), '\nsecret\n');
    expect(() => readPassword(at('password'))).toThrow(/first line .* is empty/);
  });
});
