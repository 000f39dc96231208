import { array, assert, double, nat, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { learnedCost, nextMove, roomiest, type BalancedWorker } from '../../../src/plane/load-balance.ts';

/** By camera: what it costs, or that and when it moved. */
type Costs = Record<string, number | undefined | [cost: number, movedAt: number]>;

function worker(costs: Costs, isAvailable = true): BalancedWorker {
  const cameras = Object.entries(costs).map(([id, of]) => {
    const [cost, movedAt] = Array.isArray(of) ? of : [of, undefined];
    return [id, { cost, movedAt }] as const;
  });
  return { cameras: new Map(cameras), isAvailable };
}

const NOW = 1_000_000;
const MINUTE = 60_000;

describe('a camera moves', () => {
  it.each<[string, Costs[], string, string | undefined]>([
    ['from a busy worker to one with room', [{ a: 0.4, b: 0.4 }, {}], 'ab', 'a 0 1'],
    ['the one that gains most', [{ a: 0.1, b: 0.3, c: 0.5 }, { d: 0.15 }], 'abc', 'b 0 1'],
    ['only while it is idle', [{ a: 0.1, b: 0.3, c: 0.5 }, { d: 0.1 }], 'ac', 'c 0 1'],
    ['and none while none is idle', [{ a: 0.4, b: 0.4 }, {}], '', undefined],
    ['not from a worker that has room itself', [{ a: 0.2, b: 0.25 }, {}], 'ab', undefined],
    ['not where it would only make the other one busy', [{ a: 0.8 }, {}], 'a', undefined],
    ['not for a small gain', [{ a: 0.3, b: 0.3 }, { c: 0.22 }], 'abc', undefined],
    ['not back', [{ a: 0.4 }, { b: 0.4, c: 0.1 }], 'abc', undefined],
    ['not before it was watched', [{ a: 0.8, b: undefined }, {}], 'b', undefined],
    ['not within minutes of its last move', [{ a: [0.4, NOW - 4 * MINUTE], b: 0.4 }, {}], 'a', undefined],
    ['again some minutes later', [{ a: [0.4, NOW - 5 * MINUTE], b: 0.4 }, {}], 'a', 'a 0 1'],
    ['to the roomiest of several', [{ a: 0.4, b: 0.4 }, { c: 0.3 }, { d: 0.1 }], 'ab', 'a 0 2'],
    [
      'from one that is less busy where all of the busiest are watched',
      [{ a: 0.9, b: 0.5 }, { c: 0.3, d: 0.3 }, {}],
      'cd',
      'c 1 2',
    ],
  ])('%s', (_, workers, idle, expected) => {
    const move = nextMove(
      workers.map((costs) => worker(costs)),
      (id) => idle.includes(id),
      NOW,
    );
    expect(move && `${move.cameraId} ${move.from} ${move.to}`).toBe(expected);
  });

  it('neither from nor to a worker that is dead', () => {
    const [hot, cold] = [worker({ a: 0.4, b: 0.4 }), worker({})];
    expect(nextMove([hot, { ...cold, isAvailable: false }], () => true, NOW)).toBeUndefined();
    expect(nextMove([{ ...hot, isAvailable: false }, cold], () => true, NOW)).toBeUndefined();
  });

  it('a few times at most, also without any rest between moves, whatever cameras cost; what is measured may differ by a twentieth each time', () => {
    const site = array(tuple(nat(2), double({ min: 0, max: 0.6, noNaN: true })), { maxLength: 12 });
    assert(
      property(site, array(double({ min: 0.95, max: 1.05, noNaN: true }), { minLength: 1 }), (cameras, noise) => {
        const places = cameras.map(([place]) => place);
        let looks = 0;
        const look = (): ReturnType<typeof nextMove> => {
          looks += 1;
          const share = noise[looks % noise.length] ?? 1;
          const of = (place: number): BalancedWorker =>
            worker(Object.fromEntries(cameras.flatMap(([, cost], id) => (places[id] === place ? [[id, cost * share]] : []))));
          return nextMove([0, 1, 2].map(of), () => true, NOW);
        };
        const moved: string[] = [];
        for (let second = 0; second < 50; second += 1) {
          const move = look();
          if (move === undefined) continue;
          moved.push(move.cameraId);
          places[Number(move.cameraId)] = move.to;
        }
        expect(moved.length).toBeLessThanOrEqual(cameras.length * 2);
        expect(look()).toBeUndefined();
      }),
    );
  });
});

describe('a new camera goes', () => {
  it.each<[string, BalancedWorker[], number]>([
    ['to the first of those that have none', [worker({ a: 0.1 }), worker({}), worker({})], 1],
    ['where cameras cost least, not where they are fewest', [worker({ a: 0.5 }), worker({ b: 0.1, c: 0.1 })], 1],
    ['where they are fewest while nobody has watched', [worker({ a: undefined, b: undefined }), worker({ c: undefined })], 1],
    ['to no dead worker', [worker({}, false), worker({ a: 0.9 })], 1],
    ['to a dead one where all are dead', [worker({ a: 0.2 }, false), worker({ b: 0.1 }, false)], 1],
  ])('%s', (_, workers, expected) => {
    expect(roomiest(workers)).toBe(expected);
  });
});

describe('what a camera costs', () => {
  const after = (before: number | undefined, measured: number, seconds: number): number | undefined => {
    let cost = before;
    for (let second = 0; second < seconds; second += 1) cost = learnedCost(cost, measured);
    return cost;
  };

  it('is known within a minute, upwards and downwards alike', () => {
    expect(after(undefined, 0.4, 60)).toBeCloseTo(0.4, 1);
    expect(after(0.1, 0.4, 60)).toBeCloseTo(0.4, 1);
    expect(after(0.4, 0.1, 60)).toBeCloseTo(0.1, 1);
  });

  it('is not raised much by one second', () => {
    expect(after(0.1, 1, 1)).toBeLessThan(0.15);
  });

  it('is the mean where each second differs, and not what the busiest take', () => {
    let cost: number | undefined;
    for (let second = 0; second < 300; second += 1) cost = learnedCost(cost, second % 5 === 0 ? 0.6 : 0.1);
    expect(cost).toBeGreaterThan(0.17);
    expect(cost).toBeLessThan(0.23);
  });
});
