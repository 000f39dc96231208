import { describe, expect, it } from 'vitest';
import type { PacketResult } from '../../../../src/peer/congestion/packet-result.ts';
import { CLUSTER_MS, ProbeCluster } from '../../../../src/peer/congestion/probe-cluster.ts';

const START_MS = 1000;
const BYTES = 1250;
/** Of a train of 2 Mbit/s. */
const EVERY_MS = 5;
const PACKETS = CLUSTER_MS / EVERY_MS;
const EPOCH_MS = 5_000_000;

/** How long the packet waits that is sent so many milliseconds after the beginning; undefined: it is lost. */
type Waits = (sinceMs: number) => number | undefined;

function result(sinceMs: number, waits: Waits): PacketResult {
  const waitMs = waits(sinceMs);
  const sentAtMs = START_MS + sinceMs;
  const arrivedAtMs = waitMs === undefined ? undefined : EPOCH_MS + sentAtMs + 20 + waitMs;
  return { bytes: BYTES, sentAtMs, arrivedAtMs, late: false, unreportedBytes: 0 };
}

/** A cluster of 2 Mbit/s, reported on ten packets at a time; how many reports it took to give it up, if it was. */
function report(
  waits: Waits,
  { ownLoss = 0, everyMs = EVERY_MS, isOverused = false } = {},
): { carried: boolean; endedBy?: number } {
  const cluster = new ProbeCluster(2_000_000, START_MS, ownLoss);
  for (let from = 0; from < PACKETS; from += 10) {
    const results = Array.from({ length: 10 }, (_, at) => result((from + at) * everyMs, waits));
    if (cluster.take(results, isOverused)) return { carried: false, endedBy: from / 10 + 1 };
  }
  return { carried: cluster.isCarried };
}

