/*
 * Which worker a camera goes to, and when it moves to another. Workers are compared by what their cameras cost while somebody watches them, watched now
 * or not: who watches a camera today watches it tomorrow.
 */

/** A camera as it counts in the load of its worker. */
export interface BalancedCamera {
  /** Share of a core that it costs while it is watched; undefined before it was. */
  cost: number | undefined;
  /** When it came from another worker, milliseconds of a monotonic clock; undefined where it never has. */
  movedAt: number | undefined;
}

export interface BalancedWorker {
  /** By id. */
  cameras: ReadonlyMap<string, BalancedCamera>;
  /** False while it is dead, and while it may die again soon: nothing goes there that has another place to go to, and nothing leaves. */
  isAvailable: boolean;
}

export interface Move {
  cameraId: string;
  from: number;
  to: number;
}

/** Of a camera that was not watched yet: about one viewer at 4 Mbit/s. Without it all cameras of a site that starts would go to one worker. */
const UNKNOWN_COST = 0.02;
/** Below half a core a worker has room for whatever comes, and a move would gain nothing that anybody sees. */
const BUSY = 0.5;
/** A move must make the busier of the two workers less busy by so much. By that no move is ever undone, unless costs have changed by as much. */
const LEAST_GAIN = 0.1;
/** A camera that has moved stays for so long, whatever it costs. */
const REST_MS = 5 * 60_000;

/** Seconds over which costs are averaged: a busy moment, or the keyframes that viewers who join are sent, is not what a camera costs. */
const AVERAGED_SECONDS = 20;

/**
 * What a camera is taken to cost, on average. It follows more and fewer viewers alike, and stays where the last ones left it, since it is measured only while
 * somebody watches.
 *
 * @param before the same before this measurement; undefined: it is the first
 * @param measured share of a core in the last second, in which it was watched
 */
export function learnedCost(before: number | undefined, measured: number): number {
  const known = before ?? UNKNOWN_COST;
  return known + (measured - known) / AVERAGED_SECONDS;
}

/** What the cameras of a worker cost in sum if all of them are watched, in cores. */
export function expectedLoad({ cameras }: BalancedWorker): number {
  return [...cameras.values()].reduce((sum, { cost }) => sum + (cost ?? UNKNOWN_COST), 0);
}

/** The worker with the most room, the first of several. */
export function roomiest(workers: readonly BalancedWorker[]): number {
  const isAnyAvailable = workers.some(({ isAvailable }) => isAvailable);
  const loads = workers.map((worker) => (worker.isAvailable || !isAnyAvailable ? expectedLoad(worker) : Infinity));
  return loads.indexOf(Math.min(...loads));
}

/**
 * The move that gains most: of a camera that is idle, from a worker that is busy to the one with the most room. Undefined where none is worth it.
 *
 * @param isIdle nobody would notice
 * @param nowMs by the clock of {@link BalancedCamera.movedAt}
 */
export function nextMove(
  workers: readonly BalancedWorker[],
  isIdle: (cameraId: string) => boolean,
  nowMs: number,
): Move | undefined {
  const to = roomiest(workers);
  const loads = workers.map(expectedLoad);
  const room = loads[to] ?? 0;
  let best: (Move & { gain: number }) | undefined;
  for (const [from, { cameras, isAvailable }] of workers.entries()) {
    const load = loads[from] ?? 0;
    if (!isAvailable || from === to || load < BUSY) continue;
    for (const [cameraId, { cost, movedAt = -Infinity }] of cameras) {
      if (cost === undefined || nowMs - movedAt < REST_MS) continue;
      const gain = load - Math.max(load - cost, room + cost);
      if (gain >= LEAST_GAIN && gain > (best?.gain ?? 0) && isIdle(cameraId)) best = { cameraId, from, to, gain };
    }
  }
  return best && { cameraId: best.cameraId, from: best.from, to: best.to };
}
