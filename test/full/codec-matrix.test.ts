import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CamerasAnswer } from '../../src/base/api.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import {
  MATRIX_METADATA,
  MATRIX_SOUND,
  MATRIX_TONE,
  MATRIX_VIDEO,
  startGstMatrix,
  type GstMatrix,
} from '../support/gst-matrix.ts';
import { startSite } from '../support/site.ts';
import { inbound, openViewer, play } from '../support/viewer-page.ts';

/*
 * Every picture with every sound and every metadata that cameras send, from GStreamer's encoders to Chromium's decoders. The table stands in
 * docs/codecs.md.
 */

const WAIT = { timeout: 20_000, interval: 100 };
/** A second's worth, after the first. */
const PICTURES = 20;
/** One of them takes several packets. */
const DOCUMENTS = 6;
/** Pictures and sounds that need no conversion, or are none. */
const AS_IT_COMES: ReadonlySet<string> = new Set(['h264', 'none', 'pcmu', 'pcma', 'opus']);
/** Of Chromium's 2048 bins, Hz. */
const BIN = 24_000 / 1024;

let browser: Browser;
let matrix: GstMatrix;

beforeAll(async () => {
  browser = await launchChromium();
  matrix = await startGstMatrix();
});

afterAll(async () => {
  await matrix?.close();
  await browser?.close();
});

/** The loudest frequency of what the page plays of a camera, Hz; 0 while it plays silence. */
async function tone(page: Page, id: string): Promise<number> {
  return await page.evaluate(async (camera) => {
    const stream = window.viewer.sessions[camera]?.video.srcObject;
    if (!(stream instanceof MediaStream) || stream.getAudioTracks().length === 0) return 0;
    const audio = new AudioContext({ sampleRate: 48_000 });
    try {
      await audio.resume();
      const analyser = new AnalyserNode(audio, { fftSize: 2048, smoothingTimeConstant: 0 });
      audio.createMediaStreamSource(stream).connect(analyser);
      const bins = new Float32Array(analyser.frequencyBinCount);
      const until = performance.now() + 1500;
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        analyser.getFloatFrequencyData(bins);
        const loudest = bins.indexOf(Math.max(...bins));
        if ((bins[loudest] ?? -1000) > -40) return (loudest * audio.sampleRate) / analyser.fftSize;
        if (performance.now() > until) return 0;
      }
    } finally {
      await audio.close();
    }
  }, id);
}

async function documents(page: Page, id: string): Promise<number> {
  return await page.evaluate((camera) => window.viewer.sessions[camera]?.statistics?.metadataDocuments ?? 0, id);
}

/** What the gateway converts for the viewers of all cameras, `video` or `audio` of each, by the camera's id. */
async function conversions(siteUrl: string): Promise<Record<string, string[]>> {
  const { cameras } = (await (await fetch(`${siteUrl}/api/cameras`)).json()) as CamerasAnswer;
  return Object.fromEntries(
    cameras.map(({ id, profiles }) => [
      id,
      profiles.flatMap((profile) => profile.conversions.map(({ kind }) => kind)).toSorted(),
    ]),
  );
}

describe.each(MATRIX_VIDEO)('a camera that sends %s', (video) => {
  it.each(MATRIX_SOUND)('with sound %s is seen and heard in Chromium, and its metadata arrive', async (sound) => {
    const cameras = MATRIX_METADATA.map((metadata) => ({
      id: metadata,
      name: metadata,
      rtsp: { main: matrix.url(video, sound, metadata) },
    }));
    const site = await startSite(cameras);
    const page = await openViewer(browser, site.url);
    try {
      for (const { id } of cameras) await play(page, id);
      await page.evaluate(() => {
        for (const element of document.querySelectorAll('video')) element.muted = false;
      });
      for (const metadata of MATRIX_METADATA) {
        await vi.waitFor(async () => {
          const seen = await inbound(page, metadata);
          expect(seen.video.framesDecoded, `${metadata}: pictures`).toBeGreaterThan(PICTURES);
          const wanted = metadata === 'none' ? 0 : DOCUMENTS;
          expect(await documents(page, metadata), `${metadata}: documents`).toBeGreaterThanOrEqual(wanted);
        }, WAIT);
        // What the cell of docs/codecs.md says: the camera's own where a browser plays that, else what ffmpeg makes of it.
        const made = [...(AS_IT_COMES.has(sound) ? [] : ['audio']), ...(AS_IT_COMES.has(video) ? [] : ['video'])];
        await vi.waitFor(async () => {
          expect((await conversions(site.url))[metadata], `${metadata}: conversions`).toEqual(made);
        }, WAIT);
        if (sound === 'none') continue;
        await vi.waitFor(async () => {
          expect(Math.abs((await tone(page, metadata)) - MATRIX_TONE), `${metadata}: tone`).toBeLessThanOrEqual(BIN);
        }, WAIT);
      }
    } finally {
      await page.close();
      await site.close();
    }
  });
});
