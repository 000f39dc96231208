import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { metadataDocument } from '../../src/simulator/metadata-document.ts';
import { sceneAt } from '../../src/simulator/scene.ts';
import { SimulatedCamera, type SimulatedCameraOptions } from '../../src/simulator/simulated-camera.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { picturesApart, readScreens } from '../support/overlay-reading.ts';
import { CREDENTIALS, startSite, type Site } from '../support/site.ts';
import { part, play } from '../support/viewer-page.ts';

/* Boxes over the picture, by the pixels of both, in Chromium, from the simulated camera through the gateway. */

const PICTURES = 20;
const MEDIAN_LIMIT = 1;
const LIMIT = 2;
const WAIT = { timeout: 20_000, interval: 100 };
const PICTURE_INTERVAL_MS = 40;
const HOUR_MS = 3_600_000;

let browser: Browser;
let site: Site;
const cameras = new Map<string, SimulatedCamera>();
const open: Page[] = [];

beforeAll(async () => {
  browser = await launchChromium({ viewport: { width: 1280, height: 1000 } });
  const each = { metadataIntervalMs: PICTURE_INTERVAL_MS };
  const started = await Promise.all([
    start('yard', each),
    start('fast-clock', { ...each, clockOffsetMs: 180_000 }),
    start('other-zone', { documents: { intervalMs: 100, document: documentOfOtherZone } }),
    start('other-words', { documents: { intervalMs: 200, document: documentInOtherWords } }),
  ]);
  site = await startSite(started);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
  await Promise.all([...cameras.values()].map((camera) => camera.close()));
});

afterEach(async () => {
  for (const page of open.splice(0)) await page.close();
});

async function start(id: string, options: Partial<SimulatedCameraOptions>) {
  const camera = new SimulatedCamera({ name: id, ...CREDENTIALS, ...options });
  cameras.set(id, camera);
  const { onvifPort } = await camera.start();
  return { id, name: id, onvif: { host: '127.0.0.1', port: onvifPort }, credentials: CREDENTIALS };
}

function cameraOf(id: string): SimulatedCamera {
  const camera = cameras.get(id);
  if (camera === undefined) throw new Error(`there is no camera ${id}`);
  return camera;
}

function documentOf(id: string, hostMs: number, aheadMs: number): string {
  const { timeline, ptz, metadata } = cameraOf(id);
  const frame = {
    utcMs: timeline.cameraTimeAt(hostMs) + aheadMs,
    objects: sceneAt(timeline.clipTimeAt(hostMs)),
    ptz: { position: ptz.position(hostMs), moveStatus: ptz.moveStatus(hostMs) },
  };
  return metadataDocument(frame, metadata);
}

function documentOfOtherZone(hostMs: number): Buffer {
  return Buffer.from(documentOf('other-zone', hostMs, HOUR_MS));
}

/** UTF-16 with a byte order mark, another prefix, and markup in a text. */
function documentInOtherWords(hostMs: number): Buffer {
  const text = documentOf('other-words', hostMs, 0)
    .replace('encoding="UTF-8"', 'encoding="UTF-16"')
    .replaceAll(/(<\/?)tt:/g, '$1onvif:')
    .replace('xmlns:tt=', 'xmlns:onvif=')
    .replaceAll('>Vehicle<', '>&lt;img src=x onerror="document.title=1"&gt;é<');
  return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
}

/** Opens the page on one camera alone, so that its picture is large, and plays it. */
async function watch(id: string, before?: (page: Page) => Promise<void>): Promise<Page> {
  const page = await browser.context.newPage();
  open.push(page);
  await before?.(page);
  await page.goto(`${site.url}/?peer=${id}`);
  await play(page, id);
  await vi.waitFor(async () => expect(await boxesOf(page, id)).not.toBeNull(), WAIT);
  return page;
}

function boxesOf(page: Page, id: string) {
  return page.evaluate((camera) => window.viewer.sessions[camera]?.boxes ?? null, id);
}

