import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi, type TestContext } from 'vitest';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { PageSite } from '../support/page-site.ts';
import { card, part } from '../support/viewer-page.ts';
import { cameraInfo } from '../unit/http/stub-view.ts';

/* What the viewer page does after a while, in a real browser. Each test has a site of its own, since they wait side by side. */

const WAIT = { timeout: 30_000, interval: 50 };
const ID = 'front-door';
/** Small, since six of them are encoded and decoded at a time. */
const WIDTH = 320;
const REFUSED = { code: 'camera.unauthorized', message: 'The camera refused the password.', advice: 'Set it in the config.' };

let browser: Browser;

beforeAll(async () => {
  browser = await launchChromium({ viewport: { width: 1280, height: 900 } });
});

afterAll(async () => {
  await browser?.close();
});

/** With the camera that can be played in its list. */
async function startSite({ onTestFinished }: TestContext): Promise<PageSite> {
  const site = new PageSite(browser, WIDTH);
  onTestFinished(async () => {
    const complaints = await site.closePages();
    await site.close();
    expect(complaints).toEqual([]);
  });
  await site.start();
  site.view.cameraList = [site.frontDoor()];
  return site;
}

async function untilState(page: Page, state: 'playing' | 'waiting'): Promise<void> {
  await vi.waitFor(async () => expect(await page.getAttribute(card(ID), 'data-state')).toBe(state), WAIT);
}

async function playing(site: PageSite): Promise<Page> {
  const page = await site.openPage();
  await page.click(part(ID, 'play'));
  await untilState(page, 'playing');
  return page;
}

function playbackOf(page: Page) {
  return page.evaluate((id) => window.viewer.sessions[id]?.playback, ID);
}

function framesDecoded(page: Page): Promise<number> {
  return page.evaluate((id) => window.viewer.sessions[id]?.statistics?.framesDecoded ?? 0, ID);
}

describe.concurrent('the page', () => {
  it('shows cameras change as they change in the gateway, and leave it when removed', async (context) => {
    const site = await startSite(context);
    const { view } = site;
    const yard = (state: 'connecting' | 'online') => cameraInfo({ id: 'yard', state });
    view.cameraList = [site.frontDoor(), yard('connecting')];
    const page = await site.openPage();
    await page.waitForSelector(card('yard'));
    expect(await page.textContent(part('yard', 'status'))).toBe('Connecting');
    view.cameraList = [site.frontDoor(), yard('online')];
    await vi.waitFor(async () => expect(await page.textContent(part('yard', 'status'))).toBe('Online'), WAIT);
    view.cameraList = [site.frontDoor()];
    await vi.waitFor(async () => expect(await page.$$(card('yard'))).toEqual([]), WAIT);
  });

  it('says that the picture stands, and goes on with it', async (context) => {
    const site = await startSite(context);
    const page = await playing(site);
    await site.camera.setDrawing(false);
    await vi.waitFor(
      async () => expect(await page.textContent(part(ID, 'notice-title'))).toMatch(/^No new picture for \d+ s$/),
      WAIT,
    );
    expect(await page.getAttribute(card(ID), 'data-state')).toBe('playing');
    await site.camera.setDrawing(true);
    await page.waitForSelector(part(ID, 'notice'), { state: 'hidden' });
  });

  it('counts down after a lost session and plays again', async (context) => {
    const site = await startSite(context);
    const page = await playing(site);
    const first = await page.evaluateHandle((id) => window.viewer.sessions[id]?.peerConnection, ID);
    await site.camera.dropSessions();
    await vi.waitFor(
      async () => expect(await page.textContent(part(ID, 'notice-title'))).toMatch(/^Trying again in \d+ s$/),
      WAIT,
    );
    await untilState(page, 'playing');
    const isNew = await page.evaluate(([old, id]) => old !== window.viewer.sessions[id]?.peerConnection, [first, ID] as const);
    expect(isNew).toBe(true);
  });

  it('notices a connection that fell silent, without waiting for the browser to call it failed', async (context) => {
    const site = await startSite(context);
    const page = await playing(site);
    await site.loseCamera();
    await vi.waitFor(async () => expect(await playbackOf(page)).toMatchObject({ reason: { code: 'page.path_lost' } }), WAIT);
  });

  it('goes on while the gateway gives no answer, and says so', async (context) => {
    const site = await startSite(context);
    const page = await playing(site);
    await page.route('**/api/cameras', (route) => route.abort());
    await vi.waitFor(
      async () => expect(await page.textContent('[data-testid="message"] h2')).toBe('No news from the gateway'),
      WAIT,
    );
    const before = await framesDecoded(page);
    await vi.waitFor(async () => expect(await framesDecoded(page)).toBeGreaterThan(before), WAIT);
    await page.unroute('**/api/cameras');
    await page.waitForSelector('[data-testid="message"]', { state: 'hidden' });
  });

  it('waits for a camera that is gone and plays as soon as it is back', async (context) => {
    const site = await startSite(context);
    const page = await playing(site);
    site.view.cameraList = [{ ...site.frontDoor(), state: 'failed', peer: null, reason: REFUSED }];
    await vi.waitFor(async () => expect(await page.getAttribute(card(ID), 'data-camera-state')).toBe('failed'), WAIT);
    await site.camera.dropSessions();
    await untilState(page, 'waiting');
    expect(await page.textContent(part(ID, 'notice-detail'))).toContain(REFUSED.message);
    // By now the next attempt is 8 s away, so that coming back early is seen to be the cause.
    await vi.waitFor(async () => expect(await playbackOf(page)).toMatchObject({ state: 'waiting', attempt: 4 }), WAIT);
    const waiting = await playbackOf(page);
    site.view.cameraList = [site.frontDoor()];
    await untilState(page, 'playing');
    expect(Date.now()).toBeLessThan(waiting?.state === 'waiting' ? waiting.retryAt : 0);
  });
});
