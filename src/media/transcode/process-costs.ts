import { readFileSync } from 'node:fs';
import type { TranscoderCosts, TranscoderKind } from '../../base/transcoders.ts';

interface Watched {
  kind: TranscoderKind;
  pid: number;
  cpuSeconds: number;
  sampledAt: number;
  share: number | undefined;
}

const SAMPLE_INTERVAL_MS = 3000;
/** A share of a shorter time is mostly chance. */
const SHORTEST_MS = 500;
/** Linux counts the times of a process so to whoever asks, whatever its own clock is (USER_HZ). */
const TICKS_PER_SECOND = 100;
const KINDS: readonly TranscoderKind[] = ['speech', 'audio', 'video'];

/** What the transcoders cost: looked up every few seconds while there are any. */
export class ProcessCosts {
  readonly #watched = new Set<Watched>();
  readonly #totals = new Map<TranscoderKind, TranscoderCosts>(
    KINDS.map((kind) => [kind, { kind, running: 0, started: 0, failed: 0, cpuSeconds: 0 }]),
  );
  readonly #cpuSecondsOf: (pid: number) => number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(cpuSecondsOf: (pid: number) => number | undefined = processCpuSeconds) {
    this.#cpuSecondsOf = cpuSecondsOf;
  }

  get totals(): TranscoderCosts[] {
    return [...this.#totals.values()].map((total) => ({ ...total }));
  }

  /** Another process; `pid` is undefined where it did not come to be. */
  begin(kind: TranscoderKind, pid: number | undefined): { readonly share: number | undefined; end(isFailed: boolean): void } {
    const total = this.#totalOf(kind);
    const watched: Watched = { kind, pid: pid ?? 0, cpuSeconds: 0, sampledAt: performance.now(), share: undefined };
    total.started += 1;
    total.running += 1;
    if (pid !== undefined) this.#watched.add(watched);
    this.#timer ??= setInterval(() => this.sample(), SAMPLE_INTERVAL_MS);
    let isEnded = false;
    return {
      get share() {
        return watched.share;
      },
      end: (isFailed) => {
        if (isEnded) return;
        isEnded = true;
        total.running -= 1;
        if (isFailed) total.failed += 1;
        this.#watched.delete(watched);
        if (this.#watched.size > 0) return;
        clearInterval(this.#timer);
        this.#timer = undefined;
      },
    };
  }

  /** Looks at all of them. */
  sample(): void {
    for (const watched of this.#watched) {
      const cpuSeconds = this.#cpuSecondsOf(watched.pid);
      const now = performance.now();
      if (cpuSeconds === undefined || now - watched.sampledAt < SHORTEST_MS) continue;
      const used = Math.max(0, cpuSeconds - watched.cpuSeconds);
      watched.share = used / ((now - watched.sampledAt) / 1000);
      watched.cpuSeconds = cpuSeconds;
      watched.sampledAt = now;
      this.#totalOf(watched.kind).cpuSeconds += used;
    }
  }

  #totalOf(kind: TranscoderKind): TranscoderCosts {
    const total = this.#totals.get(kind);
    if (total === undefined) throw new Error(`no such kind of transcoder: ${kind}`);
    return total;
  }
}

/** Undefined where there is no such process, or no /proc. */
function processCpuSeconds(pid: number): number | undefined {
  try {
    // Behind the name, which may hold anything, in brackets: state first, utime and stime are the 12th and 13th (proc(5)).
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    const ticks = Number(fields[11]) + Number(fields[12]);
    return Number.isFinite(ticks) ? ticks / TICKS_PER_SECOND : undefined;
  } catch {
    return undefined;
  }
}
