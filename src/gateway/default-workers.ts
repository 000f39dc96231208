import { availableParallelism } from 'node:os';

/** More cores than this are left to other programs: a worker takes some 40 MB, and serves hundreds of viewers. */
const MOST_WORKERS = 8;

/** Threads of the media plane where the config says nothing: one for each core. */
export function defaultWorkers(): number {
  return Math.min(MOST_WORKERS, availableParallelism());
}
