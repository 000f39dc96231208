import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { delay } from '../../src/base/delay.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { startSimulatedCamera, startSite, type Site } from '../support/site.ts';
import { inbound, openViewer, play } from '../support/viewer-page.ts';

/* Sound and picture in step, by what Chromium says of the instants that it plays: only right sender reports make it so. */

const MEDIAN_LIMIT_MS = 60;
const P95_LIMIT_MS = 120;
/** Chromium brings both together within some seconds of its first reports. */
const SETTLE_MS = 5000;

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
  camera.rtsp.faults.soundReportErrorMs = 0;
});

/** How far apart sound and picture are, milliseconds, over some seconds: median and 95th percentile. */
async function measure(seconds: number): Promise<{ median: number; p95: number }> {
  const page = await openViewer(browser, site.url);
  await play(page, 'yard');
  // Without a listener Chromium would not play the sound, and so not say when.
  await page.evaluate(() => {
    for (const video of document.querySelectorAll('video')) video.muted = false;
  });
  await delay(SETTLE_MS);
  const apart: number[] = [];
  for (let sample = 0; sample < seconds * 4; sample += 1) {
    await delay(250);
    const { video, audio } = await inbound(page, 'yard');
    if (video.estimatedPlayoutTimestamp === 0 || audio.estimatedPlayoutTimestamp === 0) continue;
    apart.push(Math.abs(video.estimatedPlayoutTimestamp - audio.estimatedPlayoutTimestamp));
  }
  await page.close();
  apart.sort((a, b) => a - b);
  expect(apart.length, 'samples').toBeGreaterThan(seconds * 3);
  const at = (share: number): number => apart[Math.floor(apart.length * share)] ?? Number.NaN;
  const result = { median: Math.round(at(0.5)), p95: Math.round(at(0.95)) };
  console.log(
    `sound and picture apart: median ${result.median} ms, 95th percentile ${result.p95} ms, of ${apart.length} samples`,
  );
  return result;
}

describe('sound and picture', () => {
  it('are in step for a minute', async () => {
    const { median, p95 } = await measure(60);
    expect(median).toBeLessThanOrEqual(MEDIAN_LIMIT_MS);
    expect(p95).toBeLessThanOrEqual(P95_LIMIT_MS);
  });

  // Proves that the measurement sees what it is for.
  it('are seen to be apart when the sender reports of the sound are wrong', async () => {
    camera.rtsp.faults.soundReportErrorMs = 500;
    const { median, p95 } = await measure(20);
    expect(median <= MEDIAN_LIMIT_MS && p95 <= P95_LIMIT_MS).toBe(false);
  });
});
