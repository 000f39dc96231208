import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';
import { CALM } from '../peer/congestion/calm-path.ts';
import { SOURCE, Viewing } from './adapting-viewer.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Of such a path 0.8 are the second profile. */
const NARROW = { estimateBitsPerSecond: 2_100_000, capacityBitsPerSecond: 2_100_000, queueMs: 400 };
const TINY = { estimateBitsPerSecond: 300_000, capacityBitsPerSecond: 300_000, queueMs: 400 };
const refused = { code: 'rtsp.refused', message: 'The camera has no session left.' };

it('says the rungs, what is sent of them, and nothing more while all is well', () => {
  const viewing = new Viewing();
  expect(viewing.adaptation.stats).toBeNull();
  viewing.look();
  expect(viewing.adaptation.stats).toEqual({
    rung: 4,
    rungs: [
      { profile: 'sub', thinning: 'pictures', kbps: 83 },
      { profile: 'sub', thinning: 'keyframes', kbps: 163 },
      { profile: 'sub', thinning: 'none', kbps: 483 },
      { profile: 'mid', thinning: 'none', kbps: 1583 },
      { profile: 'main', thinning: 'none', kbps: 4083 },
    ],
    last: null,
    switches: 0,
    probes: 0,
  });
  viewing.look({}, 60);
  expect(viewing).toMatchObject({ session: { watched: [], probes: [] }, lines: [] });
  expect(viewing.held).toEqual({ main: 1, mid: 1 });
});

describe('a path that carries less', () => {
  it('has the profile that fits pulled and joined at its keyframe; the former is let go then by its owner', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look(NARROW);
    expect(viewing.session.watched).toEqual(['mid keyframe']);
    expect(viewing.held).toEqual({ main: 1, mid: 1, sub: 1 });
    viewing.look(NARROW, 3);
    expect(viewing.session.watched).toHaveLength(1);
    viewing.join('mid');
    expect(viewing.held).toEqual({ mid: 1, sub: 1 });
    expect(viewing.adaptation.stats).toMatchObject({ rung: 3, switches: 1 });
  });

  it('is told of in the statistics and, once, in the log: from, to, why, and by what estimate', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look(NARROW, 3);
    const text = 'From "main" to "mid": the path carries about 2.1 Mbit/s of the 4.1 Mbit/s that is taken.';
    expect(viewing.adaptation.stats?.last).toEqual({ atMs: 1_700_000_000_000, from: 4, to: 3, reason: 'collapsed', text });
    expect(viewing.lines).toMatchObject([
      { level: 30, from: 'main', to: 'mid', reason: 'collapsed', estimateKbps: 2100, msg: text },
    ]);
  });

  it('is not told of more than every five seconds', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look(NARROW);
    viewing.look(TINY, 3);
    expect(viewing.adaptation.stats?.switches).toBe(2);
    expect(viewing.lines).toHaveLength(1);
    viewing.join('sub');
    viewing.look({ ...CALM, lastProbe: undefined }, 6);
    viewing.look({ lastProbe: { bitsPerSecond: 5_200_000, carried: true, atMs: performance.now() } });
    expect(viewing.lines).toMatchObject([{}, { reason: 'room', notLogged: 1 }]);
  });

  it('and then still less, before the first is joined, has the next one in its place', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look(NARROW);
    viewing.look({ estimateBitsPerSecond: 700_000, capacityBitsPerSecond: 700_000, queueMs: 400 }, 3);
    expect(viewing.session.watched).toEqual(['mid keyframe', 'sub keyframe']);
    expect(viewing.adaptation.joined('mid')).toBeUndefined();
    viewing.join('sub');
    expect(viewing.held).toEqual({ sub: 1 });
  });

  it('so little that the lowest is thinned is sent less at once, and sound alone below that', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look(TINY);
    expect(viewing.session).toMatchObject({ watched: ['sub keyframe'], thinnings: ['none', 'keyframes'] });
    viewing.join('sub');
    viewing.look({ estimateBitsPerSecond: 110_000, capacityBitsPerSecond: 110_000, queueMs: 400 }, 3);
    expect(viewing.session.thinning).toBe('pictures');
    expect(viewing.session.watched).toHaveLength(1);
  });

  it('waits for what the profile sends: one that turns out to be of another codec is not joined', () => {
    const viewing = new Viewing();
    const video: MockInstance = vi.spyOn(viewing.of('mid').pulled, 'video', 'get').mockReturnValue(undefined);
    viewing.look();
    viewing.look(NARROW, 1);
    expect(viewing.session.watched).toEqual([]);
    expect(viewing.held).toEqual({ main: 1, mid: 1, sub: 1 });
    video.mockReturnValue('H265');
    viewing.look(NARROW, 2);
    expect(viewing.session.watched).toEqual(['sub keyframe']);
    expect(viewing.of('mid').held()).toBe(0);
  });
});

