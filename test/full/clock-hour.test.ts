import { afterAll, describe, expect, it } from 'vitest';
import { watchCamera, type SimulatedCamera, type ToldTimes } from '../support/drifting-camera.ts';

/* An hour of a camera whose clocks drift, in simulated time: what viewers are told of sound and picture of one instant, each second. */

const MAX_SKEW_MS = 15;
const MAX_ERROR_MS = 50;
/** From one second to the next. */
const MAX_STEP_MS = 3;

const HALF_MS = 1_800_000;
const BOTH = { reportEveryMs: 5000 };
/** Reports of sound and picture do not come together. */
const LATER = { ...BOTH, reportPhaseMs: 3000 };

function hour(camera: Partial<SimulatedCamera>): SimulatedCamera {
  return { seed: 5, hours: 1, ...camera };
}

/** The camera sets its clock in the middle. */
function jump(byMs: number, camera: Partial<SimulatedCamera> = {}): SimulatedCamera {
  return hour({ ppm: 100, video: BOTH, audio: LATER, jump: { atMs: HALF_MS + 300, byMs }, ...camera });
}

const table: Record<string, Record<keyof ToldTimes, string>> = {};
afterAll(() => console.table(table));

function watch(name: string, camera: SimulatedCamera, settledMs?: number): ToldTimes {
  const told = watchCamera(camera, settledMs);
  const entries = Object.entries(told).map(([figure, ms]) => [figure, (ms as number).toFixed(1)]);
  table[name] = Object.fromEntries(entries) as Record<keyof ToldTimes, string>;
  return told;
}

describe("sound and picture stay in step, and their time the camera's, for an hour", () => {
  it.each<[string, SimulatedCamera]>([
    ['its clock drifts by 100 ppm', hour({ ppm: 100, video: BOTH, audio: BOTH })],
    ['its clock drifts by -100 ppm', hour({ ppm: -100, video: BOTH, audio: BOTH })],
    [
      'the two are counted by clocks of +100 and -100 ppm',
      hour({ video: { ...BOTH, ppm: 100 }, audio: { ...LATER, ppm: -100 } }),
    ],
    ['its clock drifts as well', hour({ ppm: 100, video: { ...BOTH, ppm: 100 }, audio: { ...LATER, ppm: -100 } })],
    ['only the picture has reports', hour({ ppm: 100, video: { ...BOTH, ppm: 100 }, audio: { ppm: -100 } })],
    ['only the sound has reports', hour({ ppm: -100, video: { ppm: 100 }, audio: { ...LATER, ppm: -100 } })],
    [
      'the timestamps of the picture wrap',
      hour({ ppm: 100, video: { ...BOTH, firstTimestamp: 2 ** 32 - 90_000 * 1700 }, audio: BOTH }),
    ],
    [
      'reports come up to 3 s late',
      hour({ ppm: 100, video: { ...BOTH, reportLateMs: 3000 }, audio: { ...LATER, reportLateMs: 3000 } }),
    ],
    [
      'reports are 30 s apart for the one and 1 s for the other',
      hour({ ppm: 100, video: { reportEveryMs: 30_000 }, audio: { reportEveryMs: 1000 } }),
    ],
    ['the connection stands still for 4 s', hour({ stall: { atMs: HALF_MS, forMs: 4000 }, video: BOTH, audio: LATER })],
  ])('where %s', (name, camera) => {
    const { skew, error, step } = watch(name, camera);
    expect(skew).toBeLessThan(MAX_SKEW_MS);
    expect(error).toBeLessThan(MAX_ERROR_MS);
    // What is tied by arrival begins with less knowledge.
    expect(step).toBeLessThan(name.startsWith('reports are 30 s') ? 10 : MAX_STEP_MS);
  });

  it.each<[string, SimulatedCamera]>([
    ['by 2 minutes', jump(120_000)],
    ['back by 2 minutes', jump(-120_000)],
    [
      'by 400 ms, and the picture takes longer than the sound',
      jump(400, { video: { ...BOTH, latencyMs: 150 }, audio: { ...LATER, latencyMs: 30 } }),
    ],
    ['by 80 ms', jump(80)],
    ['back by 80 ms', jump(-80)],
    ['by 15 ms', jump(15)],
    ['by 2 minutes, and only the picture has reports', jump(120_000, { audio: {} })],
    [
      'by 2 minutes, and reports come up to 3 s late',
      jump(120_000, { video: { ...BOTH, reportLateMs: 3000 }, audio: { ...LATER, reportLateMs: 3000 } }),
    ],
  ])('where the camera sets its clock %s', (name, camera) => {
    const { skew, error } = watch(`set ${name}`, camera);
    expect(skew).toBeLessThan(MAX_SKEW_MS);
    expect(error).toBeLessThan(MAX_ERROR_MS);
  });

  it('where reports of the picture name the timestamp of its last packet, which is up to 40 ms old: from the third minute on', () => {
    for (const reportEveryMs of [1000, 5000]) {
      const camera = hour({ ppm: 100, video: { reportEveryMs, reportsLastPacket: true }, audio: BOTH });
      const { skew, error, step } = watch(`last packet, each ${reportEveryMs / 1000} s`, camera, 180_000);
      expect(skew).toBeLessThan(MAX_SKEW_MS);
      expect(error).toBeLessThan(MAX_ERROR_MS);
      expect(step).toBeLessThan(MAX_STEP_MS);
    }
  });
});

describe('sound and picture stay in step for an hour where nobody tells the time', () => {
  it.each<[string, SimulatedCamera]>([
    ['there are no reports', hour({ ppm: 100 })],
    [
      'there are none, and the two are counted by clocks of +100 and -100 ppm',
      hour({ video: { ppm: 100 }, audio: { ppm: -100 } }),
    ],
    ['there are none, and the connection stands still for 4 s', hour({ stall: { atMs: HALF_MS, forMs: 4000 } })],
    ['there are none, and our own clock is set by 1 s', hour({ ownJump: { atMs: HALF_MS, byMs: 1000 } })],
    ['there are none, and our own clock is set back by 1 s', hour({ ownJump: { atMs: HALF_MS, byMs: -1000 } })],
    [
      'there are reports, and our own clock is set by 1 s',
      hour({ ownJump: { atMs: HALF_MS, byMs: 1000 }, video: BOTH, audio: LATER }),
    ],
    [
      'reports end',
      hour({ ppm: 100, video: { ...BOTH, reportsUntilMs: HALF_MS }, audio: { ...LATER, reportsUntilMs: HALF_MS } }),
    ],
    ['those of the picture end', hour({ ppm: 100, video: { ...BOTH, reportsUntilMs: HALF_MS, latencyMs: 150 }, audio: LATER })],
  ])('where %s', (name, camera) => {
    expect(watch(name, camera).skew).toBeLessThan(MAX_SKEW_MS);
  });
});
