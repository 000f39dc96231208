import { describe, expect, it } from 'vitest';
import type { PathView } from '../../../../src/peer/congestion/path-view.ts';
import { RungChoice, type Rung, type RungDecision } from '../../../../src/peer/congestion/rung-choice.ts';
import { CALM } from './calm-path.ts';

const RUNGS: readonly Rung[] = [
  { key: 'sub', bitsPerSecond: 400_000 },
  { key: 'mid', bitsPerSecond: 1_600_000 },
  { key: 'main', bitsPerSecond: 4_000_000 },
];
const [SUB, MID, MAIN] = [0, 1, 2] as const;
const LOOK_MS = 200;

/** A choice with a clock of its own. */
class Looking {
  readonly choice = new RungChoice();
  rungs: readonly Rung[] = RUNGS;
  isJoining = false;
  nowMs = 1000;

  /** What is decided first in so many seconds that is another than before, or asks for a probe; else what is decided last. */
  for(seconds: number, change: Partial<PathView>): RungDecision {
    const first = this.look(change);
    let decision = first;
    for (const endMs = this.nowMs + seconds * 1000; this.nowMs < endMs;) {
      if (decision.probe !== undefined || decision.rung !== first.rung) return decision;
      decision = this.look(change);
    }
    return decision;
  }

  look(change: Partial<PathView>): RungDecision {
    this.nowMs += LOOK_MS;
    return this.choice.look(this.rungs, { ...CALM, ...change }, this.nowMs, this.isJoining);
  }

  /** At the lowest rung, after a collapse. */
  static fallen(): Looking {
    const looking = new Looking();
    looking.look({});
    expect(looking.look({ estimateBitsPerSecond: 600_000, queueMs: 400 }).rung).toBe(SUB);
    return looking;
  }

  carried(bitsPerSecond: number): Pick<PathView, 'lastProbe'> {
    return { lastProbe: { bitsPerSecond, carried: true, atMs: this.nowMs } };
  }
}

it('begins with the highest', () => {
  expect(new Looking().look({ estimateBitsPerSecond: null })).toEqual({ rung: MAIN, reason: 'start' });
});

describe('down', () => {
  it('is gone at once on a collapse, to the rung that takes 0.8 of what the path carries', () => {
    for (const [estimate, rung] of [
      [2_010_000, MID],
      [1_990_000, SUB],
    ] as const) {
      const looking = new Looking();
      looking.look({});
      const path = { estimateBitsPerSecond: estimate, queueMs: 300 };
      expect(looking.look(path)).toEqual({ rung, reason: 'collapsed' });
    }
  });

  it('goes by what the path was found to carry where that is more than the estimate', () => {
    const looking = new Looking();
    looking.look({});
    expect(looking.look({ estimateBitsPerSecond: 1_700_000, capacityBitsPerSecond: 2_100_000, waitingMs: 300 }).rung).toBe(MID);
  });

  it('is never gone by the estimate alone, nor by a queue alone', () => {
    const looking = new Looking();
    looking.look({});
    expect(looking.for(60, { estimateBitsPerSecond: 300_000 }).rung).toBe(MAIN);
    expect(looking.for(60, { estimateBitsPerSecond: 4_100_000, queueMs: 400 }).rung).toBe(MAIN);
    expect(looking.for(60, { estimateBitsPerSecond: null, queueMs: 900 }).rung).toBe(MAIN);
    expect(looking.for(60, { estimateBitsPerSecond: 4_100_000, lossShare: 0.3 }).rung).toBe(MAIN);
  });

  it('is gone when a queue stands for three seconds on a path that carries a little less than the rung', () => {
    const looking = new Looking();
    looking.look({});
    const path = { estimateBitsPerSecond: 3_700_000, waitingMs: 150 };
    const beganMs = looking.nowMs;
    expect(looking.for(10, path)).toEqual({ rung: MID, reason: 'congested' });
    expect(looking.nowMs - beganMs).toBeGreaterThanOrEqual(3000);
    expect(looking.nowMs - beganMs).toBeLessThan(3500);
  });

  it('is not gone for the queue of each keyframe, which empties', () => {
    const looking = new Looking();
    looking.look({});
    for (let group = 0; group < 30; group += 1) {
      expect(looking.for(1.6, { estimateBitsPerSecond: 3_700_000, waitingMs: 200 }).rung).toBe(MAIN);
      looking.for(0.4, { estimateBitsPerSecond: 3_700_000 });
    }
  });

  it('is gone when a tenth of the packets is lost for a second, not at a single burst', () => {
    const looking = new Looking();
    looking.look({});
    const lossy = { estimateBitsPerSecond: 2_500_000, lossShare: 0.3 };
    expect(looking.for(0.6, lossy).rung).toBe(MAIN);
    looking.look({});
    expect(looking.for(0.6, lossy).rung).toBe(MAIN);
    expect(looking.for(1, lossy)).toEqual({ rung: MID, reason: 'collapsed' });
  });

  it('is not gone again for what the rung before has left on the path, but two seconds later where that goes on', () => {
    const looking = new Looking();
    looking.look({});
    expect(looking.look({ estimateBitsPerSecond: 2_010_000, queueMs: 400 }).rung).toBe(MID);
    const left = { estimateBitsPerSecond: 600_000, queueMs: 350, waitingMs: 400, lossShare: 0.5 };
    const steppedMs = looking.nowMs;
    expect(looking.for(10, left)).toEqual({ rung: SUB, reason: 'collapsed' });
    expect(looking.nowMs - steppedMs).toBe(2000);
    // Behind a step up nothing is left of less.
    const risen = Looking.fallen();
    risen.for(5, {});
    expect(risen.look(risen.carried(8_000_000)).rung).toBe(MAIN);
    expect(risen.look(left).rung).toBe(SUB);
  });

  it('is the lowest where nothing fits, and no further', () => {
    const looking = new Looking();
    looking.look({});
    const path = { estimateBitsPerSecond: 100_000, queueMs: 700 };
    expect(looking.look(path).rung).toBe(SUB);
    expect(looking.for(20, path)).toMatchObject({ rung: SUB });
  });
});

