import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { delay } from '../../src/base/delay.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { MediaThreadWaits } from '../support/media-thread-waits.ts';
import { reportedTimes } from '../support/reported-times.ts';
import { startSimulatedCamera, startSite, type Site } from '../support/site.ts';
import { inbound, openViewer, play } from '../support/viewer-page.ts';

/*
 * Sound and picture in step: by what sender reports say of the instants at which both were taken, which is exact, and by what Chromium makes of it, which
 * says of which instants it plays.
 */

const MEDIAN_LIMIT_MS = 60;
const P95_LIMIT_MS = 120;
/** Chromium brings both together within some seconds of its first reports. */
const SETTLE_MS = 5000;
const SAMPLE_MS = 250;
/** For so long Chromium's playout is off behind a stall of the machine by what that was: it forgets by little and little. */
const AFTERMATH_MS = 15_000;
/** What reports may say beside the truth, milliseconds: they are rounded to samples of sound, and to the clock's milliseconds. */
const REPORT_LIMIT_MS = 2;

let browser: Browser;
let site: Site;
let camera: SimulatedCamera;

beforeAll(async () => {
  browser = await launchChromium();
  const started = await startSimulatedCamera('yard');
  camera = started.simulated;
  site = await startSite([started.camera]);
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await camera?.close();
});

afterEach(() => {
  vi.restoreAllMocks();
});

interface Apart {
  median: number;
  p95: number;
}

/**
 * How far apart sound and picture are, milliseconds, over some seconds: median and 95th percentile, as they are, and beyond what the machine kept
 * waiting those who play them.
 */
async function measure(seconds: number): Promise<{ all: Apart; beyondWaits: Apart }> {
  const page = await openViewer(browser, site.url);
  await play(page, 'yard');
  // Without a listener Chromium would not play the sound, and so not say when.
  await page.evaluate(() => {
    for (const video of document.querySelectorAll('video')) video.muted = false;
  });
  const waits = new MediaThreadWaits();
  const wait = async (): Promise<void> => {
    await delay(SAMPLE_MS);
    waits.look();
  };
  for (let passedMs = 0; passedMs < SETTLE_MS; passedMs += SAMPLE_MS) await wait();
  const apart: number[] = [];
  const beyond: number[] = [];
  for (let passedMs = 0; passedMs < seconds * 1000; passedMs += SAMPLE_MS) {
    await wait();
    const { video, audio } = await inbound(page, 'yard');
    if (video.estimatedPlayoutTimestamp === 0 || audio.estimatedPlayoutTimestamp === 0) continue;
    const apartMs = Math.abs(video.estimatedPlayoutTimestamp - audio.estimatedPlayoutTimestamp);
    apart.push(apartMs);
    beyond.push(Math.max(0, apartMs - waits.longest(AFTERMATH_MS)));
  }
  await page.close();
  expect(apart.length, 'samples').toBeGreaterThan(seconds * 3);
  const [all, beyondWaits] = [shares(apart), shares(beyond)];
  console.log(
    `sound and picture apart: median ${all.median} ms, 95th percentile ${all.p95} ms, of ${apart.length} samples; beyond what the machine ` +
      `kept waiting: ${beyondWaits.median} ms, ${beyondWaits.p95} ms`,
  );
  return { all, beyondWaits };
}

function shares(values: readonly number[]): Apart {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? Number.NaN);
  return { median: at(0.5), p95: at(0.95) };
}

describe('sound and picture', () => {
  it('are in step for a minute', async () => {
    const times = reportedTimes(camera);
    const { beyondWaits } = await measure(60);
    const { sound, picture, reports } = times();
    console.log(
      `${reports} sender reports are off by ${sound.toFixed(2)} ms for the sound, ${picture.toFixed(2)} ms for the picture, at worst`,
    );
    expect(Math.max(sound, picture)).toBeLessThanOrEqual(REPORT_LIMIT_MS);
    expect(beyondWaits.median).toBeLessThanOrEqual(MEDIAN_LIMIT_MS);
    expect(beyondWaits.p95).toBeLessThanOrEqual(P95_LIMIT_MS);
  });

  // Proves that both measurements see what they are for.
  it('are seen to be apart when the sender reports of the sound are wrong', async () => {
    const times = reportedTimes(camera, (report) => 100 * report);
    const { all } = await measure(20);
    expect(times().sound).toBeGreaterThan(1000);
    expect(all.median).toBeGreaterThan(MEDIAN_LIMIT_MS);
    expect(all.p95).toBeGreaterThan(P95_LIMIT_MS);
  });
});