/** How far picture and boxes are apart, by the pixels of both; in pictures, sorted. */
async function measure(page: Page, id: string): Promise<number[]> {
  const screens = await readScreens(page, id, PICTURES);
  const apart = screens.map(({ pictureMs, boxesMs, drawn }) => {
    if (drawn === null) return Number.POSITIVE_INFINITY;
    const saidMs = cameraOf(id).timeline.positionAt(drawn.utcMs ?? 0);
    // What the page says of itself is held against what it has painted below.
    return picturesApart(pictureMs, boxesMs ?? saidMs);
  });
  const misstated = screens.filter(
    ({ boxesMs, drawn }) =>
      boxesMs !== undefined && picturesApart(boxesMs, cameraOf(id).timeline.positionAt(drawn?.utcMs ?? 0)) > 0.1,
  );
  expect(misstated).toEqual([]);
  const painted = screens.filter(({ boxesMs }) => boxesMs !== undefined).length;
  apart.sort((a, b) => a - b);
  console.log(`${id}: boxes and picture apart, in pictures: ${apart.join(' ')}; ${painted} read from pixels`);
  expect(painted, 'boxes that could be read from the pixels').toBeGreaterThanOrEqual(PICTURES * 0.8);
  return apart;
}

function expectInStep(apart: readonly number[]): void {
  expect(apart[Math.floor(apart.length / 2)]).toBeLessThanOrEqual(MEDIAN_LIMIT);
  expect(apart.at(-1)).toBeLessThanOrEqual(LIMIT);
}

describe('boxes', () => {
  it('are on the picture in which the objects were seen', async () => {
    const page = await watch('yard');
    expectInStep(await measure(page, 'yard'));
  });

  it('are so where the browser holds pictures back for half a second, and metadata are long there', async () => {
    const page = await watch('yard');
    await page.evaluate(() => {
      const connection = window.viewer.sessions['yard']?.peerConnection as RTCPeerConnection | null | undefined;
      for (const receiver of connection?.getReceivers() ?? []) receiver.jitterBufferTarget = 500;
    });
    const heldBackMs = async (): Promise<number> => Date.now() - ((await boxesOf(page, 'yard'))?.pictureMs ?? Date.now());
    await vi.waitFor(async () => expect(await heldBackMs()).toBeGreaterThan(400), WAIT);
    expectInStep(await measure(page, 'yard'));
  });

  it('are so with a camera whose clock is three minutes fast', async () => {
    const page = await watch('fast-clock');
    expectInStep(await measure(page, 'fast-clock'));
    expect(await page.isVisible(part('fast-clock', 'metadata-note'))).toBe(false);
  });

  it('are so where the camera sends no sound, without which Chromium says nothing of the time of pictures by itself', async () => {
    const page = await watch('yard', withoutSound);
    expect(await playoutKnown(page, 'yard')).toBe(false);
    expectInStep(await measure(page, 'yard'));
  });

  it('are so where the sender does not write the time into the packets, by what Chromium estimates from sender reports and sound', async () => {
    const page = await watch('yard', withoutCaptureTime);
    await vi.waitFor(async () => expect((await boxesOf(page, 'yard'))?.isInStep).toBe(true), WAIT);
    expect(await captureTimeKnown(page, 'yard')).toBe(false);
    expectInStep(await measure(page, 'yard'));
  });

  it('whose times are off by an hour are drawn as they come, and the page says by how much they are off', async () => {
    const page = await watch('other-zone');
    await vi.waitFor(
      async () =>
        expect(await page.textContent(part('other-zone', 'metadata-note'))).toContain('Metadata is 3600 s ahead of the picture.'),
      WAIT,
    );
    expect((await boxesOf(page, 'other-zone'))?.isInStep).toBe(false);
  });

  it('can be switched off by keyboard, which is remembered', async () => {
    const page = await watch('yard');
    const button = part('yard', 'boxes');
    await page.waitForSelector(button);
    await page.focus(button);
    await page.keyboard.press('Enter');
    expect(await page.getAttribute(button, 'aria-pressed')).toBe('false');
    expect(await boxesOf(page, 'yard')).toBeNull();
    expect(await paintedPixels(page, 'yard')).toBe(0);
    await page.reload();
    await play(page, 'yard');
    await page.waitForSelector(button);
    expect(await page.getAttribute(button, 'aria-pressed')).toBe('false');
    expect(await boxesOf(page, 'yard')).toBeNull();
    await page.keyboard.press('Tab');
    await page.click(button);
    await vi.waitFor(async () => expect(await paintedPixels(page, 'yard')).toBeGreaterThan(0), WAIT);
  });
});