describe('up', () => {
  it('is gone after four seconds without a sign of congestion and a probe of what leaves it 0.8', () => {
    const looking = Looking.fallen();
    const beganMs = looking.nowMs;
    expect(looking.for(10, {})).toEqual({ rung: SUB, reason: 'collapsed', probe: 2_000_000 });
    expect(looking.nowMs - beganMs).toBeGreaterThanOrEqual(4000);
    expect(looking.look({ isProbing: true })).not.toHaveProperty('probe');
    expect(looking.look(looking.carried(2_000_000))).toEqual({ rung: MID, reason: 'room' });
  });

  it('is gone to as much as the probe has shown', () => {
    const looking = Looking.fallen();
    looking.for(10, {});
    expect(looking.look(looking.carried(5_000_000)).rung).toBe(MAIN);
  });

  it('is not gone by an estimate, by a probe that showed less, by one of before, or by one that was not carried', () => {
    const looking = Looking.fallen();
    looking.for(10, { estimateBitsPerSecond: 20_000_000 });
    expect(looking.look(looking.carried(1_900_000)).rung).toBe(SUB);
    expect(looking.look({ lastProbe: { bitsPerSecond: 2_000_000, carried: true, atMs: 1100 } }).rung).toBe(SUB);
    expect(looking.look({ lastProbe: { bitsPerSecond: 2_000_000, carried: false, atMs: looking.nowMs } }).rung).toBe(SUB);
    looking.for(10, { isProbing: true });
    expect(looking.look({ lastProbe: { bitsPerSecond: 2_000_000, carried: true, atMs: looking.nowMs - 5000 } }).rung).toBe(SUB);
    expect(looking.look({ lastProbe: { bitsPerSecond: 2_000_000, carried: true, atMs: looking.nowMs - 4000 } }).rung).toBe(MID);
  });

  it.each([
    ['a queue that stands', { queueMs: 90 }],
    ['loss', { lossShare: 0.2 }],
  ])('is not tried during %s', (_, path) => {
    const looking = Looking.fallen();
    expect(looking.for(60, path)).not.toHaveProperty('probe');
    expect(looking.for(3, {})).not.toHaveProperty('probe');
    expect(looking.for(3, {})).toHaveProperty('probe');
  });

  it('is not tried while what was decided is not sent yet', () => {
    const looking = Looking.fallen();
    looking.isJoining = true;
    expect(looking.for(60, {})).not.toHaveProperty('probe');
    looking.isJoining = false;
    expect(looking.for(3, {})).not.toHaveProperty('probe');
    expect(looking.for(3, {})).toHaveProperty('probe');
  });

  it('is tried later and later where it had to be taken back soon: 15 s, 30 s, up to four minutes', () => {
    const looking = Looking.fallen();
    const waits: number[] = [];
    for (let time = 0; time < 7; time += 1) {
      const fellMs = looking.nowMs;
      looking.for(600, {});
      waits.push(Math.round((looking.nowMs - fellMs) / 1000));
      expect(looking.look(looking.carried(2_000_000)).rung).toBe(MID);
      expect(looking.look({ estimateBitsPerSecond: 600_000, queueMs: 400 }).rung).toBe(SUB);
    }
    expect(waits).toEqual([4, 15, 30, 60, 120, 240, 240]);
  });

  it('is tried soon again where it held for two minutes', () => {
    const looking = Looking.fallen();
    const fall = (): RungDecision => looking.look({ estimateBitsPerSecond: 600_000, queueMs: 400 });
    for (const heldSeconds of [0, 0, 125]) {
      looking.for(600, {});
      looking.look(looking.carried(2_000_000));
      looking.for(heldSeconds, { estimateBitsPerSecond: 1_700_000, isProbing: true });
      fall();
    }
    const fellMs = looking.nowMs;
    looking.for(600, {});
    expect(looking.nowMs - fellMs).toBeLessThan(5000);
  });
});

