import { spawn, type ChildProcess } from 'node:child_process';
import { GatewayError } from '../../base/errors.ts';
import type { Logger } from '../../base/log.ts';
import type { TranscoderKind } from '../../base/transcoders.ts';
import { ProcessCosts } from './process-costs.ts';

export interface FfmpegOptions {
  logger: Logger;
  /** A process is gone: by itself, with the error that it left, or since it was stopped. */
  onEnded: (id: string, error?: GatewayError) => void;
  /** Default `ffmpeg` of the system. */
  command?: string;
  /** Where it is noted what they cost. */
  costs?: ProcessCosts;
}

interface Running {
  kind: TranscoderKind;
  readonly isStopped: boolean;
  ended: Promise<void>;
  stop: () => void;
  /** Of a core, of late; undefined while that is not known. */
  readonly share: number | undefined;
}

/** More of what it says is not kept. */
const MAX_ERROR_CHARACTERS = 500;
/** One that does not end when it is told to is killed, milliseconds. */
const KILL_AFTER_MS = 1000;

/** The ffmpeg processes of a gateway: spawned, watched and reaped here, in the control plane; their media go past it over local sockets. */
export class Ffmpeg {
  readonly #options: FfmpegOptions;
  readonly #processes = new Map<string, Running>();
  readonly #costs: ProcessCosts;

  constructor(options: FfmpegOptions) {
    this.#options = options;
    this.#costs = options.costs ?? new ProcessCosts();
  }

  /** @param id not in use */
  start(id: string, kind: TranscoderKind, programArguments: readonly string[]): void {
    const { command = 'ffmpeg', logger, onEnded } = this.#options;
    let child: ChildProcess;
    try {
      child = spawn(command, programArguments, { stdio: ['ignore', 'ignore', 'pipe'] });
    } catch (cause) {
      // Some of what the system refuses (ENOMEM, EPERM) is thrown, all else comes as an event.
      this.#costs.begin(kind, undefined).end(true);
      onEnded(id, notStarted(cause));
      return;
    }
    const cost = this.#costs.begin(kind, child.pid);
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    let said = '';
    let isStopped = false;
    let killTimer: NodeJS.Timeout | undefined;
    // Where no descriptor is left there is none.
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-MAX_ERROR_CHARACTERS)));
    const end = (error?: GatewayError): void => {
      if (!this.#processes.delete(id)) return;
      clearTimeout(killTimer);
      cost.end(error !== undefined);
      if (error !== undefined) logger.debug({ reason: error.message, said }, 'ffmpeg failed');
      resolve();
      onEnded(id, error);
    };
    child.once('error', (error) => end(notStarted(error)));
    // Its input never ends before it is told to stop: 0 is a failure, too.
    child.once('close', (code) => end(isStopped ? undefined : failed(code, said)));
    const stop = (): void => {
      if (isStopped) return;
      isStopped = true;
      child.kill('SIGTERM');
      killTimer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
    };
    this.#processes.set(id, {
      kind,
      get isStopped() {
        return isStopped;
      },
      ended,
      stop,
      get share() {
        return cost.share;
      },
    });
  }

  /** Share of a core that it uses; undefined where that is not known. */
  shareOf(id: string): number | undefined {
    return this.#processes.get(id)?.share;
  }

  /** How many of this kind there are that were not told to stop. */
  countOf(kind: TranscoderKind): number {
    return [...this.#processes.values()].filter((each) => each.kind === kind && !each.isStopped).length;
  }

  stop(id: string): void {
    this.#processes.get(id)?.stop();
  }

  /** Ends all, and waits until they are gone. */
  async close(): Promise<void> {
    const processes = [...this.#processes.values()];
    for (const { stop } of processes) stop();
    await Promise.all(processes.map(({ ended }) => ended));
  }
}

function notStarted(cause: unknown): GatewayError {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  const message = isMissing ? 'ffmpeg, which is needed for the conversion, is not installed.' : 'ffmpeg could not be started.';
  return new GatewayError('transcode.no_ffmpeg', message, { advice: 'Install ffmpeg where the gateway runs.', cause });
}

function failed(code: number | null, said: string): GatewayError {
  const [line = ''] = said.trim().split('\n').slice(-1);
  return new GatewayError('transcode.failed', `ffmpeg ended (${code ?? 'killed'})${line === '' ? '' : `: ${line}`}.`);
}