describe('room', () => {
  it('is probed for, and gone up into at the keyframe; pictures that were left out come back no sooner than that', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look(TINY);
    viewing.join('sub');
    viewing.look({}, 6);
    expect(viewing.session.probes.length).toBeGreaterThan(0);
    expect(viewing.session.probes[0]).toBeCloseTo(483_200 / 0.8);
    expect(viewing.adaptation.stats?.probes).toBe(viewing.session.probes.length);
    viewing.look({ lastProbe: { bitsPerSecond: 2_000_000, carried: true, atMs: performance.now() } });
    expect(viewing.session.watched).toEqual(['sub keyframe', 'mid keyframe']);
    expect(viewing.session.thinning).toBe('keyframes');
    viewing.join('mid');
    expect(viewing.session.thinning).toBe('none');
  });

  it('of who is sent sound alone lets a keyframe through, by which the next profile is joined', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look({ estimateBitsPerSecond: 110_000, queueMs: 400 });
    viewing.join('sub');
    expect(viewing.session.thinning).toBe('pictures');
    viewing.look({}, 6);
    viewing.look({ lastProbe: { bitsPerSecond: 2_000_000, carried: true, atMs: performance.now() } });
    expect(viewing.session.thinning).toBe('keyframes');
  });
});

describe('the next lower profile', () => {
  it("is pulled as soon as the viewer's own plays, whatever its path carries; beneath the lowest there is none", () => {
    const viewing = new Viewing();
    viewing.of('main').state = 'connecting';
    viewing.look({}, 5);
    expect(viewing.held).toEqual({ main: 1 });
    viewing.of('main').state = 'playing';
    viewing.look({ estimateBitsPerSecond: 90_000_000 });
    expect(viewing.held).toEqual({ main: 1, mid: 1 });
    viewing.look(NARROW);
    viewing.join('mid');
    expect(viewing.held).toEqual({ mid: 1, sub: 1 });
    viewing.look(TINY, 3);
    viewing.join('sub');
    expect(viewing.held).toEqual({ sub: 1 });
    viewing.look({}, 3);
    expect(viewing.held).toEqual({ sub: 1 });
  });

  it('is none where three are pulled since the rungs were made', () => {
    const viewing = new Viewing({ profiles: [...SOURCE.profiles, { token: 'third', uri: 'rtsp://127.0.0.1:9/third' }] });
    viewing.of('main').state = 'connecting';
    viewing.look();
    viewing.of('sub').pulled.retain();
    viewing.of('third').pulled.retain();
    viewing.of('main').state = 'playing';
    viewing.look();
    expect(viewing.held).toEqual({ main: 1, sub: 1, third: 1 });
  });

  it('is let go at once where another takes its place, and lingers when the session ends', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look(NARROW);
    expect(viewing.of('mid').lingers).toEqual([0]);
    viewing.adaptation.close();
    expect(viewing.of('sub').lingers).toEqual([undefined]);
  });

  it('that the camera refuses is let go at once and left out, with those below it; the viewer sees no change, and it is said once', () => {
    const viewing = new Viewing();
    const refuse = (): void => viewing.ladder.failed(viewing.of('mid').pulled, refused, performance.now());
    viewing.look();
    refuse();
    viewing.look({}, 59);
    expect(viewing.held).toEqual({ main: 1 });
    expect(viewing.of('mid').lingers).toEqual([0]);
    viewing.look({}, 2);
    expect(viewing.held).toEqual({ main: 1, mid: 1 });
    refuse();
    viewing.look({}, 119);
    expect(viewing.held).toEqual({ main: 1 });
    expect(viewing.session).toMatchObject({ watched: [], thinning: 'none' });
    expect(viewing.adaptation.stats).toMatchObject({ switches: 0, last: null });
    expect(viewing.lines).toMatchObject([{ level: 40, profile: 'mid', seconds: 60 }]);
  });

  it('for which the camera gives up what is shown is left out; not where that breaks off later', () => {
    const viewing = new Viewing();
    viewing.look({}, 9);
    viewing.of('main').state = 'failed';
    viewing.look();
    viewing.of('main').state = 'playing';
    viewing.look({}, 59);
    expect(viewing.held).toEqual({ main: 1 });
    expect(viewing.of('mid').lingers).toEqual([0]);
    expect(viewing.lines).toMatchObject([{ level: 40, profile: 'mid', reason: { code: 'stream.given_up' } }]);
    viewing.look({}, 12);
    viewing.of('main').state = 'failed';
    viewing.look();
    expect(viewing.held).toEqual({ main: 1 });
    viewing.of('main').state = 'playing';
    viewing.look();
    expect(viewing.held).toEqual({ main: 1, mid: 1 });
  });

  it('that breaks off together with what is shown is pulled again with that', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.of('mid').state = 'failed';
    viewing.of('main').state = 'failed';
    viewing.look();
    expect(viewing.held).toEqual({ main: 1 });
    viewing.of('mid').state = 'playing';
    viewing.of('main').state = 'playing';
    viewing.look();
    expect(viewing.held).toEqual({ main: 1, mid: 1 });
    expect(viewing.lines).toEqual([]);
  });

  it('is pulled again with what is shown where the camera has moved', () => {
    const viewing = new Viewing();
    viewing.look();
    for (const token of ['main', 'mid']) viewing.of(token).state = 'connecting';
    viewing.look();
    expect(viewing.held).toEqual({ main: 1 });
    viewing.of('main').state = 'playing';
    viewing.look();
    expect(viewing.held).toEqual({ main: 1, mid: 1 });
  });

  it('is not counted on any more when the session ends', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look(NARROW);
    viewing.adaptation.close();
    viewing.adaptation.close();
    expect(viewing.held).toEqual({ main: 1 });
  });
});

