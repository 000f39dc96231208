import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { vi } from 'vitest';

/** A process of the test's own, and what it says. */
export class Program {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #exited: Promise<number | null>;

  constructor([command = '', ...args]: readonly string[], options: { env?: Record<string, string> } = {}) {
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    // Not `exit`: what it said last may still be on its way then.
    this.#exited = once(this.#child, 'close').then(([code]) => code as number | null);
    this.#exited.catch((error: unknown) => (this.stderr += String(error)));
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
