import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delay } from '../../src/base/delay.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { startFfmpegRtspCamera } from '../support/ffmpeg-rtsp-camera.ts';
import { startGstRtspServer } from '../support/gst-rtsp-server.ts';
import { startSite, type Site } from '../support/site.ts';
import { inbound, openViewer, play } from '../support/viewer-page.ts';

/* Cameras given by RTSP URL, on servers that others wrote. */

let browser: Browser;
let site: Site;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  browser = await launchChromium();
  closing.unshift(() => browser.close());
  const auth = { scheme: 'digest', username: 'viewer', password: 'secret' } as const;
  const gst = await startGstRtspServer({ auth });
  closing.unshift(() => gst.close());
  const ffmpeg = await startFfmpegRtspCamera();
  closing.unshift(() => ffmpeg.close());
  site = await startSite([
    { id: 'gst', name: 'gst', rtsp: { live: gst.url }, credentials: { username: auth.username, password: auth.password } },
    { id: 'ffmpeg', name: 'ffmpeg', rtsp: { live: ffmpeg.url } },
  ]);
  closing.unshift(() => site.close());
});

afterAll(async () => {
  for (const close of closing) await close();
});

describe('a camera given as rtsp:', () => {
  it.each(['gst', 'ffmpeg'])('plays with picture and sound in Chromium: %s', async (id) => {
    const page = await openViewer(browser, site.url);
    await play(page, id);
    const start = await inbound(page, id);
    await delay(5000);
    const end = await inbound(page, id);
    const seconds = (end.video.timestamp - start.video.timestamp) / 1000;
    const framesPerSecond = (end.video.framesDecoded - start.video.framesDecoded) / seconds;
    const audioPackets = end.audio.packetsReceived - start.audio.packetsReceived;
    console.log(`${id}: ${framesPerSecond.toFixed(1)} frames/s, ${audioPackets} audio packets in ${seconds.toFixed(1)} s`);
    expect(framesPerSecond).toBeGreaterThan(13);
    expect(audioPackets).toBeGreaterThan(20);
    await page.close();
  });
});
