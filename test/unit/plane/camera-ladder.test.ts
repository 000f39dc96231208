import { expect, it } from 'vitest';
import { silentLogger } from '../../../src/base/log.ts';
import type { StreamRates } from '../../../src/media/picture-rates.ts';
import { CameraLadder } from '../../../src/plane/camera-ladder.ts';
import type { PulledProfile } from '../../../src/plane/pulled-profile.ts';
import { SOURCE } from './adapting-viewer.ts';

const TEN_MINUTES_MS = 600_000;

interface Measured {
  isPlaying: boolean;
  rates: StreamRates;
}

function ladderOf(measured: Record<string, Measured>): CameraLadder {
  const profiles = Object.entries(measured).map(([token, each]) => {
    const profile = {
      token,
      video: 'H264',
      get isPlaying() {
        return each.isPlaying;
      },
      get isPulled() {
        return each.isPlaying;
      },
      stream: { rates: each.rates },
    };
    return [token, profile as unknown as PulledProfile] as const;
  });
  return new CameraLadder({ source: () => SOURCE, profiles: new Map(profiles), adaptive: true, logger: silentLogger });
}

function profilesAt(ladder: CameraLadder, nowMs: number): string[] {
  return [...new Set(ladder.rungs('main', 0, 'main', nowMs).map(({ profile }) => profile))];
}

it('a profile that was measured to save nothing is one again ten minutes after it last played, for it may send something else by then', () => {
  const sub = { isPlaying: true, rates: { all: 3_900_000, kept: 3_900_000, keyframes: 400_000 } };
  const ladder = ladderOf({
    main: { isPlaying: true, rates: { all: 4_000_000, kept: 4_000_000, keyframes: 400_000 } },
    sub,
  });
  // By the two that were measured, the third is taken to send more than it is limited to, too.
  expect(profilesAt(ladder, 0)).toEqual(['main']);
  sub.isPlaying = false;
  expect(profilesAt(ladder, TEN_MINUTES_MS)).toEqual(['main']);
  expect(profilesAt(ladder, TEN_MINUTES_MS + 1)).toEqual(['sub', 'mid', 'main']);
});

it('what plays is known for as long as it does', () => {
  const rates = { all: 3_900_000, kept: 3_900_000, keyframes: 400_000 };
  const ladder = ladderOf({
    main: { isPlaying: true, rates: { all: 4_000_000, kept: 4_000_000, keyframes: 400_000 } },
    sub: { isPlaying: true, rates },
  });
  for (const nowMs of [0, TEN_MINUTES_MS * 2]) expect(profilesAt(ladder, nowMs)).toEqual(['main']);
});
