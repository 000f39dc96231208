import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { delay } from '../../src/base/delay.ts';
import { parseRtpPacket } from '../../src/media/rtp/packet.ts';
import { HOLD_MS } from '../../src/page/talk-view.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { launchChromium, type Browser } from '../support/chromium.ts';
import { startGstRtspServer, type GstRtspServer } from '../support/gst-rtsp-server.ts';
import { startSimulatedCamera, startSite, type Site } from '../support/site.ts';
import { microphones, openTalkingViewer, pressTalk, untilTalking, whistle } from '../support/talking-page.ts';
import { decodeMuLaw, heardTone, type HeardTone } from '../support/tone.ts';
import { part, play } from '../support/viewer-page.ts';

/* From the microphone of a real browser to the loudspeakers of a simulated camera and of GStreamer's, all on loopback. */

const WAIT = { timeout: 15_000, interval: 50 };
const TONE_MS = 2000;
const HERTZ = 600;
/** Of so many talks the one in the middle counts: machines have moments in which nothing is in time. */
const TALKS = 3;

let browser: Browser;
let site: Site;
let simulated: SimulatedCamera;
let gst: GstRtspServer;

beforeAll(async () => {
  browser = await launchChromium({ viewport: { width: 1280, height: 800 } });
  const yard = await startSimulatedCamera('yard');
  simulated = yard.simulated;
  gst = await startGstRtspServer({ backchannel: 'pcmu' });
  const door = { id: 'door', name: 'door', rtsp: { main: gst.url }, talk: 'on' as const };
  const deaf = { id: 'deaf', name: 'deaf', rtsp: { main: gst.url } };
  site = await startSite([yard.camera, door, deaf]);
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await simulated?.close();
  await gst?.close();
});

interface Heard {
  atMs: number;
  samples: Buffer;
}

const heardBy = {
  yard: (): Heard[] => simulated.rtsp.talkback.packets.map(({ arrivalMs, samples }) => ({ atMs: arrivalMs, samples })),
  door: (): Heard[] => gst.heard.map(({ atMs, bytes }) => ({ atMs, samples: parseRtpPacket(bytes)?.payload ?? Buffer.alloc(0) })),
};

/** Milliseconds from the beginning of the whistle to the packet in which it is heard. */
function delayOf(packets: readonly Heard[], begunAt: number): number {
  const first = packets.find(({ samples }) => heardTone(decodeMuLaw(samples)).durationMs > 1);
  return first === undefined ? Number.POSITIVE_INFINITY : first.atMs - begunAt;
}

async function isLetGo(id: string): Promise<void> {
  await vi.waitFor(() => expect(site.gateway.cameras().find((camera) => camera.id === id)?.talk.state).toBe('idle'), WAIT);
}

/** Talks to a camera that is not called yet; resolves with what it hears. */
async function talk(page: Page, id: 'yard' | 'door'): Promise<{ tone: HeardTone; delayMs: number }> {
  const before = heardBy[id]().length;
  await pressTalk(page, id);
  await untilTalking(page, id);
  const begunAt = await whistle(page, HERTZ, TONE_MS);
  const heard = (): Heard[] => heardBy[id]().slice(before);
  const tone = (): HeardTone => heardTone(decodeMuLaw(Buffer.concat(heard().map(({ samples }) => samples))));
  await vi.waitFor(async () => {
    const { talks: all } = await site.gateway.mediaStats();
    // What became of it at the gateway, where nothing is heard.
    const talked = JSON.stringify(all.find(({ cameraId }) => cameraId === id));
    expect(tone().durationMs, talked).toBeGreaterThan(TONE_MS * 0.95);
  }, WAIT);
  await pressTalk(page, id);
  await untilTalking(page, id, false);
  return { tone: tone(), delayMs: delayOf(heard(), begunAt) };
}

/** After how many milliseconds words to a camera that is called are heard there; the median. */
async function nextWords(page: Page, id: 'yard' | 'door'): Promise<number> {
  const delays: number[] = [];
  await pressTalk(page, id);
  await untilTalking(page, id);
  while (delays.length < TALKS) {
    // What was said before has been heard.
    const isLoud = ({ atMs, samples }: Heard): boolean =>
      Date.now() - atMs < 400 && heardTone(decodeMuLaw(samples)).durationMs > 1;
    await vi.waitFor(() => expect(heardBy[id]().slice(-30).some(isLoud)).toBe(false), WAIT);
    const before = heardBy[id]().length;
    const begunAt = await whistle(page, HERTZ, 300);
    await vi.waitFor(() => expect(delayOf(heardBy[id]().slice(before), begunAt)).toBeLessThan(10_000), WAIT);
    delays.push(delayOf(heardBy[id]().slice(before), begunAt));
  }
  await pressTalk(page, id);
  await untilTalking(page, id, false);
  return median(delays);
}