describe('of a viewer whose path cannot be probed', () => {
  const UNPROBED = { canProbe: false, estimateBitsPerSecond: 600_000 };

  it('more is tried after twenty calm seconds, by one rung, where nothing shows a limit and the estimate is above what is sent', () => {
    const looking = Looking.fallen();
    const beganMs = looking.nowMs;
    expect(looking.for(60, UNPROBED)).toEqual({ rung: MID, reason: 'room' });
    expect(looking.nowMs - beganMs).toBeGreaterThanOrEqual(20_000);
    expect(looking.nowMs - beganMs).toBeLessThan(22_000);
  });

  it('more is tried where the limit that is known leaves room for it', () => {
    const limit = { estimateBitsPerSecond: 3_000_000, capacityBitsPerSecond: 3_000_000 };
    expect(Looking.fallen().for(60, { ...UNPROBED, ...limit })).toEqual({ rung: MID, reason: 'room' });
  });

  it.each([
    ['a limit is known', { capacityBitsPerSecond: 600_000 }],
    ['the estimate says no more than what is sent', { estimateBitsPerSecond: 500_000 }],
  ])('nothing more is tried while %s', (_, path) => {
    expect(Looking.fallen().for(300, { ...UNPROBED, ...path }).rung).toBe(SUB);
  });
});

describe('rungs that change', () => {
  it('are known by their keys: one that is measured to be less, and others that come and go, are no switch', () => {
    const looking = new Looking();
    looking.look({});
    const [sub, mid, main] = RUNGS;
    if (sub === undefined || mid === undefined || main === undefined) throw new Error('there are three');
    looking.rungs = [sub, { ...main, bitsPerSecond: 1_000_000 }, mid];
    expect(looking.look({}).rung).toBe(1);
    looking.rungs = [main];
    expect(looking.look({})).toEqual({ rung: 0, reason: 'start' });
  });

  it('lose the present one: the next below it is taken, else the lowest', () => {
    const looking = Looking.fallen();
    looking.for(10, {});
    looking.look(looking.carried(2_000_000));
    looking.rungs = RUNGS.filter(({ key }) => key !== 'mid');
    expect(looking.look({})).toEqual({ rung: 0, reason: 'profile_lost' });
    looking.rungs = RUNGS.slice(2);
    expect(looking.look({})).toEqual({ rung: 0, reason: 'profile_lost' });
  });
});
