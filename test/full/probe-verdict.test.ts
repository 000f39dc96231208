import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delay } from '../../src/base/delay.ts';
import type { ProbeReport } from '../../src/probe/report.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { runCli } from '../support/cli.ts';
import { startFfmpegRtspCamera, type FfmpegRtspCameraOptions } from '../support/ffmpeg-rtsp-camera.ts';
import { startSite } from '../support/site.ts';
import { inbound, openViewer, part } from '../support/viewer-page.ts';

/* What `probe` says of playing in a browser, against what Chromium makes of the same stream by way of the gateway. */

const WATCHED_MS = 4000;
/** Chromium is given this long for its first picture. */
const FIRST_PICTURE_MS = 12_000;
/** With fewer of the pictures that were sent nobody would say that it plays. */
const ENOUGH = 0.7;

const KEYFRAMES = ['-bf', '0', '-g', '5', '-pix_fmt', 'yuv420p'];
/** Small enough for the buffers of the sockets on the way. */
const LARGE = { rate: 3, encoder: ['-tune', 'zerolatency', '-g', '3', '-crf', '45', '-pix_fmt', 'yuv420p'] };

const STREAMS: [string, FfmpegRtspCameraOptions][] = [
  ['High profile', { encoder: [...KEYFRAMES, '-preset', 'fast', '-profile:v', 'high'] }],
  ['B-frames', { encoder: ['-preset', 'fast', '-bf', '2', '-g', '15', '-pix_fmt', 'yuv420p'] }],
  ['interlaced', { encoder: [...KEYFRAMES, '-flags', '+ildct+ilme'] }],
  ['10 bits', { encoder: ['-bf', '0', '-g', '15', '-pix_fmt', 'yuv420p10le'] }],
  ['4:2:2', { encoder: ['-bf', '0', '-g', '15', '-pix_fmt', 'yuv422p'] }],
  ['1080p of level 6.0', { size: '1920x1080', rate: 5, encoder: [...LARGE.encoder, '-level', '6.0'] }],
  ['4096x2304', { ...LARGE, size: '4096x2304' }],
  ['4608x1728', { ...LARGE, size: '4608x1728' }],
  ['3072x3072', { ...LARGE, size: '3072x3072' }],
  ['4000x3000', { ...LARGE, size: '4000x3000' }],
];

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

describe('the verdict of probe is that of Chromium', () => {
  it.each(STREAMS)('%s', async (name, options) => {
    const camera = await startFfmpegRtspCamera(options);
    try {
      const shown = await shareShown(camera.url, options.rate ?? 15);
      const { stdout, stderr } = await runCli(['probe', camera.url, '--json', '--duration', '3']);
      expect(stderr).toBe('');
      const verdict = (JSON.parse(stdout) as ProbeReport).profiles[0]?.browser;
      console.log(`${name}: Chromium shows ${(shown * 100).toFixed(0)} % of the pictures, probe says ${JSON.stringify(verdict)}`);
      expect(verdict?.plays).toBe(shown >= ENOUGH);
    } finally {
      await camera.close();
    }
  });
});

/** Which share of the pictures that the camera makes Chromium decodes. */
async function shareShown(url: string, framesPerSecond: number): Promise<number> {
  const id = 'camera';
  const site = await startSite([{ id, name: id, rtsp: { live: url } }]);
  const page = await openViewer(browser, site.url);
  try {
    await page.click(part(id, 'play'), { timeout: 15_000 });
    const decoded = async (): Promise<{ frames: number; at: number }> => {
      const { video } = await inbound(page, id);
      return { frames: video.framesDecoded, at: video.timestamp };
    };
    const until = performance.now() + FIRST_PICTURE_MS;
    while ((await decoded()).frames === 0 && performance.now() < until) await delay(100);
    const before = await decoded();
    await delay(WATCHED_MS);
    const after = await decoded();
    // Without a picture there is no report either.
    if (after.frames === before.frames) return 0;
    return (after.frames - before.frames) / (((after.at - before.at) / 1000) * framesPerSecond);
  } finally {
    await page.close();
    await site.close();
  }
}
