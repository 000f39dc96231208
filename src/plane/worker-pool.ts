import { Backoff } from '../base/backoff.ts';
import type { Logger } from '../base/log.ts';
import {
  expectedLoad,
  learnedCost,
  nextMove,
  roomiest,
  type BalancedCamera,
  type BalancedWorker,
  type Move,
} from './load-balance.ts';
import type { CameraCost, CameraSource, ControlMessage, MediaMessage, MediaSettings, WorkerStats } from './messages.ts';
import type { PlaneThread, StartPlane, ThreadLoad } from './plane-thread.ts';

export interface WorkerPoolOptions {
  /** Of each worker that there may be. */
  shares: readonly MediaSettings[];
  start: StartPlane;
  onMessage: (worker: number, message: MediaMessage) => void;
  /** All that the worker had is gone; it is started again with its cameras, though not yet. */
  onDied: (worker: number) => void;
  /** Nothing of the camera is under way: it may be taken from one worker to another. */
  isIdle: (cameraId: string) => boolean;
  logger: Logger;
}

/** Waits before a worker that died is started again, milliseconds. */
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;
/** One that has run for so long did not die of how it began. */
const STABLE_MS = 60_000;

const WATCH_INTERVAL_MS = 1000;
/** A worker that has said nothing for so many intervals is stuck: it says that it is well in each. */
const MAX_SILENT = 10;

interface MediaWorker {
  settings: MediaSettings;
  /** Undefined before its first camera, and between its death and its next start. */
  thread: PlaneThread | undefined;
  startedAt: number;
  /** Intervals since it last said that it is well; undefined before it has, since its start may take long. */
  silent: number | undefined;
  load: Pick<ThreadLoad, 'utilization' | 'delayMs'>;
  /** Cameras that came from other workers. */
  moves: number;
  /** What it is told again when it is started again. */
  cameras: Map<string, CameraSource>;
  restarts: number;
  backoff: Backoff;
  restartTimer: NodeJS.Timeout | undefined;
}

