import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CameraInfo } from '../../src/base/api.ts';
import type { CameraOptions } from '../../src/camera/camera.ts';
import type { MediaStats } from '../../src/plane/messages.ts';

/** What the process holds, after garbage collection. */
export interface Counters {
  /** With buffers. */
  heapBytes: number;
  rssBytes: number;
  /** Since its start. */
  cpuMs: number;
  /** By its own clock. */
  atMs: number;
  /** What keeps it alive, by kind: sockets, timers ... */
  resources: Record<string, number>;
  /** Open files, by kind. */
  descriptors: Record<string, number>;
}

/** A TCP connection that came about. */
export interface Dial {
  /** When it was begun, by the process's own clock, milliseconds. */
  at: number;
  port: number;
}

export interface Settings {
  cameras: CameraOptions[];
}

export interface Request {
  id: number;
  type: 'start' | 'cameras' | 'stats' | 'counters' | 'dials' | 'close';
  settings?: Settings;
}

export interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

const CHILD = fileURLToPath(new URL('gateway-child.ts', import.meta.url));

/** A gateway in a process of its own, all of whose cameras are pulled all the time, so that what it holds is counted for it alone. */
export class GatewayProcess {
  /** Of the viewer page. */
  url = '';
  log = '';
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #requests = 0;

  /** @param prefix what the process is run by, such as `ip netns exec NAME` */
  constructor(prefix: readonly string[] = []) {
    const [command = process.execPath, ...rest]: string[] = [...prefix, process.execPath, '--expose-gc', CHILD];
    this.#child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    this.#child.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    this.#child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the gateway ended (${code}):\n${this.log.slice(-2000)}`));
    });
  }

  async start(cameras: CameraOptions[]): Promise<void> {
    this.url = await this.#ask<string>('start', { cameras });
  }

  /** Its log, parsed. */
  get lines(): string[] {
    return this.log
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { msg: string }).msg);
  }

  cameras(): Promise<CameraInfo[]> {
    return this.#ask('cameras');
  }

  stats(): Promise<MediaStats> {
    return this.#ask('stats');
  }

  counters(): Promise<Counters> {
    return this.#ask('counters');
  }

  dials(): Promise<Dial[]> {
    return this.#ask('dials');
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    await this.#ask('close').catch(() => undefined);
    this.#child.kill();
    await exit;
  }

  async #ask<Result>(type: Request['type'], settings?: Settings): Promise<Result> {
    const id = (this.#requests += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#child.send({ id, type, ...(settings === undefined ? {} : { settings }) } satisfies Request);
    return (await promise) as Result;
  }
}
