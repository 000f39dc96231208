import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const module = new URL('../../../src/cli/check.ts', import.meta.url).href;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'check-'));
  writeFileSync(join(folder, 'gateway.yaml'), 'cameras: [{id: a, onvif: 192.0.2.1, username: u, password: "${PW}"}]\n');
  writeFileSync(join(folder, 'wrong.yaml'), 'cameras: [{id: a, onvif: 192.0.2.1, pasword: x}]\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command in a process of its own, as its exit code is part of what it says. */
function check(
  parameters: string[],
  environment: Record<string, string> = {},
): { status: number | null; stdout: string; stderr: string } {
  const source = `import { checkCommand } from '${module}'; await checkCommand().parseAsync(['node', 'check', ...process.argv.slice(1)]);`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source, '--', ...parameters], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return { status, stdout, stderr };
}

describe('check', () => {
  it('finds gateway.yaml in the working folder and counts its cameras', () => {
    expect(check([], { PW: 'x' })).toEqual({ status: 0, stdout: 'gateway.yaml is valid: 1 camera\n', stderr: '' });
  });

  it('exits 2 with what is wrong on standard error', () => {
    expect(check(['--config', 'wrong.yaml'])).toEqual({
      status: 2,
      stdout: '',
      stderr: 'wrong.yaml:1:37: cameras[0].pasword: is not a known key; did you mean "password"?\n',
    });
    const missing = check([]);
    expect(missing.status).toBe(2);
    expect(missing.stderr).toMatch(/^gateway\.yaml:1:\d+: cameras\[0\]\.password: the environment variable PW is not set/);
  });

  it('prints one object with --json, and exits 2 all the same', () => {
    const { status, stdout, stderr } = check(['--json', '--config', 'wrong.yaml']);
    expect(status).toBe(2);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      file: 'wrong.yaml',
      valid: false,
      cameras: null,
      issues: [{ line: 1, column: 37 }],
    });
    expect(JSON.parse(check(['--json'], { PW: 'x' }).stdout)).toEqual({
      file: 'gateway.yaml',
      valid: true,
      cameras: 1,
      issues: [],
    });
  });

  it('says of a file that is not there which and exits 2', () => {
    expect(check(['--config', 'none.yaml'])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^none\.yaml: the config file does not exist/) as string,
    });
  });
});
