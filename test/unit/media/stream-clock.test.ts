import { describe, expect, it } from 'vitest';
import { watchCamera, type SimulatedCamera } from '../../support/drifting-camera.ts';

/* Six minutes of a camera in simulated time; test/full/clock-hour.test.ts has the hours. */

const BOTH = { reportEveryMs: 5000 };
const LATER = { reportEveryMs: 5000, reportPhaseMs: 3000 };
const HALF_MS = 180_000;

function minutes(camera: Partial<SimulatedCamera>): SimulatedCamera {
  return { seed: 3, hours: 0.1, ppm: 100, ...camera };
}

describe('the time of sound and picture', () => {
  it.each<[string, SimulatedCamera]>([
    [
      'by reports of both, counted by clocks that drift apart',
      minutes({ video: { ...BOTH, ppm: 100 }, audio: { ...LATER, ppm: -100 } }),
    ],
    ['by reports of the picture alone', minutes({ video: BOTH })],
    ['by reports of the sound alone', minutes({ audio: BOTH })],
    ['by arrival', minutes({})],
    [
      'while the camera sets its clock, which both tell',
      minutes({ video: BOTH, audio: LATER, jump: { atMs: HALF_MS, byMs: -120_000 } }),
    ],
    ['while the camera sets its clock, which one tells', minutes({ audio: LATER, jump: { atMs: HALF_MS, byMs: 120_000 } })],
    [
      'while the camera sets its clock, which one tells seldom',
      minutes({ video: { reportEveryMs: 30_000 }, audio: LATER, jump: { atMs: HALF_MS + 2000, byMs: 700 } }),
    ],
    [
      'while the picture, which takes longer, has no more reports',
      minutes({ video: { ...BOTH, latencyMs: 160, reportsUntilMs: 100_000 }, audio: LATER }),
    ],
  ])('is one: %s', (_, camera) => {
    expect(watchCamera(camera).skew).toBeLessThan(15);
  });

  it('goes by exact reports from the first ones on, also while those of the one track are not yet known to be as exact as those of the other', () => {
    const reports = { reportEveryMs: 1000, latencyMs: 40 };
    const camera = {
      seed: 3,
      hours: 0.01,
      jitterMs: 400,
      video: { ...reports, reportPhaseMs: 2020 },
      audio: { ...reports, reportPhaseMs: 20 },
    };
    const { skew, step } = watchCamera(camera, 4000);
    expect(Math.max(skew, step)).toBeLessThan(2);
  });
});
