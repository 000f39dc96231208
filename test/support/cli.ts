import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** A command of the product as a process of its own. */
export class CliProcess {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exited: Promise<number | null>;

  /** @param prefix what the command is run by, such as `ip netns exec NAME` */
  constructor(args: readonly string[], options: { env?: Record<string, string>; prefix?: readonly string[] } = {}) {
    const [command = process.execPath, ...rest] = [...(options.prefix ?? []), process.execPath, MAIN, ...args];
    this.#child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // Not `exit`: what it said last may still be on its way then.
    this.#exited = once(this.#child, 'close').then(([code]) => code as number | null);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The exit code; null when a signal ended it. */
  exit(): Promise<number | null> {
    return this.#exited;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until standard output or error matches; fails with all that was said when it does not in time. */
  async says(pattern: RegExp, timeoutMs = 15_000): Promise<RegExpExecArray> {
    return await vi.waitFor(
      () => {
        const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (found === null) throw new Error(`${String(pattern)} was not said in:\n${this.stdout}\n${this.stderr}`);
        return found;
      },
      { timeout: timeoutMs, interval: 20 },
    );
  }
}

/** Runs a command to its end. */
export async function runCli(
  args: readonly string[],
  options: ConstructorParameters<typeof CliProcess>[1] = {},
): Promise<CliProcess & { code: number | null }> {
  const process = new CliProcess(args, options);
  const code = await process.exit();
  return Object.assign(process, { code });
}
