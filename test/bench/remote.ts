import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { owned } from './owned.ts';

/* A process of the bench's own, whose functions are called from here. */

/** What a process can be asked for, by name; arguments and results survive a structured clone. */
export type Functions = Record<string, (argument: never) => unknown>;

interface Call {
  id: number;
  name: string;
  argument: unknown;
}

interface Result {
  id: number;
  value?: unknown;
  error?: string;
}

export class Remote<Of extends Functions> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #calls = 0;

  constructor(module: URL) {
    this.#child = owned(
      fork(fileURLToPath(module), { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
    this.#child.on('message', ({ id, value, error }: Result) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`${module.pathname} ended (${code ?? signal})`));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async call<Name extends keyof Of & string>(
    name: Name,
    argument: Parameters<Of[Name]>[0],
  ): Promise<Awaited<ReturnType<Of[Name]>>> {
    const id = (this.#calls += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#child.send({ id, name, argument } satisfies Call);
    return (await promise) as Awaited<ReturnType<Of[Name]>>;
  }

  /** Ends the process; it has nothing to lose. */
  close(): void {
    this.#child.kill('SIGKILL');
  }
}

/** In such a process: answers until the bench is gone. */
export function serve(functions: Functions): void {
  process.on('message', ({ id, name, argument }: Call) => {
    const called = async (): Promise<unknown> => functions[name]?.(argument as never);
    called().then(
      (value) => process.send?.({ id, value } satisfies Result),
      (error: unknown) => process.send?.({ id, error: String(error) } satisfies Result),
    );
  });
  process.on('disconnect', () => process.exit(1));
}
