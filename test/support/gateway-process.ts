import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CameraInfo } from '../../src/base/api.ts';
import type { CameraOptions } from '../../src/camera/camera.ts';
import type { SignalingConfig } from '../../src/config/gateway-config.ts';
import type { MediaSettings, MediaStats } from '../../src/plane/messages.ts';

/** What the process holds, after garbage collection. */
export interface Counters {
  /** With buffers, of all threads. */
  heapBytes: number;
  /** The same of each worker. */
  workerHeapBytes: number[];
  rssBytes: number;
  /** Threads of the media plane. */
  workers: number;
  /** Since its start. */
  cpuMs: number;
  /** By its own clock. */
  atMs: number;
  /** What keeps the main thread alive, by kind: sockets, timers ... */
  resources: Record<string, number>;
  /** Open files, by kind. */
  descriptors: Record<string, number>;
}

/** A TCP connection that came about. */
export interface Dial {
  /** When it was begun, by a clock that all threads of the process have in common, milliseconds. */
  at: number;
  port: number;
}

export interface Settings {
  cameras: CameraOptions[];
  /** Absent: at the embedded server. */
  signaling?: SignalingConfig;
  /** Default `always`. */
  pull?: MediaSettings['pull'];
  /** Default as the gateway's; 0: the media are in the main thread. */
  workers?: number;
  media?: Partial<MediaSettings>;
}

/** How late timers of the control thread were since the last such answer, milliseconds. */
export interface EventLoopDelay {
  median: number;
  /** 99 of 100 were no later. */
  percentile99: number;
  max: number;
}

export interface Request {
  id: number;
  type: 'start' | 'cameras' | 'stats' | 'counters' | 'dials' | 'delays' | 'busy' | 'close';
  settings?: Settings & { busyMs?: number };
}

export interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

const CHILD = fileURLToPath(new URL('gateway-child.ts', import.meta.url));
const EACH_THREAD = new URL('gateway-thread.ts', import.meta.url).href;

/** A gateway in a process of its own, so that what it holds is counted for it alone; its cameras are pulled all the time unless told otherwise. */
export class GatewayProcess {
  /** Of the viewer page. */
  url = '';
  log = '';
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #requests = 0;

  /** @param prefix what the process is run by, such as `ip netns exec NAME` */
  constructor(prefix: readonly string[] = []) {
    const [command = process.execPath, ...rest]: string[] = [
      ...prefix,
      process.execPath,
      '--expose-gc',
      '--import',
      EACH_THREAD,
      CHILD,
    ];
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

  async start(cameras: CameraOptions[], settings: Omit<Settings, 'cameras'> = {}): Promise<void> {
    this.url = await this.#ask<string>('start', { cameras, ...settings });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
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

  delays(): Promise<EventLoopDelay> {
    return this.#ask('delays');
  }

  /** From now on its workers do nothing else than to be busy, so many milliseconds without a pause each time. */
  keepWorkersBusy(busyMs: number): Promise<void> {
    return this.#ask('busy', { cameras: [], busyMs });
  }

  /** At once, for who has no time left to wait. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    await this.#ask('close').catch(() => undefined);
    this.#child.kill();
    await exit;
  }

  async #ask<Result>(type: Request['type'], settings?: Request['settings']): Promise<Result> {
    const id = (this.#requests += 1);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject });
    this.#child.send({ id, type, ...(settings === undefined ? {} : { settings }) } satisfies Request);
    return (await promise) as Result;
  }
}
