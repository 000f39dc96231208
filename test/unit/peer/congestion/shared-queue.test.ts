import { beforeEach, describe, expect, it } from 'vitest';
import { SharedQueue } from '../../../../src/peer/congestion/shared-queue.ts';

const WAY_MS = 30;
/** Of the viewer's clock. */
const EPOCH_MS = 5_000_000;

let queue: SharedQueue;
let nowMs: number;

beforeEach(() => {
  queue = new SharedQueue();
  nowMs = 1000;
});

/** A packet each 20 ms for so long, that waits for so many milliseconds; returns whether the queue is shared then. */
function run(seconds: number, waitMs: (atMs: number) => number, wayMs = WAY_MS): boolean {
  for (const startMs = nowMs; nowMs < startMs + seconds * 1000; nowMs += 20)
    queue.take(nowMs, nowMs + EPOCH_MS + wayMs + waitMs(nowMs - startMs), 1200);
  return queue.isShared;
}

/** TCP that goes to the limit of a queue of 300 ms, again and again, and leaves a half of it. */
const tcp = (atMs: number): number => 150 + 150 * ((atMs % 8000) / 8000);
/** A keyframe each two seconds that fills the queue, and pictures between. */
const keyframes = (atMs: number): number => Math.max(0, 800 - (atMs % 2000)) + (atMs % 40 === 0 ? 15 : 0);

describe('a queue', () => {
  it('that is full for ten seconds is that of others, and not before', () => {
    run(5, () => 0);
    expect(run(9.9, tcp)).toBe(false);
    expect(run(0.2, tcp)).toBe(true);
    expect(run(120, tcp)).toBe(true);
  });

  it('that is filled by each keyframe is our own', () => {
    expect(run(60, keyframes)).toBe(false);
  });

  it('is none where large packets take long on a slow path, as one of 300 kbit/s', () => {
    const packet = (bytes: number): void => queue.take(nowMs, nowMs + EPOCH_MS + WAY_MS + (bytes * 8) / 300, bytes);
    for (const startMs = nowMs; nowMs < startMs + 60_000; nowMs += 40) packet((nowMs - startMs) % 12_000 === 0 ? 200 : 1200);
    expect(queue.isShared).toBe(false);
  });

  it('of others is our own again when it was empty time and again for three seconds, keyframes or not', () => {
    run(5, () => 0);
    run(20, tcp);
    // TCP has lost much and begins anew.
    expect(run(1, () => 0)).toBe(true);
    expect(run(10, tcp)).toBe(true);
    expect(run(3, keyframes)).toBe(true);
    expect(run(2, keyframes)).toBe(false);
  });

  it('is none where the way became longer: that is known after a minute or so', () => {
    run(5, () => 0);
    expect(run(11, () => 0, WAY_MS + 30)).toBe(true);
    expect(run(60, () => 0, WAY_MS + 30)).toBe(false);
    expect(run(60, () => 0, WAY_MS + 30)).toBe(false);
  });

  it('is none where the clocks drift apart by 200 ppm', () => {
    let driftMs = 0;
    expect(run(600, () => (driftMs += 20 * 200e-6))).toBe(false);
    run(20, tcp, WAY_MS + driftMs);
    expect(run(10, () => (driftMs += 20 * 200e-6))).toBe(false);
  });
});
