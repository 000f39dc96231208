import { expect, it, onTestFinished } from 'vitest';
import { comeAndGo, startSite } from '../bench/coming-and-going.ts';
import { Remote } from '../bench/remote.ts';
import type { ViewerFunctions } from '../bench/viewers/process.ts';
import { expectNothingLeaked, settled } from '../support/endurance.ts';

/* The short form of `node test/bench/endurance.ts`, which lets thousands come and go. */

const MEBIBYTE = 1024 * 1024;
const AT_A_TIME = 10;
/** In these compilers, pools and caches take what they will have. */
const FIRST_SESSIONS = 100;
const SESSIONS = 300;
const EACH_MS = 200;
const MAX_FAILED = 4;
/** Of all threads: 10 KB a session. A viewer that is forgotten is some hundred. */
const MAX_GROWTH = 3 * MEBIBYTE;

it(`${SESSIONS} viewers who came and went have left nothing behind in the workers that served them`, async () => {
  const { gateway, places, close } = await startSite({ cameras: 4, mbit: 2 }, { pull: 'on_demand', media: { lingerMs: 1000 } });
  onTestFinished(close);
  const viewers = new Remote<ViewerFunctions>(new URL('../bench/viewers/process.ts', import.meta.url));
  onTestFinished(() => viewers.close());
  let seen = 0;
  const failed: unknown[] = [];
  const visits = (sessions: number): Promise<void> =>
    comeAndGo({
      ...{ viewers, places, sessions, durationMs: sessions * EACH_MS, atATime: AT_A_TIME },
      onSeen: () => (seen += 1),
      onFailed: (error) => failed.push(error),
    });
  await visits(FIRST_SESSIONS);
  const before = await settled(gateway);
  expect(before.workers).toBe(2);
  await visits(SESSIONS);
  // A connection may take too long on a machine that is busy with other things.
  expect(failed.length, failed.join('\n')).toBeLessThanOrEqual(MAX_FAILED);
  await expectNothingLeaked(gateway, before, MAX_GROWTH, `${SESSIONS} sessions in workers`);
  const { sessions, ended } = await gateway.stats();
  expect(sessions).toEqual([]);
  expect(ended.reduce((sum, { sessions: count }) => sum + count, 0)).toBeGreaterThanOrEqual(seen);
});
