import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { DEVICE, post, securityHeader, soapEnvelope } from '../unit/simulator/onvif/soap-client.ts';

/* The `simulate` command as a user runs it. */

const COMMAND = ['src/cli/main.ts', 'simulate', '--no-discovery'];
const running: ChildProcess[] = [];
let directory: string | undefined;

afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  if (directory !== undefined) await rm(directory, { recursive: true });
  directory = undefined;
});

interface Printed {
  username: string;
  password?: string;
  cameras: { name: string; onvifUrl: string; rtspUrl: string }[];
}

async function start(...options: string[]): Promise<{ child: ChildProcess; printed: Printed }> {
  const child = spawn(process.execPath, [...COMMAND, '--json', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  running.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, printed: JSON.parse(line) as Printed };
}

async function statusOf(url: string, username: string, password: string): Promise<number> {
  const header = securityHeader({ username, password, created: new Date().toISOString() });
  return (await post(url, soapEnvelope(DEVICE, 'GetDeviceInformation', '', header))).status;
}

async function passwordFile(content: string): Promise<string> {
  directory = await mkdtemp(join(tmpdir(), 'simulate-'));
  const file = join(directory, 'password');
  await writeFile(file, content);
  return file;
}

describe('simulate', () => {
  it('prints cameras that can be used with the printed credentials, and ends with 0 at SIGTERM', async () => {
    const { child, printed } = await start('--cameras', '2');
    expect(printed.cameras).toHaveLength(2);
    for (const { onvifUrl } of printed.cameras) {
      expect(await statusOf(onvifUrl, printed.username, printed.password ?? '')).toBe(200);
    }
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('takes the password from the first line of a file and does not print it', async () => {
    const file = await passwordFile('correct horse\r\nsecond line\n');
    const { printed } = await start('--cameras', '1', '--username', 'viewer', '--password-file', file);
    expect(printed.password).toBeUndefined();
    const url = printed.cameras[0]?.onvifUrl ?? '';
    expect([await statusOf(url, 'viewer', 'correct horse'), await statusOf(url, 'viewer', 'second line')]).toEqual([200, 400]);
  });

  it.each([
    ['the network without a password of its own', ['--host', '192.0.2.1'], '--password-file'],
    ['no camera', ['--cameras', '0'], "'--cameras <number>' argument '0'"],
    ['a port that is none', ['--onvif-port', '70000'], "'--onvif-port <port>' argument '70000'"],
    ['a host name', ['--host', 'localhost'], 'localhost'],
    ['a password file that is not there', ['--password-file', '/nowhere/password'], '/nowhere/password'],
  ])('refuses %s with exit code 2', async (_, options, said) => {
    const failure: unknown = await promisify(execFile)(process.execPath, [...COMMAND, ...options]).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 2, stdout: '' });
    expect((failure as { stderr: string }).stderr).toContain(said);
  });
});
