import { readdirSync, readFileSync } from 'node:fs';

/**
 * For how long, milliseconds since they began, this thread and those processes were ready to run while the machine ran something else: what it had
 * to do with a delay between two calls. Linux: the second number of schedstat; nothing where the kernel does not count it (no CONFIG_SCHED_INFO).
 */
export function keptWaitingMs(pids: readonly number[]): number {
  const threads = pids.flatMap((pid) => namesIn(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`));
  return ['/proc/thread-self', ...threads].reduce((sum, thread) => sum + nanosecondsOf(thread), 0) / 1e6;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // The process is gone.
    return [];
  }
}

function nanosecondsOf(thread: string): number {
  try {
    return Number(readFileSync(`${thread}/schedstat`, 'latin1').split(' ')[1]);
  } catch {
    return 0;
  }
}
