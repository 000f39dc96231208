import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Chromium's thread that takes packets from the network, and has them decoded and played. */
const PLAYING = 'WebRTC_W_and_N';

/**
 * How long the machine kept waiting, though they were ready to run, the threads that media pass: this one, in which camera and gateway are, and the one in
 * which Chromium plays. What they were late by, packets and playout were late by. Linux: the second number of schedstat; nothing where the kernel does
 * not count it (no CONFIG_SCHED_INFO).
 */
export class MediaThreadWaits {
  readonly #threads: readonly string[];
  #before: readonly number[];
  readonly #longest: { atMs: number; waitMs: number }[] = [];

  /** To be made while Chromium plays. */
  constructor() {
    const playing = startedFrom(process.pid).flatMap((pid) =>
      tasksOf(pid).filter((task) => textOf(`${task}/comm`).trim() === PLAYING),
    );
    this.#threads = ['/proc/thread-self', ...playing];
    this.#before = this.#threads.map(waitOf);
  }

  /** Notes the longest wait of one thread since the call before; milliseconds. */
  look(): void {
    const now = this.#threads.map(waitOf);
    this.#longest.push({
      atMs: performance.now(),
      waitMs: Math.max(...now.map((wait, index) => wait - (this.#before[index] ?? wait))),
    });
    this.#before = now;
  }

  /** The longest that was noted in the time until now, milliseconds. */
  longest(withinMs: number): number {
    const recent = this.#longest.filter(({ atMs }) => atMs >= performance.now() - withinMs);
    return Math.max(0, ...recent.map(({ waitMs }) => waitMs));
  }
}

/** The processes that one has started, and that those have. */
function startedFrom(first: number): number[] {
  const table = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [first];
  for (const parent of found) for (const [pid = 0, of] of pairs) if (of === parent) found.push(pid);
  return found.slice(1);
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);
  } catch {
    // The process is gone.
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

function waitOf(thread: string): number {
  return Number(textOf(`${thread}/schedstat`).split(' ')[1] ?? 0) / 1e6;
}
