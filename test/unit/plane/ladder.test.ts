import { describe, expect, it } from 'vitest';
import { highestProfile, makeLadder, type LadderProfile } from '../../../src/plane/ladder.ts';

const ADAPTIVE = { adaptive: true };

function profile(token: string, rest: Partial<LadderProfile> = {}): LadderProfile {
  return {
    token,
    name: undefined,
    codec: 'H264',
    pixels: undefined,
    videoSource: 'vs',
    bitrateKbps: undefined,
    rates: undefined,
    isUsable: true,
    hasPlace: true,
    ...rest,
  };
}

/** Measured, bit/s: all, without those that are discardable, keyframes alone. */
function measured(all: number, kept = all, keyframes = 0.15 * all): Pick<LadderProfile, 'rates'> {
  return { rates: { all, kept, keyframes } };
}

const MAIN = profile('main', measured(4_000_000));
const MID = profile('mid', measured(1_500_000));
const SUB = profile('sub', measured(400_000, 250_000, 60_000));

/** `PROFILE THINNING KBPS`, lowest first. */
function rungs(
  requested: string,
  profiles: LadderProfile[],
  { policy = ADAPTIVE, sound = 80_000, present = requested } = {},
): string[] {
  return makeLadder(requested, profiles, policy, sound, present).map(
    (rung) => `${rung.profile} ${rung.thinning} ${Math.round(rung.bitsPerSecond / 1000)}`,
  );
}

const OF_SUB = ['sub pictures 80', 'sub keyframes 140', 'sub discardable 330'];

it('has the profiles by what they were measured to take, with sound, and below them parts of the lowest', () => {
  expect(rungs('main', [SUB, MAIN, MID])).toEqual([...OF_SUB, 'sub none 480', 'mid none 1580', 'main none 4080']);
});

it('goes by what was measured, not by what the camera says', () => {
  const boasting = [
    profile('main', { ...measured(900_000), bitrateKbps: 8000 }),
    profile('sub', { ...measured(400_000), bitrateKbps: 9000 }),
  ];
  expect(rungs('main', boasting).slice(-2)).toEqual(['sub none 480', 'main none 980']);
});

it('has nothing above what was asked for', () => {
  expect(rungs('mid', [MAIN, MID, SUB])).toEqual([...OF_SUB, 'sub none 480', 'mid none 1580']);
  expect(rungs('sub', [MAIN, MID, SUB])).toEqual([...OF_SUB, 'sub none 480']);
  expect(rungs('mid', [MAIN, MID, SUB], { present: 'main' })).not.toContain('main none 4080');
});

it('has profiles of the same input and codec alone, and those whose codec is not known yet', () => {
  const others = [
    profile('gate', { ...measured(300_000), videoSource: 'vs2' }),
    profile('hevc', { ...measured(1_000_000), codec: 'H265' }),
    profile('any', { ...measured(390_000), codec: undefined }),
  ];
  expect(rungs('main', [MAIN, ...others]).filter((rung) => rung.includes('none'))).toEqual(['any none 470', 'main none 4080']);
});

it.each([
  ['4.1 of 5 Mbit/s', 4_100_000, []],
  ['4 of 5 Mbit/s', 4_000_000, ['near none 4080']],
])('leaves out what saves less than 20 %%: %s', (_, rate, expected) => {
  const profiles = [profile('main', measured(5_000_000)), profile('near', measured(rate))];
  expect(rungs('main', profiles).filter((rung) => rung.startsWith('near none'))).toEqual(expected);
});

it('keeps the one that was decided for, however little it saves by now', () => {
  const profiles = [profile('main', measured(5_000_000)), profile('near', measured(4_500_000))];
  expect(rungs('main', profiles, { present: 'near' })).toContain('near none 4580');
});

describe('parts of the lowest profile', () => {
  const lowest = (kept: number, keyframes: number, sound = 80_000): string[] =>
    rungs('sub', [profile('sub', measured(1_000_000, kept, keyframes))], { sound });

  it.each([
    ['pictures that may be discarded', 810_000, 100_000, ['sub pictures 80', 'sub keyframes 180', 'sub none 1080']],
    ['those, where they do', 800_000, 100_000, ['sub pictures 80', 'sub keyframes 180', 'sub discardable 880', 'sub none 1080']],
    ['all but keyframes of what is left', 500_000, 450_000, ['sub pictures 80', 'sub discardable 580', 'sub none 1080']],
  ])('are left out where they save less than 20 %%: %s', (_, kept, keyframes, expected) => {
    expect(lowest(kept, keyframes)).toEqual(expected);
  });

  it('have no sound alone where there is none', () => {
    expect(lowest(1_000_000, 100_000, 0)).toEqual(['sub keyframes 100', 'sub none 1000']);
  });
});

