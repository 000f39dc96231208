import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FoundCamera } from '../../src/cli/discover-camera.ts';
import { CliProcess, runCli } from '../support/cli.ts';
import { createNetworkNamespace, type NetworkNamespace } from '../support/network-namespace.ts';

/* `discover` as a process, with two simulated cameras on the loopback of a namespace of its own. */

let namespace: NetworkNamespace;
let cameras: CliProcess;
let folder: string;
const inFolder = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'discover-'));
  writeFileSync(inFolder('password'), 'right-password\n');
  writeFileSync(inFolder('wrong'), 'wrong-password\n');
  namespace = createNetworkNamespace(`discover-test-${process.pid}`);
  cameras = new CliProcess(['simulate', '--cameras', '2', '--password-file', inFolder('password'), '--json'], {
    prefix: namespace.prefix,
  });
  await cameras.says(/"cameras":/);
});

afterAll(async () => {
  cameras?.kill('SIGTERM');
  await cameras?.exit();
  namespace?.close();
  rmSync(folder, { recursive: true });
});

function discover(...args: string[]): ReturnType<typeof runCli> {
  return runCli(['discover', '--timeout', '1', ...args], { prefix: namespace.prefix });
}

const found = (stdout: string): FoundCamera[] => JSON.parse(stdout) as FoundCamera[];
const login = (file: string): string[] => ['--username', 'admin', '--password-file', inFolder(file)];

describe('discover', () => {
  it('finds the cameras on a named interface, and sends nothing out of another', async () => {
    const { code, stdout } = await discover('--interface', 'lo', '--json');
    expect(code).toBe(0);
    expect(new Set(found(stdout).map(({ name }) => name))).toEqual(new Set(['Simulated camera 1', 'Simulated camera 2']));
    expect(found(stdout)).toHaveLength(2);
    expect(found(stdout)[0]).toMatchObject({ addresses: ['127.0.0.1'], credentials: 'unknown', configured: null, model: null });
    expect(namespace.packetsLeft()).toBe(0);

    // All interfaces: the one that leads out is searched, too.
    expect(found((await discover('--json')).stdout)).toHaveLength(2);
    expect(namespace.packetsLeft()).toBeGreaterThan(0);
  });

  it('asks by address where multicast does not get', async () => {
    const { code, stdout } = await discover('127.0.0.0/30', 'localhost', '--json');
    expect(code).toBe(0);
    expect(found(stdout)).toHaveLength(2);
  });

  it('tells with credentials what the cameras are, and whether they fit', async () => {
    const { stdout } = await discover('--interface', 'lo', '--json', ...login('password'));
    for (const camera of found(stdout)) {
      expect(camera).toMatchObject({ credentials: 'accepted', reason: null, model: expect.stringMatching(/./) as string });
      expect(camera.firmware).not.toBeNull();
      expect(camera.videoSources?.[0]?.profiles[0]).toMatchObject({ codec: 'H264', width: 1280, height: 720 });
    }
    const refused = await discover('--interface', 'lo', ...login('wrong'));
    expect(refused.code).toBe(0);
    expect(refused.stdout).toMatch(/^127\.0\.0\.1:\d+: Simulated camera \d, .*credentials refused, new$/m);
    expect(refused.stdout.trim().split('\n')).toHaveLength(2);
  });

  it('writes a config that check takes once its variables are set, adds nothing twice, and writes no password', async () => {
    const file = inFolder('gateway.yaml');
    const first = await discover('--interface', 'lo', ...login('password'), '--write', file);
    expect(first.code, first.stderr).toBe(0);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('  - id: simulated-camera-1\n    name: Simulated camera 1\n    onvif: 127.0.0.1:');
    expect(text).not.toContain('right-password');
    const variables = ['SIMULATED_CAMERA_1_PASSWORD', 'SIMULATED_CAMERA_2_PASSWORD'];
    for (const variable of variables) {
      expect(text).toContain(`password: \${${variable}}`);
      expect(first.stderr).toContain(`export ${variable}=...`);
    }
    const check = (env: Record<string, string>): ReturnType<typeof runCli> => runCli(['check', '--config', file], { env });
    expect((await check({})).code).toBe(2);
    const set = await check(Object.fromEntries(variables.map((variable) => [variable, 'x'])));
    expect(set.stdout).toBe(`${file} is valid: 2 cameras\n`);

    const again = await discover('--interface', 'lo', '--write', file, '--json');
    expect(new Set(found(again.stdout).map(({ configured }) => configured))).toEqual(
      new Set(['simulated-camera-1', 'simulated-camera-2']),
    );
    expect(again.stderr).toContain('Nothing to add');
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(readdirSync(folder).toSorted()).toEqual(['gateway.yaml', 'password', 'wrong']);
  });

  it('shows at Ctrl+C what it has found, and writes nothing', async () => {
    const file = inFolder('interrupted.yaml');
    const args = ['discover', '--interface', 'lo', '--timeout', '60', '--write', file];
    const search = new CliProcess(args, { prefix: namespace.prefix });
    await search.says(/Simulated camera 1[^]*Simulated camera 2|Simulated camera 2[^]*Simulated camera 1/);
    search.kill('SIGINT');
    expect(await search.exit()).toBe(0);
    expect(search.stderr).toMatch(/2 cameras found.*Interrupted: nothing was added/s);
    expect(existsSync(file)).toBe(false);
  });

  it('is content with finding nothing, and says what to look at', async () => {
    const { code, stdout, stderr } = await discover('127.0.0.9', '--json', '--timeout', '0.2');
    expect(code).toBe(0);
    expect(stdout).toBe('[]\n');
    expect(stderr).toMatch(/No camera was found.*To check:\n {2}- /s);
  });

  it.each([
    [['--interface', 'nowhere9'], /No interface nowhere9/],
    [['127.0.0.1', '--interface', 'lo'], /--interface is for the search by multicast/],
    [['10.0.0.0/8'], /more than 65536 addresses/],
    [['--username', 'admin'], /belong together/],
    [['--username', 'admin', '--password-file', '/nonexistent'], /does not exist/],
    [['--write', '/nonexistent/gateway.yaml'], /cannot be written/],
    [['--config', '/nonexistent/gateway.yaml'], /does not exist/],
    [['--timeout', 'soon'], /seconds/],
  ])('refuses %j before it sends anything', async (args, message) => {
    const left = namespace.packetsLeft();
    const { code, stdout, stderr } = await discover(...args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
    expect(namespace.packetsLeft()).toBe(left);
  });

  it('exits 1 where the search fails', async () => {
    // The namespace has no IPv6.
    const { code, stdout, stderr } = await discover('2001:db8::1', '--json');
    expect(stderr).toMatch(/no packet could be sent/);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });
});