describe('a probe', () => {
  it('is carried where nothing waits and nothing is lost', () => {
    expect(report(() => 0)).toEqual({ carried: true });
  });

  it('is given up while it is sent, where the queue grows as on a path that carries three quarters of it', () => {
    const { carried, endedBy } = report((sinceMs) => sinceMs / 3);
    expect(carried).toBe(false);
    expect(endedBy).toBeLessThanOrEqual(3);
  });

  it('is not carried where the queue has grown by 20 ms at its end, which is no reason to give it up before', () => {
    expect(report((sinceMs) => (sinceMs / CLUSTER_MS) * 20)).toEqual({ carried: false });
  });

  it.each([
    ['before its first packet', 0, false],
    ['between two of its packets', 10, true],
  ])('counts what nothing is said of as sent, but none that went %s', (_, at, carried) => {
    const cluster = new ProbeCluster(2_000_000, START_MS, 0);
    // Half of what was to be tried.
    const results = Array.from({ length: PACKETS / 2 }, (_packet, number) => result(number * 2 * EVERY_MS, () => 0));
    const [first] = results.splice(at, 1);
    if (first !== undefined) results.splice(at, 0, { ...first, unreportedBytes: (PACKETS / 2) * BYTES });
    expect(cluster.take(results, false)).toBe(false);
    expect(cluster.isCarried).toBe(carried);
  });

  it('is given up sooner where the path is taken to be overused, but not by that alone', () => {
    const grown = (sinceMs: number): number => (sinceMs / CLUSTER_MS) * 28;
    expect(report(grown, { isOverused: true })).toMatchObject({ carried: false, endedBy: 4 });
    expect(report(() => 0, { isOverused: true })).toEqual({ carried: true });
  });

  it.each([
    [0, 80],
    [200, 280],
    [390, 470],
    [420, 500],
    [440, 520],
  ])('is carried where a radio link holds up what is sent between %i and %i ms, and then lets it go', (fromMs, untilMs) => {
    expect(report((sinceMs) => (sinceMs >= fromMs && sinceMs < untilMs ? untilMs - sinceMs : 0))).toEqual({ carried: true });
  });

  /** Half of it evenly, and a picture of 50 packets at once, which waits for itself on a link; reported on ten packets at a time. */
  function bursty(pictureAtMs: number, linkMbit: number): { carried: boolean } {
    const cluster = new ProbeCluster(2_000_000, START_MS, 0);
    const sentMs = [...Array.from({ length: 50 }, (_, at) => at * 10), ...Array.from({ length: 50 }, () => pictureAtMs)];
    let freeAtMs = 0;
    const results = sentMs
      .toSorted((one, other) => one - other)
      .map((sinceMs) => {
        freeAtMs = Math.max(sinceMs, freeAtMs) + (BYTES * 8000) / (linkMbit * 1_000_000);
        return result(sinceMs, () => freeAtMs - sinceMs);
      });
    for (let from = 0; from < results.length; from += 10)
      if (cluster.take(results.slice(from, from + 10), false)) return { carried: false };
    return { carried: cluster.isCarried };
  }

  it.each([0, 150, 250, 400, 480])(
    'is carried where a large picture waits for itself, and no more than it would with just this rate: at %i ms',
    (atMs) => {
      expect([bursty(atMs, 2.1), bursty(atMs, 4)]).toEqual([{ carried: true }, { carried: true }]);
    },
  );

  it.each([0, 150, 250])('is not carried where it waits for longer than that: at %i ms', (atMs) => {
    expect(bursty(atMs, 1.6)).toEqual({ carried: false });
  });

  it('is carried with 2 of 100 packets lost, and with 12 where the path loses 8 at all times; not with 12 otherwise', () => {
    const losing =
      (every: number): Waits =>
      (sinceMs) =>
        (sinceMs / EVERY_MS) % every === every - 1 ? undefined : 0;
    expect(report(losing(50))).toEqual({ carried: true });
    expect(report(losing(8), { ownLoss: 0.08 })).toEqual({ carried: true });
    expect(report(losing(8)).carried).toBe(false);
  });

  it('is given up where a third is lost', () => {
    expect(report((sinceMs) => ((sinceMs / EVERY_MS) % 3 === 0 ? undefined : 0))).toMatchObject({ carried: false, endedBy: 2 });
  });

  it('shows nothing where less was sent than was to be', () => {
    const cluster = new ProbeCluster(2_000_000, START_MS, 0);
    for (let packet = 0; packet < PACKETS; packet += 2) cluster.take([result(packet * EVERY_MS, () => 0)], false);
    expect(cluster.isCarried).toBe(false);
  });

  it('shows nothing where nothing was reported of its beginning', () => {
    const cluster = new ProbeCluster(1_500_000, START_MS, 0);
    const results = Array.from({ length: 60 }, (_, packet) => result(200 + packet * EVERY_MS, (sinceMs) => sinceMs));
    expect([cluster.take(results, false), cluster.isCarried]).toEqual([false, false]);
  });

  it('does not take what was sent before it or behind it for its own', () => {
    const cluster = new ProbeCluster(2_000_000, START_MS, 0);
    cluster.take([result(-5, () => 0), result(CLUSTER_MS, () => 0)], false);
    for (let packet = 0; packet < PACKETS; packet += 1) cluster.take([result(packet * EVERY_MS, () => 200)], false);
    expect(cluster.isCarried).toBe(true);
  });

  it('counts what was reported as lost and came after all', () => {
    const cluster = new ProbeCluster(2_000_000, START_MS, 0);
    for (let packet = 0; packet < PACKETS; packet += 1) {
      const isLate = packet < 15;
      if (isLate) cluster.take([result(packet * EVERY_MS, () => undefined)], false);
      if (isLate) cluster.take([{ ...result(packet * EVERY_MS, () => 0), late: true }], false);
      else cluster.take([result(packet * EVERY_MS, () => 0)], false);
    }
    expect(cluster.isCarried).toBe(true);
  });

  it('is to be sent evenly, and no more behind its end', () => {
    const cluster = new ProbeCluster(2_000_000, START_MS, 0);
    expect([0, 100, CLUSTER_MS, 10_000].map((sinceMs) => cluster.bytesBy(START_MS + sinceMs))).toEqual([
      0, 25_000, 125_000, 125_000,
    ]);
  });
});
