import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { WorkerPool } from '../../../src/plane/worker-pool.ts';
import { recordingLogger } from '../../support/site.ts';
import { fakeCamera, fakeWorkers, toldOfCameras, type FakeThread } from './fake-workers.ts';

interface Pool {
  pool: WorkerPool;
  threads: FakeThread[];
  died: number[];
  lines: Record<string, unknown>[];
  /** Cameras of which something is under way. */
  busy: Set<string>;
}

function startPool(count: number): Pool {
  const { threads, start } = fakeWorkers();
  const died: number[] = [];
  const busy = new Set<string>();
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const pool = new WorkerPool({
    shares: Array.from({ length: count }, () => DEFAULT_MEDIA_SETTINGS),
    start,
    onMessage: () => undefined,
    onDied: (worker) => died.push(worker),
    isIdle: (cameraId) => !busy.has(cameraId),
    logger,
  });
  return { pool, threads, died, lines, busy };
}

/** Waits as long as a worker that died the first time does, at most. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('cameras', () => {
  it('go to the worker with the fewest, which is started for its first', () => {
    const { pool, threads } = startPool(2);
    expect(threads).toHaveLength(0);
    pool.setCamera(fakeCamera('a'));
    expect(threads).toHaveLength(1);
    for (const id of ['b', 'c', 'd', 'e']) pool.setCamera(fakeCamera(id));
    expect(threads.map(({ worker }) => worker)).toEqual([0, 1]);
    expect(threads.map(toldOfCameras)).toEqual([
      ['set a main', 'set c main', 'set e main'],
      ['set b main', 'set d main'],
    ]);
  });

  it('stay with their worker, also when others go', () => {
    const { pool, threads } = startPool(2);
    for (const id of ['a', 'b', 'c']) pool.setCamera(fakeCamera(id));
    pool.removeCamera('a');
    pool.removeCamera('c');
    pool.setCamera(fakeCamera('b', 'sub'));
    expect(pool.workerOf('b')).toBe(1);
    expect(pool.workerOf('a')).toBeUndefined();
    pool.setCamera(fakeCamera('d'));
    expect(threads.map(toldOfCameras)).toEqual([
      ['set a main', 'set c main', 'remove a', 'remove c', 'set d main'],
      ['set b main', 'set b sub'],
    ]);
  });
});

/** Lets what each camera costs be known: it is said by its worker once a second for a minute. */
function learn(threads: readonly FakeThread[], costs: Record<string, number>[]): void {
  for (let second = 0; second < 60; second += 1) {
    for (const [index, of] of costs.entries()) threads[index]?.isAlive(of);
    vi.advanceTimersByTime(1000);
  }
}

describe('two cameras that cost much in one worker', () => {
  it('become one in each once one of them is idle: the old worker lets it go, the new one has it as it is by then', () => {
    const { pool, threads, busy, lines } = startPool(2);
    for (const id of ['a', 'b', 'c', 'd']) pool.setCamera(fakeCamera(id));
    busy.add('a').add('c');
    learn(threads, [{ a: 0.4, c: 0.4 }]);
    expect(pool.workerOf('c')).toBe(0);
    pool.setCamera(fakeCamera('c', 'sub'));
    busy.delete('c');
    vi.advanceTimersByTime(1000);
    expect(pool.workerOf('c')).toBe(1);
    expect(threads.map(toldOfCameras)).toEqual([
      ['set a main', 'set c main', 'set c sub', 'remove c'],
      ['set b main', 'set d main', 'set c sub'],
    ]);
    expect(pool.stats.map(({ cameras, moves }) => [cameras, moves])).toEqual([
      [1, 0],
      [3, 1],
    ]);
    expect(lines).toMatchObject([{ level: 30, camera: 'c', from: 0, to: 1 }]);
    // What the old worker still says of it is not counted to the new one.
    const costs = pool.costs;
    threads[0]?.isAlive({ c: 5 });
    expect(pool.costs).toEqual(costs);
  });

  it('stay where they are while something of each is under way, or the worker is dead', () => {
    const { pool, threads, busy } = startPool(2);
    for (const id of ['a', 'b', 'c', 'd']) pool.setCamera(fakeCamera(id));
    busy.add('a').add('c');
    learn(threads, [{ a: 0.4, c: 0.4 }]);
    pool.setCamera(fakeCamera('a'));
    expect(pool.workerOf('a')).toBe(0);
    for (let death = 0; death < 6; death += 1) {
      threads.findLast(({ worker }) => worker === 0)?.dies();
      if (death < 5) vi.advanceTimersByTime(LONGEST_WAIT_MS);
    }
    busy.clear();
    vi.advanceTimersByTime(1000);
    expect(pool.running).toEqual([1]);
    expect([pool.workerOf('a'), pool.workerOf('c')]).toEqual([0, 0]);
  });

  it('are moved to a worker that was not needed yet, which is started for it', () => {
    const { pool, threads, busy } = startPool(2);
    for (const id of ['a', 'b', 'c']) pool.setCamera(fakeCamera(id));
    pool.removeCamera('b');
    threads[1]?.dies();
    vi.advanceTimersByTime(FIRST_WAIT_MS);
    busy.add('a').add('c');
    learn(threads, [{ a: 0.4, c: 0.4 }]);
    busy.clear();
    vi.advanceTimersByTime(1000);
    expect(threads.map(({ worker }) => worker)).toEqual([0, 1, 1]);
    expect(threads.slice(2).map(toldOfCameras)).toEqual([['set a main']]);
  });
});

