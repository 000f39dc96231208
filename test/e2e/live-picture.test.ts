import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { SessionsAnswer } from '../../src/base/api.ts';
import { delay } from '../../src/base/delay.ts';
import { CLIP_MS, MAIN_PROFILE } from '../../src/simulator/profiles.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { startSimulatedCamera } from '../support/site.ts';
import { inbound, nextPicture, openViewer, pictureBehind, play } from '../support/viewer-page.ts';

/*
 * The main job in a real browser: ONVIF and RTSP camera -> gateway -> signaling -> Chromium, all on loopback. The gateway is a process of its own with its workers, as on a site:
 * here, with coverage, garbage of the test would be collected for a tenth of a second while no media moves.
 */

let browser: Browser;
let gateway: GatewayProcess;
let cameras: SimulatedCamera[];

beforeAll(async () => {
  browser = await launchChromium({ viewport: { width: 1280, height: 800 } });
  const started = [await startSimulatedCamera('yard'), await startSimulatedCamera('gate')];
  cameras = started.map(({ simulated }) => simulated);
  gateway = new GatewayProcess();
  await gateway.start(
    started.map(({ camera }) => camera),
    { pull: 'on_demand' },
  );
});

afterAll(async () => {
  await browser?.close();
  await gateway?.close();
  for (const camera of cameras ?? []) await camera.close();
});

describe('the viewer page', () => {
  it('plays both cameras at once, each its own', async () => {
    const page = await openViewer(browser, gateway.url);
    await play(page, 'yard');
    await play(page, 'gate');
    for (const [index, id] of ['yard', 'gate'].entries()) {
      const camera = cameras[index];
      if (camera === undefined) throw new Error('no camera');
      // Both timelines jump at a start; a picture that shows the right time is that camera's.
      expect(pictureBehind(camera, await nextPicture(page, id))).toBeLessThan(CLIP_MS / 2);
    }
    // The gateway knows by the browser's feedback what the path carries: as much as it has sent.
    await vi.waitFor(
      async () => {
        const { sessions } = (await (await fetch(`${gateway.url}/api/sessions`)).json()) as SessionsAnswer;
        expect(sessions.map(({ estimatedKbps }) => (estimatedKbps ?? 0) > MAIN_PROFILE.bitrateKbps / 2)).toEqual([true, true]);
      },
      { timeout: 10_000, interval: 100 },
    );
    await page.close();
  });

  it('keeps decoding at the rate of the camera for 20 s, with sound, without a freeze, close to live', async () => {
    const page = await openViewer(browser, gateway.url);
    await play(page, 'yard');
    await delay(1000);
    const start = await inbound(page, 'yard');
    const behind: number[] = [];
    let before = start;
    for (let second = 0; second < 20; second += 1) {
      await delay(1000);
      const now = await inbound(page, 'yard');
      expect(now.video.framesDecoded, `frames in second ${second}`).toBeGreaterThan(before.video.framesDecoded);
      expect(now.audio.packetsReceived, `sound in second ${second}`).toBeGreaterThan(before.audio.packetsReceived);
      const [camera] = cameras;
      if (camera !== undefined) behind.push(pictureBehind(camera, await nextPicture(page, 'yard')));
      before = now;
    }
    const seconds = (before.video.timestamp - start.video.timestamp) / 1000;
    const framesPerSecond = (before.video.framesDecoded - start.video.framesDecoded) / seconds;
    const median = behind.sort((a, b) => a - b)[Math.floor(behind.length / 2)];
    console.log(
      `${framesPerSecond.toFixed(1)} frames/s, picture ${median} ms behind live (median), freezes ${before.video.freezeCount}`,
    );
    expect(Math.abs(framesPerSecond - MAIN_PROFILE.framesPerSecond)).toBeLessThan(1);
    expect(before.audio.packetsReceived - start.audio.packetsReceived).toBeGreaterThan(seconds * 50 * 0.95);
    expect(before.video.freezeCount).toBe(start.video.freezeCount);
    expect(median).toBeLessThan(200);
    await page.close();
  });

  it('shows the picture again after the camera restarted, without a hand on the page', async () => {
    const [camera] = cameras;
    if (camera === undefined) throw new Error('no camera');
    const page = await openViewer(browser, gateway.url);
    await play(page, 'yard');
    const connection = await page.evaluateHandle(() => window.viewer.sessions['yard']?.peerConnection);
    await camera.reboot(2000);
    const backAt = performance.now();
    const { framesDecoded } = (await inbound(page, 'yard')).video;
    while ((await inbound(page, 'yard')).video.framesDecoded <= framesDecoded + 5) {
      expect(performance.now() - backAt, 'milliseconds since the camera came back').toBeLessThan(5000);
      await delay(50);
    }
    console.log(`picture back ${Math.round(performance.now() - backAt)} ms after the camera`);
    // The same connection: the viewer was not touched.
    expect(await page.evaluate((before) => window.viewer.sessions['yard']?.peerConnection === before, connection)).toBe(true);
    await page.close();
  });
});