/** Talks to a camera that is not called before, each time; the delay is the median. */
async function talks(page: Page, id: 'yard' | 'door'): Promise<{ tones: HeardTone[]; delayMs: number }> {
  const results: { tone: HeardTone; delayMs: number }[] = [];
  while (results.length < TALKS) {
    results.push(await talk(page, id));
    await isLetGo(id);
  }
  const all = results.map(({ delayMs }) => delayMs);
  console.log(`${id}: heard ${all.map((delayMs) => Math.round(delayMs)).join(', ')} ms after it began`);
  return { tones: results.map(({ tone }) => tone), delayMs: median(all) };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function expectWhistle(tones: readonly HeardTone[]): void {
  for (const { frequency, durationMs } of tones) {
    expect(Math.abs(frequency - HERTZ) / HERTZ).toBeLessThan(0.02);
    expect(Math.abs(durationMs - TONE_MS) / TONE_MS).toBeLessThan(0.05);
  }
}

describe('what a viewer says on the page', () => {
  it.each(['yard', 'door'] as const)('is heard by the camera %s within 250 ms, as high and as long as it was', async (id) => {
    const page = await openTalkingViewer(browser, site.url);
    await play(page, id);
    const { tones, delayMs } = await talks(page, id);
    expectWhistle(tones);
    expect(delayMs).toBeLessThan(250);
    // The microphone is let go, and had been asked for with echo cancellation.
    const { open, asked } = await microphones(page);
    expect(open).toBe(0);
    expect(asked[0]).toEqual({ echoCancellation: true, noiseSuppression: true, autoGainControl: true });
    await page.close();
    await isLetGo(id);
  });

  it.each(['yard', 'door'] as const)(
    'in Opus is heard by the camera %s as high and as long as it was, and within 250 ms once ffmpeg runs',
    async (id) => {
      const page = await openTalkingViewer(browser, site.url, 'opus');
      await play(page, id);
      const { tone, delayMs } = await talk(page, id);
      expectWhistle([tone]);
      // ffmpeg runs by now, and the camera still listens.
      const next = await nextWords(page, id);
      console.log(`${id}, Opus: heard ${Math.round(delayMs)} ms after it began, then ${Math.round(next)} ms`);
      expect(next).toBeLessThan(250);
      await page.close();
      await isLetGo(id);
    },
  );
});

describe('the talk button', () => {
  it('talks while it is held, by pointer or key, and from a short press to the next', async () => {
    const page = await openTalkingViewer(browser, site.url);
    await play(page, 'yard');
    await page.hover(part('yard', 'talk'));
    await page.mouse.down();
    await untilTalking(page, 'yard');
    await delay(HOLD_MS);
    await page.mouse.up();
    await untilTalking(page, 'yard', false);
    await page.focus(part('yard', 'talk'));
    await page.keyboard.down(' ');
    await untilTalking(page, 'yard');
    await delay(HOLD_MS);
    await page.keyboard.up(' ');
    await untilTalking(page, 'yard', false);
    await page.keyboard.press('Enter');
    await untilTalking(page, 'yard');
    await page.keyboard.press('Enter');
    await untilTalking(page, 'yard', false);
    const { open, asked } = await microphones(page);
    expect([open, asked.length]).toEqual([0, 3]);
    await page.close();
  });

  it('says what to do where the browser gives no microphone, and why nobody can talk to a camera', async () => {
    const page = await openTalkingViewer(browser, site.url);
    await play(page, 'yard');
    await page.evaluate(() => {
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
    });
    await pressTalk(page, 'yard');
    await vi.waitFor(async () => {
      expect(await page.textContent(part('yard', 'talk-status'))).toContain('The microphone is blocked');
    }, WAIT);
    await untilTalking(page, 'yard', false);
    await play(page, 'deaf');
    await vi.waitFor(async () => expect(await page.getAttribute(part('deaf', 'talk'), 'aria-disabled')).toBe('true'), WAIT);
    // It is within reach all the same.
    await page.click(part('deaf', 'talk'), { force: true });
    expect(await page.textContent(part('deaf', 'talk-status'))).toBe('Nobody can talk to this camera.');
    await page.close();
  });
});

describe('a second viewer who talks', () => {
  it('is told that somebody else is talking, and keeps his picture', async () => {
    const [first, second] = [await openTalkingViewer(browser, site.url), await openTalkingViewer(browser, site.url)];
    for (const page of [first, second]) {
      await play(page, 'yard');
      await pressTalk(page, 'yard');
      await untilTalking(page, 'yard');
    }
    // For as long as it takes: the page is closed before it ends.
    whistle(first, HERTZ, 60_000).catch(() => undefined);
    await vi.waitFor(() => expect(site.gateway.cameras()[0]?.talk.talking).toBe(true), WAIT);
    await whistle(second, 1200, 300);
    await vi.waitFor(async () => {
      expect(await second.textContent(part('yard', 'talk-status'))).toBe('Somebody else is talking to the camera.');
    }, WAIT);
    await untilTalking(second, 'yard', false);
    expect((await microphones(second)).open).toBe(0);
    expect(await second.getAttribute('[data-camera-id="yard"]', 'data-state')).toBe('playing');
    await vi.waitFor(() => expect(site.gateway.sessions().filter(({ talking }) => talking)).toHaveLength(1), WAIT);
    for (const page of [first, second]) await page.close();
  });
});
