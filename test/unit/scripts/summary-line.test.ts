import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'summary-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

describe('a test run', () => {
  function run(...parameters: string[]): { status: number | null; lines: string[] } {
    for (const file of ['vitest.config.ts', 'package.json', 'scripts/summary-reporter.ts', 'test/support/patient-waits.ts'])
      cpSync(join(root, file), join(folder, file));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const { status, stdout } = spawnSync(process.execPath, [vitest, 'run', ...parameters], { cwd: folder, encoding: 'utf8' });
    return { status, lines: stdout.trimEnd().split('\n') };
  }

  it('ends with passed and failed, in which all that keeps tests from running counts as failed', () => {
    put(
      'test/unit/a.test.ts',
      `import { beforeAll, describe, expect, it } from 'vitest';
       it('passes', () => expect(1).toBe(1));
       it('fails', () => expect(1).toBe(2));
       it('leaves an error behind', () => { setTimeout(() => { throw new Error('late'); }, 0); });
       describe('whose hook throws', () => {
         beforeAll(() => { throw new Error('hook'); });
         it('does not run', () => {});
       });`,
    );
    put('test/unit/b.test.ts', "import './none.ts';");
    const { status, lines } = run();
    // Failed: one test, an error that nobody caught, a hook, a module that does not load.
    expect(lines.at(-1)).toBe('2 passed, 4 failed');
    expect(status).toBe(1);
  });

  it('ends with none failed where that is so, after the coverage table', () => {
    put('test/interop/a.test.ts', "import { it } from 'vitest';\nit('passes', () => {});");
    // The thresholds are for all of src, which is not here.
    const thresholds = ['lines', 'functions', 'statements', 'branches'].map((metric) => `--coverage.thresholds.${metric}=0`);
    const { status, lines } = run('--coverage', ...thresholds);
    expect(lines.findIndex((line) => line.includes('% Stmts'))).toBeGreaterThan(0);
    expect(lines.at(-1)).toBe('1 passed, 0 failed');
    expect(status).toBe(0);
  });

  it('that ran nothing has failed', () => {
    const { status, lines } = run();
    expect(lines.at(-1)).toBe('0 passed, 1 failed');
    expect(status).toBe(1);
  });
});

describe('.ci/run', () => {
  /** @param steps What `npm` does in each of its runs: shell lines by what it is called with. */
  function run(steps: Record<string, string>): { status: number | null; last: string | undefined } {
    cpSync(join(root, '.ci/run'), join(folder, '.ci/run'));
    const cases = Object.entries(steps).map(([call, lines]) => `'${call}') ${lines} ;;`);
    put('bin/npm', `#!/bin/sh\ncase "$*" in\n${cases.join('\n')}\n*) exit 9 ;;\nesac\n`);
    chmodSync(join(folder, 'bin/npm'), 0o755);
    const env = { ...process.env, PATH: `${join(folder, 'bin')}:/usr/bin:/bin` };
    const { status, stdout } = spawnSync('bash', [join(folder, '.ci/run')], { encoding: 'utf8', env });
    return { status, last: stdout.trimEnd().split('\n').at(-1) };
  }

  const good = {
    'test -- --coverage': 'echo "3 passed, 0 failed"',
    'run test:full': 'echo "2 passed, 0 failed"; echo',
    'run checks': 'echo "5 passed, 0 failed"',
  };

  it('sums all its parts', () => {
    expect(run(good)).toEqual({ status: 0, last: '10 passed, 0 failed' });
  });

  it('fails when a part counts a failure, and still runs the others', () => {
    expect(run({ ...good, 'test -- --coverage': 'echo "2 passed, 1 failed"; exit 1' })).toEqual({
      status: 1,
      last: '9 passed, 1 failed',
    });
  });

  it('fails when a part ends badly without counting, or counts nothing', () => {
    expect(run({ ...good, 'run checks': 'exit 1' })).toEqual({ status: 1, last: '5 passed, 1 failed' });
    expect(run({ ...good, 'run checks': 'echo fine' })).toEqual({ status: 1, last: '5 passed, 1 failed' });
    expect(run({ ...good, 'run test:full': 'echo "2 passed, 0 failed"; exit 1' })).toEqual({
      status: 1,
      last: '10 passed, 1 failed',
    });
  });
});