it('a new camera goes where cameras cost least, and not where they are fewest', () => {
  const { pool, threads, busy } = startPool(2);
  for (const id of ['a', 'b', 'c', 'd', 'e']) pool.setCamera(fakeCamera(id));
  for (const id of ['c', 'e']) pool.removeCamera(id);
  busy.add('a');
  learn(threads, [{ a: 0.9 }]);
  pool.setCamera(fakeCamera('f'));
  expect(pool.workerOf('f')).toBe(1);
});

describe('a worker that died', () => {
  it('is told, counted, and started again with its cameras as they are by then; the other one is left alone', () => {
    const { pool, threads, died, lines } = startPool(2);
    for (const id of ['a', 'b', 'c', 'd']) pool.setCamera(fakeCamera(id));
    threads[0]?.dies(new Error('out of memory'));
    expect(died).toEqual([0]);
    expect(pool.running).toEqual([1]);
    pool.removeCamera('a');
    pool.setCamera(fakeCamera('c', 'sub'));
    expect(threads).toHaveLength(2);
    vi.advanceTimersByTime(FIRST_WAIT_MS);
    expect(pool.running).toEqual([0, 1]);
    expect(threads.map(({ worker }) => worker)).toEqual([0, 1, 0]);
    expect(threads.slice(1).map(toldOfCameras)).toEqual([['set b main', 'set d main'], ['set c sub']]);
    expect(pool.stats.map(({ restarts, cameras }) => ({ restarts, cameras }))).toEqual([
      { restarts: 1, cameras: 1 },
      { restarts: 0, cameras: 2 },
    ]);
    expect(lines).toMatchObject([
      { level: 50, worker: 0, cameras: ['a', 'c'], msg: expect.stringContaining('out of memory') as unknown },
    ]);
  });

  it('again and again is started less and less often, and at once again after it has run for a while', () => {
    const { pool, threads } = startPool(1);
    pool.setCamera(fakeCamera('a'));
    for (let death = 0; death < 12; death += 1) {
      threads.at(-1)?.dies();
      vi.advanceTimersByTime(LONGEST_WAIT_MS);
      expect(threads).toHaveLength(death + 2);
    }
    threads.at(-1)?.dies();
    vi.advanceTimersByTime(10 * FIRST_WAIT_MS);
    expect(threads).toHaveLength(13);
    vi.advanceTimersByTime(LONGEST_WAIT_MS);
    expect(threads).toHaveLength(14);
    vi.advanceTimersByTime(60_000);
    threads.at(-1)?.dies();
    vi.advanceTimersByTime(FIRST_WAIT_MS);
    expect(threads).toHaveLength(15);
  });

  it('gets neither a new camera nor one that moves before it has run for a minute, where another worker has', () => {
    const { pool, threads, busy } = startPool(2);
    for (const id of ['a', 'b', 'c']) pool.setCamera(fakeCamera(id));
    busy.add('a').add('c');
    learn(threads, [{ a: 0.4, c: 0.4 }]);
    threads[1]?.dies();
    vi.advanceTimersByTime(FIRST_WAIT_MS);
    expect(pool.running).toEqual([0, 1]);
    busy.clear();
    pool.setCamera(fakeCamera('d'));
    expect(pool.workerOf('d')).toBe(0);
    for (let second = 0; second < 59; second += 1) {
      for (const worker of [0, 1]) threads.findLast((thread) => thread.worker === worker)?.isAlive();
      vi.advanceTimersByTime(1000);
    }
    expect(pool.stats.map(({ moves }) => moves)).toEqual([0, 0]);
    vi.advanceTimersByTime(2000);
    expect(pool.stats.map(({ moves }) => moves)).toEqual([0, 1]);
    expect(new Set([pool.workerOf('a'), pool.workerOf('c')])).toEqual(new Set([0, 1]));
  });

  it('is started again where the thread itself could not be', () => {
    const { threads, start } = fakeWorkers();
    const failing = vi.fn(start).mockImplementationOnce(() => {
      throw new Error('no thread left');
    });
    const { logger } = recordingLogger((destination) => createLogger({ destination }));
    const onDied = vi.fn();
    const options = {
      shares: [DEFAULT_MEDIA_SETTINGS],
      start: failing,
      onMessage: () => undefined,
      onDied,
      isIdle: () => true,
      logger,
    };
    const pool = new WorkerPool(options);
    pool.setCamera(fakeCamera('a'));
    expect(pool.running).toEqual([]);
    vi.advanceTimersByTime(FIRST_WAIT_MS);
    expect(pool.running).toEqual([0]);
    expect(threads.map(toldOfCameras)).toEqual([['set a main']]);
    expect(onDied).toHaveBeenCalledOnce();
  });

  it('while the pool closes is not started again', async () => {
    const { pool, threads, died, lines } = startPool(2);
    pool.setCamera(fakeCamera('a'));
    pool.setCamera(fakeCamera('b'));
    pool.retire();
    threads[0]?.dies();
    await pool.close();
    expect(threads[1]?.terminated).toBe(true);
    vi.advanceTimersByTime(LONGEST_WAIT_MS);
    expect(threads).toHaveLength(2);
    // Whoever waits for their goodbye waits no more, and nothing went wrong.
    expect(died).toEqual([0, 1]);
    expect(lines).toEqual([]);
  });
});

