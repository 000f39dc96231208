import { expect, it } from 'vitest';
import type { CameraState } from '../../../src/base/api.ts';
import { SiteProgress } from '../../../src/gateway/site-progress.ts';

type Stream = 'idle' | 'connecting' | 'playing' | 'failed';

/** So many cameras of a state. */
function cameras(count: number, state: CameraState, ...streams: Stream[]) {
  return Array.from({ length: count }, (_, index) => ({
    id: `${state}-${index}`,
    state,
    profiles: streams.map((stream) => ({ stream: { state: stream } })),
  }));
}

/** Looks once a second for so long; the lines, each with the second at which it came. */
function watch(progress: SiteProgress, from: number, seconds: number, ...sites: ReturnType<typeof cameras>[]): string[] {
  return Array.from({ length: seconds }, (_, index) => from + index).flatMap((second) => {
    const line = progress.observe(sites.flat(), second * 1000);
    return line === undefined ? [] : [`${second}: ${line}`];
  });
}

it('a site that comes up is told of every ten seconds, then once when all have been tried', () => {
  const progress = new SiteProgress();
  const lines = [
    ...watch(progress, 0, 5, cameras(64, 'connecting')),
    ...watch(progress, 5, 8, cameras(20, 'online'), cameras(44, 'connecting')),
    ...watch(progress, 13, 12, cameras(60, 'online'), cameras(4, 'connecting')),
    ...watch(progress, 25, 100, cameras(60, 'online'), cameras(4, 'failed')),
  ];
  expect(lines).toEqual([
    '10: 64 cameras: 20 online, 44 connecting',
    '20: 64 cameras: 60 online, 4 connecting',
    '28: 64 cameras: 60 online, 4 failed (failed-0, failed-1, failed-2, failed-3)',
  ]);
});

it('later changes are told once they hold, and at most every minute', () => {
  const progress = new SiteProgress();
  const [all, some] = [[cameras(64, 'online')], [cameras(54, 'online'), cameras(10, 'failed')]];
  expect(watch(progress, 0, 10, ...all)).toEqual(['3: 64 cameras: 64 online']);
  const names = 'failed-0, failed-1, failed-2, failed-3, failed-4, ...';
  expect(watch(progress, 10, 80, ...some)).toEqual([`63: 64 cameras: 54 online, 10 failed (${names})`]);
  // One that comes and goes does not fill the log.
  const flapping = Array.from({ length: 60 }, (_, index) =>
    watch(progress, 90 + 10 * index, 10, ...(index % 2 === 0 ? all : some)),
  );
  expect(flapping.flat().length).toBeLessThanOrEqual(10);
});

it('a camera whose pull fails is online without a picture, not one that plays another profile or is not watched', () => {
  const site = [cameras(1, 'online', 'failed', 'idle'), cameras(2, 'online', 'failed', 'playing'), cameras(3, 'online', 'idle')];
  expect(watch(new SiteProgress(), 0, 5, ...site)).toEqual(['3: 6 cameras: 5 online, 1 online without a picture (online-0)']);
});

it('a single camera speaks for itself', () => {
  expect(watch(new SiteProgress(), 0, 100, cameras(1, 'failed'))).toEqual([]);
});