describe('what was not measured yet', () => {
  const whole = (profiles: LadderProfile[]): string[] =>
    rungs(profiles[0]?.token ?? '', profiles, { sound: 0 }).filter((rung) => rung.includes('none'));

  it('is taken to send as much of its limit as those do that were measured', () => {
    const main = profile('main', { ...measured(2_000_000), bitrateKbps: 4000 });
    expect(whole([main, profile('sub', { bitrateKbps: 800 })])).toEqual(['sub none 400', 'main none 2000']);
  });

  it('is taken to send its limit where none was', () => {
    expect(whole([profile('main', { bitrateKbps: 4000 }), profile('sub', { bitrateKbps: 500 })])).toEqual([
      'sub none 500',
      'main none 4000',
    ]);
  });

  it('goes by its pixels where no limit is known', () => {
    const main = profile('main', { ...measured(4_000_000), pixels: 1920 * 1080 });
    expect(whole([main, profile('sub', { pixels: 960 * 540 })])).toEqual(['sub none 1000', 'main none 4000']);
  });

  it('is a quarter of the one before it in the list where nothing is known, and four times the one behind it', () => {
    expect(whole([MAIN, profile('second'), profile('third')])).toEqual(['third none 250', 'second none 1000', 'main none 4000']);
    expect(whole([profile('first'), SUB])).toEqual(['sub none 400', 'first none 1600']);
    expect(whole([profile('first'), profile('second')])).toHaveLength(2);
  });
});

describe('what cannot be pulled', () => {
  it('is left out, also where it is shown: the next one is shown then', () => {
    expect(rungs('main', [MAIN, { ...MID, isUsable: false }, SUB], { present: 'mid' })).toEqual([
      ...OF_SUB,
      'sub none 480',
      'main none 4080',
    ]);
    expect(rungs('main', [{ ...MAIN, isUsable: false }, SUB])).toEqual([...OF_SUB, 'sub none 480']);
  });

  it('is waited for where it is all that there is', () => {
    expect(rungs('main', [{ ...MAIN, isUsable: false }])).toContain('main none 4080');
  });

  it('since the camera is asked for others already is left out, but for what was asked for', () => {
    const full = [MAIN, MID, SUB].map((each) => ({ ...each, hasPlace: false }));
    expect(rungs('main', full).filter((rung) => rung.includes('none'))).toEqual(['main none 4080']);
  });
});

describe('the policy', () => {
  it.each(['mid', 'Second'])('has no profile below its floor, by token or name: %s', (floor) => {
    const profiles = [MAIN, { ...MID, name: 'Second' }, SUB];
    expect(rungs('main', profiles, { policy: { adaptive: true, floor } as typeof ADAPTIVE })).toEqual([
      'mid pictures 80',
      'mid keyframes 305',
      'mid none 1580',
      'main none 4080',
    ]);
  });

  it('has no floor by a profile of another input', () => {
    const gate = profile('gate', { ...measured(2_000_000), videoSource: 'vs2' });
    expect(rungs('main', [MAIN, SUB, gate], { policy: { adaptive: true, floor: 'gate' } as typeof ADAPTIVE })).toContain(
      'sub none 480',
    );
  });

  const highest = (requested: string, ceiling?: string, adaptive = true): string =>
    highestProfile(requested, [MAIN, { ...MID, name: 'Second' }, SUB], {
      adaptive,
      ...(ceiling === undefined ? {} : { ceiling }),
    });

  it('has its ceiling shown to who asks for more', () => {
    expect(highest('main')).toBe('main');
    expect(highest('main', 'mid')).toBe('mid');
    expect(highest('main', 'Second')).toBe('mid');
    expect(highest('sub', 'mid')).toBe('sub');
    expect(highest('main', 'nothing')).toBe('main');
    expect(highest('main', 'mid', false)).toBe('main');
  });
});