describe('a worker that is silent', () => {
  it('for ten seconds is ended and started again', () => {
    const { pool, threads, died, lines } = startPool(1);
    pool.setCamera(fakeCamera('a'));
    threads[0]?.isAlive();
    vi.advanceTimersByTime(9000);
    threads[0]?.isAlive();
    vi.advanceTimersByTime(9000);
    expect(died).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(threads[0]?.terminated).toBe(true);
    expect(died).toEqual([0]);
    expect(lines[0]?.['msg']).toBe('Media worker 0 is stuck: it is ended');
    vi.advanceTimersByTime(FIRST_WAIT_MS);
    expect(threads).toHaveLength(2);
  });

  it('since it is not loaded yet is waited for', () => {
    const { pool, threads, died } = startPool(1);
    pool.setCamera(fakeCamera('a'));
    vi.advanceTimersByTime(60_000);
    expect(died).toEqual([]);
    expect(threads[0]?.terminated).toBe(false);
  });
});

it('how busy each worker is shows while it runs', () => {
  const { pool, threads } = startPool(2);
  pool.setCamera(fakeCamera('a'));
  threads[0]?.isAlive();
  expect(pool.stats).toEqual([
    { running: true, cameras: 1, restarts: 0, moves: 0, expected: 0.02, utilization: 0.5, delayMs: 3 },
    { running: false, cameras: 0, restarts: 0, moves: 0, expected: 0, utilization: 0, delayMs: 0 },
  ]);
  threads[0]?.dies();
  expect(pool.stats[0]).toMatchObject({ running: false, cameras: 1, restarts: 1, utilization: 0, delayMs: 0 });
});