describe('a profile that cannot be pulled', () => {
  it('beside another one that plays is left out for a minute and said so: what is left of the one that plays is sent', () => {
    const viewing = new Viewing({ profiles: SOURCE.profiles.filter(({ token }) => token !== 'sub') });
    viewing.look();
    viewing.look(NARROW);
    viewing.ladder.failed(viewing.of('mid').pulled, refused, performance.now());
    viewing.look(NARROW, 2);
    expect(viewing.held).toEqual({ main: 1 });
    expect(viewing.session.watched).toEqual(['mid keyframe', 'main keyframe']);
    expect(viewing.session.thinning).toBe('keyframes');
    expect(viewing.adaptation.stats?.last).toMatchObject({ reason: 'profile_lost' });
    expect(viewing.lines.filter(({ level }) => level === 40)).toMatchObject([{ profile: 'mid', seconds: 60 }]);
    viewing.look(NARROW, 57);
    expect(viewing.adaptation.stats?.rungs.map(({ profile }) => profile)).not.toContain('mid');
    viewing.look(NARROW, 4);
    expect(viewing.adaptation.stats?.rungs.map(({ profile }) => profile)).toContain('mid');
  });

  it('while none plays is not left out: the camera is away', () => {
    const viewing = new Viewing();
    viewing.of('main').state = 'connecting';
    viewing.ladder.failed(viewing.of('mid').pulled, refused, performance.now());
    expect(viewing.ladder.isLeftOut('mid', performance.now())).toBe(false);
  });

  it('is left out for twice as long when it fails again, and no more once it plays', () => {
    const viewing = new Viewing();
    const mid = viewing.of('mid').pulled;
    viewing.ladder.failed(mid, refused, 0);
    viewing.ladder.failed(mid, refused, 30_000);
    expect([59_000, 61_000].map((nowMs) => viewing.ladder.isLeftOut('mid', nowMs))).toEqual([true, false]);
    viewing.ladder.failed(mid, refused, 70_000);
    expect([189_000, 191_000].map((nowMs) => viewing.ladder.isLeftOut('mid', nowMs))).toEqual([true, false]);
    viewing.ladder.failed(mid, refused, 200_000);
    viewing.ladder.plays(mid, 200_000);
    expect(viewing.ladder.isLeftOut('mid', 200_000)).toBe(false);
  });

  it('since three are pulled already is none: what is pulled is made do with', () => {
    const viewing = new Viewing({ profiles: [...SOURCE.profiles, { token: 'third', uri: 'rtsp://127.0.0.1:9/third' }] });
    for (const token of ['mid', 'sub']) viewing.of(token).pulled.retain();
    viewing.look();
    expect(viewing.adaptation.stats?.rungs.map(({ profile }) => profile)).not.toContain('third');
  });
});

describe('the policy', () => {
  it('that all is shown as it is asked for has one rung, which is gone back to', () => {
    const policy = { adaptive: true };
    const viewing = new Viewing({ adaptation: policy });
    viewing.look();
    viewing.look(NARROW);
    viewing.join('mid');
    policy.adaptive = false;
    viewing.look(NARROW, 2);
    expect(viewing.session.watched).toEqual(['mid keyframe', 'main keyframe']);
    expect(viewing.adaptation.stats).toMatchObject({ rung: 0, rungs: [{ profile: 'main' }], last: { reason: 'policy' } });
  });

  it('that names a profile which the camera has not is said once, with what was meant', () => {
    const viewing = new Viewing({ adaptation: { floor: 'subb', ceiling: 'main' } });
    viewing.ladder.review();
    viewing.ladder.review();
    expect(viewing.lines).toMatchObject([{ level: 40, floor: 'subb' }]);
    expect(viewing.lines[0]?.['msg']).toBe('The floor of the camera names no profile that it has; did you mean "sub"?');
  });

  it('is begun anew for another profile', () => {
    const viewing = new Viewing();
    viewing.look();
    viewing.look(TINY);
    viewing.adaptation.reset();
    expect(viewing.held).toEqual({ main: 1 });
    expect(viewing.session.thinning).toBe('none');
    viewing.look();
    expect(viewing.adaptation.stats).toMatchObject({ rung: 4 });
  });
});
