import type { PathEstimate } from './path-estimate.ts';

export interface ProbeSenderOptions {
  path: Pick<PathEstimate, 'isPadding' | 'paddingDue' | 'probe' | 'look' | 'padded'>;
  /** Sends about so many bytes that the viewer does not need; returns how many, 0 where it cannot. `RtpSender.pad` of the pictures. */
  pad: (bytes: number) => number;
  /** How long the first of what waits in the pacer has waited, milliseconds; 0: nothing waits. */
  waitingMs: () => number;
  /** The path has taken all that was sent: what is added does not wait in the socket. */
  isClear: () => boolean;
}

/** How often what a probe lacks is sent: packets of 1200 bytes at 2 Mbit/s are so far apart. */
const TICK_MS = 5;

/**
 * Sends what probes are made of beside pictures and sound, in time. Pictures that wait go first: where a limit holds them back, they go at the rate that is probed, and
 * are all that it is made of. A path that does not even take what it is sent anyway is sent nothing beside that.
 */
export class ProbeSender {
  readonly #options: ProbeSenderOptions;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ProbeSenderOptions) {
    this.#options = options;
  }

  /** Begins to find out whether the path carries so much in all, in steps; false where that may not begin now, or (`PathView.canProbe`) never. */
  probe(bitsPerSecond: number): boolean {
    if (this.#isClosed || !this.#options.isClear() || !this.#options.path.probe(bitsPerSecond)) return false;
    this.#goOn();
    return true;
  }

  /** To be called behind each feedback: goes on with what it has shown, and begins by itself where a limit holds back what waits. */
  look(): void {
    if (this.#isClosed) return;
    if (this.#options.isClear()) this.#options.path.look(this.#options.waitingMs());
    this.#goOn();
  }

  /** Sends nothing more; may be called again. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #goOn(): void {
    if (this.#options.path.isPadding) this.#timer ??= setTimeout(() => this.#send(), TICK_MS);
  }

  #send(): void {
    this.#timer = undefined;
    const { path, pad, waitingMs, isClear } = this.#options;
    const due = path.paddingDue;
    if (due > 0 && waitingMs() === 0 && isClear()) path.padded(pad(due));
    this.#goOn();
  }
}
