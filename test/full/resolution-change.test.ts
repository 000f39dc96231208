import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { encode } from '../support/encode.ts';
import { startFfmpegRtspCamera, type FfmpegRtspCamera } from '../support/ffmpeg-rtsp-camera.ts';
import { startSite } from '../support/site.ts';
import { inbound, openViewer, play } from '../support/viewer-page.ts';

/* A camera that changes its parameter sets, and with them its size, in the middle of a stream and without a word (RTSPtoWebRTC#28). */

const SIZES = ['640x360', '320x240', '480x272'];
const RATE = 15;
const SECONDS = 3;
/** Enough to be there for as long as this may take. */
const ROUNDS = 30;
const WAIT = { timeout: 30_000, interval: 50 };

const folder = mkdtempSync(join(tmpdir(), 'sizes-'));
let browser: Browser;
let camera: FfmpegRtspCamera;

beforeAll(async () => {
  const options = ['-preset', 'ultrafast', '-tune', 'zerolatency', '-g', String(RATE)];
  const streams: Buffer[] = [];
  for (const size of SIZES) {
    streams.push((await encode({ codec: 'libx264', size, rate: RATE, frames: RATE * SECONDS, options })).bytes);
  }
  const file = join(folder, 'sizes.h264');
  writeFileSync(file, Buffer.concat(Array.from({ length: ROUNDS }, () => streams).flat()));
  camera = await startFfmpegRtspCamera({ file, rate: RATE });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await camera?.close();
  rmSync(folder, { recursive: true });
});

it('goes on to play in Chromium, in each of its sizes', async () => {
  const site = await startSite([{ id: 'yard', name: 'yard', rtsp: { live: camera.url } }]);
  const page = await openViewer(browser, site.url);
  try {
    await play(page, 'yard');
    const size = async (): Promise<string> =>
      await page.evaluate(() => {
        const { videoWidth, videoHeight } = window.viewer.sessions['yard']?.video ?? { videoWidth: 0, videoHeight: 0 };
        return `${videoWidth}x${videoHeight}`;
      });
    const seen: string[] = [];
    const before = (await inbound(page, 'yard')).video;
    await vi.waitFor(async () => {
      const now = await size();
      if (seen.at(-1) !== now) seen.push(now);
      // From any of them round to the same again.
      expect(seen.length).toBeGreaterThan(SIZES.length);
    }, WAIT);
    const after = (await inbound(page, 'yard')).video;
    const start = SIZES.indexOf(seen[0] ?? '');
    expect(seen).toEqual([0, 1, 2, 3].map((step) => SIZES[(start + step) % SIZES.length]));
    const seconds = (after.timestamp - before.timestamp) / 1000;
    expect((after.framesDecoded - before.framesDecoded) / seconds).toBeGreaterThan(RATE * 0.8);
  } finally {
    await page.close();
    await site.close();
  }
});