describe('documents', () => {
  it('are listed as the camera wrote them, in UTF-16 and with another prefix too, and their markup is text', async () => {
    const page = await watch('other-words');
    const list = part('other-words', 'documents-list');
    expect(await page.isVisible(list)).toBe(false);
    await page.click(`${part('other-words', 'documents')} > summary`);
    await page.click(`${list} > li:nth-child(1) summary`);
    // What is open is told by the browser a moment later (`toggle`), and filled then.
    const text = await vi.waitFor(async () => {
      const shown = (await page.textContent(`${list} > li:has(details[open]) code`)) ?? '';
      expect(shown).not.toBe('');
      return shown;
    }, WAIT);
    expect(text).toMatch(/^<\?xml version="1.0" encoding="UTF-16"\?>\n<onvif:MetadataStream xmlns:onvif=/);
    expect(text).toContain('&lt;img src=x onerror="document.title=1"&gt;é');
    expect(await page.$(`${list} img`)).toBeNull();
    expect(await page.textContent(part('other-words', 'documents-pause'))).toBe('Go on');
    expect((await boxesOf(page, 'other-words'))?.boxes.length).toBeGreaterThan(0);
    expect(await page.textContent(part('other-words', 'documents-count'))).toMatch(/^\d+ documents, [\d.]+ kB$/);
  });
});

/** The offer is without sound. */
function withoutSound(page: Page): Promise<void> {
  return changeOffer(page, '(m=audio [\\s\\S]*?)a=send(recv|only)', '$1a=inactive');
}

/** The offer is without abs-capture-time. */
function withoutCaptureTime(page: Page): Promise<void> {
  return changeOffer(page, '^a=extmap:.*abs-capture-time\\r\\n', '');
}

async function changeOffer(page: Page, pattern: string, replacement: string): Promise<void> {
  await page.addInitScript(
    ([found = '', other = '']) => {
      window.RTCPeerConnection = class extends RTCPeerConnection {
        override async setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
          const sdp = description.sdp?.replace(new RegExp(found, 'm'), other) ?? '';
          await super.setRemoteDescription({ ...description, sdp });
        }
      };
    },
    [pattern, replacement],
  );
}

function captureTimeKnown(page: Page, id: string): Promise<boolean> {
  return page.evaluate((camera) => {
    const receivers = window.viewer.sessions[camera]?.peerConnection?.getReceivers?.() ?? [];
    return receivers.some((receiver) =>
      receiver.getSynchronizationSources().some(({ captureTimestamp }) => captureTimestamp !== undefined),
    );
  }, id);
}

function playoutKnown(page: Page, id: string): Promise<boolean> {
  return page.evaluate(async (camera) => {
    let isKnown = false;
    const report = await window.viewer.sessions[camera]?.peerConnection?.getStats();
    report?.forEach((entry) => (isKnown ||= entry['kind'] === 'video' && entry['estimatedPlayoutTimestamp'] !== undefined));
    return isKnown;
  }, id);
}

function paintedPixels(page: Page, id: string): Promise<number> {
  return page.evaluate((camera) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`[data-camera-id="${camera}"] [data-testid="overlay"]`);
    const pixels = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return pixels.filter((_, index) => index % 4 === 3).filter((alpha) => alpha > 0).length;
  }, id);
}
