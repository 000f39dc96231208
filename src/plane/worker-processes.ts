import { availableParallelism } from 'node:os';
import { reasonOf, type Reason } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import type { TranscoderCosts } from '../base/transcoders.ts';
import { Ffmpeg } from '../media/transcode/ffmpeg.ts';
import { ProcessCosts } from '../media/transcode/process-costs.ts';
import type { MediaMessage } from './messages.ts';

type TranscoderMessage = Extract<MediaMessage, { type: `transcoder.${string}` }>;

export interface WorkerProcessesOptions {
  logger: Logger;
  /** A process ended that was not told to; its worker is there. */
  onFailed: (worker: number, transcoderId: string, reason: Reason) => void;
  /** Default `ffmpeg` of the system. */
  command?: string;
  /** Pictures of so many streams are converted at the same time at most; default two for each core. */
  maxVideos?: number;
}

/** H.265 of 1080p takes a quarter of a core, of 4K a whole one: with more of them all would stutter. */
const VIDEOS_PER_CORE = 2;

/** The ffmpeg processes of all workers, kept apart: ids are a worker's own, and what a worker that died had started ends with it. */
export class WorkerProcesses {
  readonly #options: WorkerProcessesOptions;
  readonly #byWorker = new Map<number, Ffmpeg>();
  readonly #ending = new Set<Promise<void>>();
  readonly #costs = new ProcessCosts();
  #closed = false;

  constructor(options: WorkerProcessesOptions) {
    this.#options = options;
  }

  /** What those of each kind have cost, also those of workers that died. */
  get costs(): TranscoderCosts[] {
    return this.#costs.totals;
  }

  /** Share of a core that a process uses; undefined where that is not known. */
  shareOf(worker: number, transcoderId: string): number | undefined {
    return this.#byWorker.get(worker)?.shareOf(transcoderId);
  }

  hear(worker: number, message: TranscoderMessage): void {
    if (message.type === 'transcoder.stop') this.#byWorker.get(worker)?.stop(message.transcoderId);
    else if (this.#closed) return;
    else if (message.kind === 'video' && this.#videos >= this.#maxVideos)
      this.#options.onFailed(worker, message.transcoderId, this.#tooMany());
    else this.#of(worker).start(message.transcoderId, message.kind, message.arguments);
  }

  /** Ends all that the worker has; it may start others under the same ids at once. */
  end(worker: number): void {
    const processes = this.#byWorker.get(worker);
    if (processes === undefined) return;
    this.#byWorker.delete(worker);
    const ending = processes.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Ends all, and waits until they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const worker of [...this.#byWorker.keys()]) this.end(worker);
    await Promise.all(this.#ending);
  }

  /** Those that were told to stop make room at once: what takes the place of one, as after a change of size, need not wait for its end. */
  get #videos(): number {
    return [...this.#byWorker.values()].reduce((sum, processes) => sum + processes.countOf('video'), 0);
  }

  get #maxVideos(): number {
    return this.#options.maxVideos ?? VIDEOS_PER_CORE * availableParallelism();
  }

  #tooMany(): Reason {
    return {
      code: 'transcode.too_many',
      message: `The pictures of ${this.#maxVideos} streams are being converted, and this machine has no processor for more.`,
      advice: "Set the camera's video encoder to H.264 without B-frames.",
    };
  }

  #of(worker: number): Ffmpeg {
    const known = this.#byWorker.get(worker);
    if (known !== undefined) return known;
    const { logger, command, onFailed } = this.#options;
    const processes = new Ffmpeg({
      logger,
      costs: this.#costs,
      ...(command === undefined ? {} : { command }),
      onEnded: (id, error) => {
        if (error !== undefined && this.#byWorker.get(worker) === processes) onFailed(worker, id, reasonOf(error));
      },
    });
    this.#byWorker.set(worker, processes);
    return processes;
  }
}
