import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { owned } from '../owned.ts';
import type { Place } from '../viewers/process.ts';

/** Cameras `camera-1`, `camera-2`, ... of one process. */
export interface CameraSite {
  /** Of RTSP, on loopback. */
  port: number;
  cameras: number;
  /** Each sends so much. */
  kbitS: number;
  /** Bytes of a keyframe as a multiple of those of another picture. */
  keyframeRatio: number;
}

/** Who pulls cameras and sends to viewers: the gateway, or a peer. A process of its own that runs. */
export interface Sender {
  readonly pid: number;
  place(camera: number): Place;
  /** How late timers of its threads were of late at most, milliseconds; undefined where that is not known. */
  loopDelayMs(): Promise<number | undefined>;
  close(): Promise<void>;
}

export interface SenderOptions {
  site: CameraSite;
  /** Cameras are pulled also while nobody watches. */
  alwaysPulled?: boolean;
}

export type StartSender = (options: SenderOptions) => Promise<Sender>;

export function cameraName(camera: number): string {
  return `camera-${camera}`;
}

/** The RTSP address of each camera by its name. */
export function cameraUrls({ port, cameras, kbitS, keyframeRatio }: CameraSite): Record<string, string> {
  const names = Array.from({ length: cameras }, (_, index) => cameraName(index + 1));
  return Object.fromEntries(names.map((name) => [name, `rtsp://127.0.0.1:${port}/${kbitS}-${keyframeRatio}/${name}`]));
}

/** The most that a start may take. */
const START_MS = 30_000;
const KEPT_CHARACTERS = 4000;

/** A program that is started, says something, and is ended. */
export class Program {
  readonly #child: ChildProcess;
  readonly #name: string;
  #said = '';

  constructor(command: string, args: readonly string[], cwd: string, environment: Record<string, string> = {}) {
    this.#name = [command, ...args].join(' ');
    this.#child = owned(
      spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd, env: { ...process.env, ...environment } }),
    );
    const listen = (text: string): void => void (this.#said = (this.#said + text).slice(-KEPT_CHARACTERS));
    this.#child.stdout?.setEncoding('utf8').on('data', listen);
    this.#child.stderr?.setEncoding('utf8').on('data', listen);
    this.#child.on('error', (error) => listen(String(error)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** All that it said of late. */
  get said(): string {
    return this.#said;
  }

  /** Waits until something is defined. */
  async until<Value>(look: () => Value | undefined | Promise<Value | undefined>): Promise<Value> {
    const endAt = performance.now() + START_MS;
    while (performance.now() < endAt && this.#child.exitCode === null && this.#child.signalCode === null) {
      const found = await look();
      if (found !== undefined) return found;
      await delay(20);
    }
    throw new Error(`${this.#name} did not start:\n${this.#said}`);
  }

  /** Waits until HTTP is answered there, with whatever. */
  async answersAt(url: string): Promise<void> {
    await this.until(() =>
      fetch(url).then(
        () => true,
        () => undefined,
      ),
    );
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const forced = setTimeout(() => this.#child.kill('SIGKILL'), 6000);
    await exit;
    clearTimeout(forced);
  }
}

/** A port that is free now, for programs that cannot choose one and say which. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
