import { Backoff } from '../../base/backoff.ts';
import { reasonOf, type GatewayError, type Reason } from '../../base/errors.ts';
import { ConversionProcess, type ConversionProcessOptions } from './conversion-process.ts';

export interface ConverterOptions extends Omit<ConversionProcessOptions, 'onEnded'> {
  /** What a process is given first. */
  begin: () => Buffer;
  /** It cannot be done, and why; undefined once it can again. */
  onState: (reason: Reason | undefined) => void;
}

export type ConverterState = 'starting' | 'running' | 'failed';

/** From one start to the next, whatever a camera does, milliseconds: a process takes longer to begin than pictures take to change. */
const START_INTERVAL_MS = 500;
/** Waits where one gave nothing, milliseconds: ffmpeg may be installed meanwhile. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

/** Keeps a process of ffmpeg alive that makes frames of frames. */
export class Converter {
  readonly #options: ConverterOptions;
  readonly #backoff = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS });
  #process: ConversionProcess | undefined;
  #startedAt = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #reason: Reason | undefined;
  #restarts = 0;
  #dropped = 0;
  #isClosed = false;

  constructor(options: ConverterOptions) {
    this.#options = options;
  }

  get state(): ConverterState {
    if (this.#reason !== undefined) return 'failed';
    return this.#process !== undefined && this.#process.frames > 0 ? 'running' : 'starting';
  }

  /** Why it is `failed`. */
  get reason(): Reason | undefined {
    return this.#reason;
  }

  /** Times that the process was not the first. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Frames for which there was no process, or that it did not take in time; and those that were left out for another reason. */
  get dropped(): number {
    return this.#dropped;
  }

  get transcoderId(): string | undefined {
    return this.#process?.transcoderId;
  }

  start(): void {
    if (this.#isClosed) return;
    this.#startedAt = performance.now();
    const begun = new ConversionProcess({
      ...this.#options,
      onFrame: (frame, seconds) => {
        this.#backoff.reset();
        this.#say(undefined);
        this.#options.onFrame(frame, seconds);
      },
      onEnded: (error) => this.#ended(error, begun.frames > 0),
    });
    this.#process = begun;
    begun.start();
    begun.write(this.#options.begin());
  }

  /** Another process in place of the one that there is: at once, or a little later where that is too young. */
  startAnew(): void {
    if (this.#process === undefined) return;
    this.#process.close();
    this.#process = undefined;
    const waitMs = this.#untilNextStart();
    if (waitMs === 0) this.#restart();
    else this.#retryTimer = setTimeout(() => this.#restart(), waitMs);
  }

  /** False when the frame was dropped. */
  write(bytes: Buffer): boolean {
    const isTaken = this.#process?.write(bytes) ?? false;
    if (!isTaken) this.drop();
    return isTaken;
  }

  /** Counts a frame that is not even written. */
  drop(): void {
    this.#dropped += 1;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    this.#process?.close();
    this.#process = undefined;
  }

  #ended(error: GatewayError, hasWorked: boolean): void {
    this.#process = undefined;
    if (!hasWorked) this.#say(reasonOf(error));
    this.#retryTimer = setTimeout(() => this.#restart(), hasWorked ? this.#untilNextStart() : this.#backoff.next());
  }

  #restart(): void {
    this.#restarts += 1;
    this.start();
  }

  #untilNextStart(): number {
    return Math.max(0, START_INTERVAL_MS - (performance.now() - this.#startedAt));
  }

  #say(reason: Reason | undefined): void {
    if (this.#reason?.code === reason?.code) return;
    this.#reason = reason;
    this.#options.onState(reason);
  }
}