/**
 * The media planes and the cameras that each has. A camera stays with one worker unless that is busy and another has more room, and then moves only while
 * nothing of it is under way. A worker is started for its first camera.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #workers: readonly MediaWorker[];
  readonly #cameras = new Map<string, BalancedCamera & { worker: number }>();
  /** Since the first worker was started. */
  #watchTimer: NodeJS.Timeout | undefined;
  #isEnding = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#workers = options.shares.map((settings) => ({
      settings,
      thread: undefined,
      startedAt: 0,
      silent: undefined,
      load: IDLE,
      moves: 0,
      cameras: new Map(),
      restarts: 0,
      backoff: new Backoff({ firstMs: FIRST_RESTART_MS, maxMs: MAX_RESTART_MS }),
      restartTimer: undefined,
    }));
  }

  /** Numbers of the workers that run. */
  get running(): number[] {
    return [...this.#workers.keys()].filter((index) => this.isRunning(index));
  }

  get stats(): WorkerStats[] {
    const balanced = this.#balanced;
    return this.#workers.map(({ thread, cameras, restarts, load, moves }, index) => {
      const expected = expectedLoad(balanced[index] ?? NO_CAMERAS);
      return { running: thread !== undefined, cameras: cameras.size, restarts, moves, expected, ...load };
    });
  }

  /** What each camera costs while it is watched, as a share of a core; of those that were. */
  get costs(): CameraCost[] {
    return [...this.#cameras].flatMap(([cameraId, { cost }]) => (cost === undefined ? [] : [{ cameraId, cost }]));
  }

  /** The worker that has the camera. */
  workerOf(cameraId: string): number | undefined {
    return this.#cameras.get(cameraId)?.worker;
  }

  isRunning(index: number): boolean {
    return this.#workers[index]?.thread !== undefined;
  }

  /** Tells the camera to its worker; one that is new goes to the worker with the most room. */
  setCamera(camera: CameraSource): void {
    if (this.#isEnding) return;
    const index = this.workerOf(camera.id) ?? roomiest(this.#balanced);
    if (!this.#cameras.has(camera.id)) this.#cameras.set(camera.id, { worker: index, cost: undefined, movedAt: undefined });
    this.#give(index, camera);
  }

  removeCamera(cameraId: string): void {
    const index = this.workerOf(cameraId);
    if (index === undefined) return;
    this.#cameras.delete(cameraId);
    this.#take(index, cameraId);
  }

  /** To a worker that does not run nothing is said: whatever it is about is gone. */
  post(index: number, message: ControlMessage): void {
    this.#workers[index]?.thread?.post(message);
  }

  /** From now on no worker is started, and one that ends does as it was told. */
  retire(): void {
    this.#isEnding = true;
    clearInterval(this.#watchTimer);
    for (const { restartTimer } of this.#workers) clearTimeout(restartTimer);
  }

  /** Ends all workers at once. */
  async close(): Promise<void> {
    this.retire();
    await Promise.all(this.#workers.flatMap(({ thread }) => (thread === undefined ? [] : [thread.terminate()])));
  }

  get #balanced(): BalancedWorker[] {
    const workers = this.#workers.map((worker) => ({
      cameras: new Map<string, BalancedCamera>(),
      isAvailable: isSteady(worker),
    }));
    for (const [cameraId, camera] of this.#cameras) workers[camera.worker]?.cameras.set(cameraId, camera);
    return workers;
  }

  #give(index: number, camera: CameraSource): void {
    const worker = this.#workers[index];
    if (worker === undefined) return;
    worker.cameras.set(camera.id, camera);
    if (worker.thread !== undefined) worker.thread.post({ type: 'camera.set', camera });
    else if (worker.restartTimer === undefined) this.#start(index, worker);
  }

  #take(index: number, cameraId: string): void {
    this.#workers[index]?.cameras.delete(cameraId);
    this.post(index, { type: 'camera.remove', cameraId });
  }

  /** A session that is opened behind this finds the camera at its new worker, since that is told of it before. */
  #move({ cameraId, from, to }: Move): void {
    const [camera, source, worker] = [this.#cameras.get(cameraId), this.#workers[from]?.cameras.get(cameraId), this.#workers[to]];
    if (camera === undefined || source === undefined || worker === undefined) return;
    this.#options.logger.info(
      { camera: cameraId, from, to },
      `${cameraId} moves from media worker ${from} to ${to}, which has more room`,
    );
    camera.worker = to;
    camera.movedAt = performance.now();
    worker.moves += 1;
    this.#take(from, cameraId);
    this.#give(to, source);
  }

  #learn(index: number, costs: readonly CameraCost[]): void {
    for (const { cameraId, cost } of costs) {
      const camera = this.#cameras.get(cameraId);
      // It may have moved meanwhile.
      if (camera?.worker === index) camera.cost = learnedCost(camera.cost, cost);
    }
  }

  #start(index: number, worker: MediaWorker): void {
    this.#watchTimer ??= setInterval(() => this.#watch(), WATCH_INTERVAL_MS);
    worker.startedAt = performance.now();
    worker.silent = undefined;
    worker.restartTimer = undefined;
    try {
      worker.thread = this.#options.start(index, worker.settings, {
        onMessage: (message) => this.#options.onMessage(index, message),
        onAlive: ({ costs, ...load }) => {
          worker.silent = 0;
          worker.load = load;
          this.#learn(index, costs);
        },
        onExit: (error) => this.#died(index, worker, error),
      });
    } catch (error) {
      this.#died(index, worker, error instanceof Error ? error : new Error(String(error)));
      return;
    }
    for (const camera of worker.cameras.values()) worker.thread.post({ type: 'camera.set', camera });
  }

  #died(index: number, worker: MediaWorker, error: Error): void {
    worker.thread = undefined;
    worker.load = IDLE;
    if (this.#isEnding) return this.#options.onDied(index);
    worker.restarts += 1;
    if (performance.now() - worker.startedAt >= STABLE_MS) worker.backoff.reset();
    const waitMs = worker.backoff.next();
    worker.restartTimer = setTimeout(() => this.#start(index, worker), waitMs);
    this.#options.logger.error(
      { err: error, worker: index, cameras: [...worker.cameras.keys()] },
      `Media worker ${index} died (${error.message}) with its viewers; it is started again in ${Math.ceil(waitMs)} ms`,
    );
    this.#options.onDied(index);
  }

  #watch(): void {
    this.#endStuck();
    const move = nextMove(this.#balanced, this.#options.isIdle, performance.now());
    if (move !== undefined) this.#move(move);
  }

  /** A thread that is busy without end ends no session, and nobody sees why: it is better off dead. */
  #endStuck(): void {
    for (const [index, worker] of this.#workers.entries()) {
      if (worker.thread === undefined || worker.silent === undefined) continue;
      worker.silent += 1;
      if (worker.silent !== MAX_SILENT) continue;
      this.#options.logger.error({ worker: index }, `Media worker ${index} is stuck: it is ended`);
      void worker.thread.terminate();
    }
  }
}

/** One that dies again and again runs in between: it takes no more cameras with it. */
function isSteady({ restarts, restartTimer, startedAt }: MediaWorker): boolean {
  return restartTimer === undefined && (restarts === 0 || performance.now() - startedAt >= STABLE_MS);
}

const IDLE = { utilization: 0, delayMs: 0 };
const NO_CAMERAS: BalancedWorker = { cameras: new Map(), isAvailable: true };
