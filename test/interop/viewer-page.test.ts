import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reason } from '../../src/base/errors.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { MAIN, PageSite, SUB } from '../support/page-site.ts';
import { cameraInfo } from '../unit/http/stub-view.ts';

/* The viewer page in a real browser; viewer-page-waits.test.ts has what takes a while. */

const WAIT = { timeout: 15_000, interval: 50 };
const REFUSED = { code: 'camera.unauthorized', message: 'The camera refused the password.', advice: 'Set it in the config.' };

let browser: Browser;
let site: PageSite;

beforeAll(async () => {
  browser = await launchChromium({ viewport: { width: 1280, height: 900 } });
  site = new PageSite(browser);
  await site.start();
}, 60_000);

afterAll(async () => {
  await site?.close();
  await browser?.close();
});

afterEach(async () => {
  expect(await site.closePages()).toEqual([]);
});

const card = (id: string): string => `[data-camera-id="${id}"]`;
const part = (name: string, id = 'front-door'): string => `${card(id)} [data-testid="${name}"]`;

async function state(page: Page, id = 'front-door'): Promise<string | null> {
  return page.getAttribute(card(id), 'data-state');
}

async function play(page: Page): Promise<void> {
  await page.click(part('play'));
  await untilPlaying(page);
}

async function untilPlaying(page: Page): Promise<void> {
  await vi.waitFor(async () => expect(await state(page)).toBe('playing'), WAIT);
}

function framesDecoded(page: Page): Promise<number> {
  return page.evaluate(() => window.viewer.sessions['front-door']?.statistics?.framesDecoded ?? 0);
}

describe('cameras', () => {
  it('are shown with name, state, peer id and, when failed, why and what to do', async () => {
    site.view.cameraList = [
      site.frontDoor(),
      cameraInfo({ id: 'yard', name: 'Yard', state: 'failed', peer: null, reason: REFUSED }),
    ];
    const page = await site.openPage();
    await page.waitForSelector(card('yard'));
    expect(await page.textContent(part('name'))).toBe('Front door');
    expect(await page.textContent(part('status'))).toBe('Online');
    expect(await page.textContent(part('peer'))).toBe(site.camera.peer);
    expect(await page.getAttribute(card('yard'), 'data-camera-state')).toBe('failed');
    expect(await page.textContent(part('notice-detail', 'yard'))).toBe('The camera refused the password. Set it in the config.');
    expect(await page.isVisible(part('play', 'yard'))).toBe(false);
    expect(await page.textContent('[data-testid="summary"]')).toBe('1 of 2 cameras online');
  });

  it('say what viewers of the chosen profile miss and what to set, as long as it is so', async () => {
    const noSound = { code: 'stream.no_sound', message: 'There is no sound', advice: 'Set the audio encoder to G.711.' };
    const bFrames = { code: 'stream.b_frames', message: 'The video has B-frames.', advice: 'Switch them off.' };
    const camera = (...warnings: Reason[]) => cameraInfo({ profiles: [{ ...MAIN, warnings }, SUB] });
    site.view.cameraList = [camera(noSound, bFrames)];
    const page = await site.openPage();
    const shown = () => page.locator(`${part('warnings')} li`).allTextContents();
    const both = ['There is no sound. Set the audio encoder to G.711.', 'The video has B-frames. Switch them off.'];
    await vi.waitFor(async () => expect(await shown()).toEqual(both), WAIT);
    expect(await page.isVisible(part('warnings'))).toBe(true);
    await page.selectOption(part('profile'), 'sub');
    expect(await shown()).toEqual([]);
    expect(await page.isVisible(part('warnings'))).toBe(false);
    await page.selectOption(part('profile'), 'main');
    expect(await shown()).toEqual(both);
    site.view.cameraList = [camera(bFrames)];
    await vi.waitFor(async () => expect(await shown()).toEqual(both.slice(1)), WAIT);
  });

  it('that the token does not open are why the page is empty, and another token can be typed', async () => {
    site.view.cameraList = [];
    const page = await site.openPage();
    const title = '[data-testid="message"] h2';
    await vi.waitFor(async () => expect(await page.textContent(title)).toBe('This token opens no camera'), WAIT);
    expect(await page.isVisible('[data-testid="token"]')).toBe(true);
  });

  it.each([320, 360, 390, 768])('fit a screen of %i px without scrolling sideways, with targets for fingers', async (width) => {
    site.view.cameraList = [site.frontDoor(), cameraInfo({ id: 'yard', name: 'A'.repeat(60), state: 'failed', reason: REFUSED })];
    const page = await site.openPage(undefined, { width, height: 800 });
    await page.waitForSelector(card('yard'));
    await page.click(part('statistics'));
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const heights = await page.$$eval('.controls > *', (controls) =>
      controls.map((control) => control.getBoundingClientRect().height),
    );
    expect(Math.min(...heights.filter((height) => height > 0))).toBeGreaterThanOrEqual(44);
  });
});

describe('token', () => {
  it('leaves the visible address and survives a reload', async () => {
    site.view.cameraList = [site.frontDoor()];
    const page = await site.openPage();
    await page.waitForSelector(card('front-door'));
    expect(page.url()).toBe(`${site.url}/`);
    await page.reload();
    await page.waitForSelector(card('front-door'));
  });

  it('is asked for when missing, and typing it opens the cameras', async () => {
    site.view.cameraList = [site.frontDoor()];
    const page = await site.openPage('/?token=wrong');
    await vi.waitFor(async () => expect(await page.textContent('[data-testid="message"] p')).toContain('http.auth'), WAIT);
    await page.fill('[data-testid="token"]', site.token);
    await page.press('[data-testid="token"]', 'Enter');
    await page.waitForSelector(card('front-door'));
    expect(await page.isVisible('[data-testid="message"]')).toBe(false);
  });
});

describe('playing', () => {
  it('starts by keyboard, shows picture, sound muted and statistics, and stops', async () => {
    site.view.cameraList = [site.frontDoor()];
    const page = await site.openPage();
    await page.focus(part('play'));
    await page.keyboard.press('Enter');
    await untilPlaying(page);
    expect(await page.textContent(part('status'))).toBe('Live');
    expect(await page.$eval(part('video'), (element) => (element as HTMLVideoElement).muted)).toBe(true);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe('sound');
    await page.keyboard.press('Enter');
    expect(await page.$eval(part('video'), (element) => (element as HTMLVideoElement).muted)).toBe(false);
    const before = await framesDecoded(page);
    await vi.waitFor(async () => expect(await framesDecoded(page)).toBeGreaterThan(before + 20), WAIT);
    await page.click(part('statistics'));
    expect(await page.textContent(part('stat-size'))).toBe('1280 × 720');
    expect(await page.textContent(part('stat-first-frame'))).toMatch(/^\d+(\.\d)? m?s$/);
    await vi.waitFor(async () => expect(await page.textContent(part('stat-bitrate'))).toMatch(/^[1-9][\d.]* [kM]bit\/s$/), WAIT);
    await page.click(part('stop'));
    expect(await state(page)).toBe('idle');
    expect(await page.evaluate(() => window.viewer.sessions['front-door']?.peerConnection)).toBeNull();
  });

  it('asks for the chosen profile, also while it plays', async () => {
    site.view.cameraList = [site.frontDoor()];
    const page = await site.openPage();
    await play(page);
    await page.selectOption(part('profile'), 'sub');
    await untilPlaying(page);
    await vi.waitFor(async () => expect((await site.camera.askedProfiles()).slice(-2)).toEqual(['main', 'sub']), WAIT);
  });

  it('lists profiles of which nothing is known yet, so that each can be chosen', async () => {
    site.view.cameraList = [
      { ...site.frontDoor(), kind: 'rtsp', profiles: [MAIN, SUB].map((each) => ({ ...each, video: null, audio: null })) },
    ];
    const page = await site.openPage();
    await page.selectOption(part('profile'), 'sub');
    await play(page);
    expect((await site.camera.askedProfiles()).at(-1)).toBe('sub');
  });

  it('does not try a profile without H.264 again, and plays another one', async () => {
    const reason = { code: 'stream.no_h264', message: 'The profile sends H265.', advice: 'Choose another profile.' };
    site.view.cameraList = [{ ...site.frontDoor(), profiles: [{ ...MAIN, stream: { state: 'failed', reason } }, SUB] }];
    const page = await site.openPage();
    await page.click(part('play'));
    await untilPlaying(page);
    await site.camera.dropSessions();
    await vi.waitFor(async () => expect(await state(page)).toBe('failed'), WAIT);
    expect(await page.textContent(part('notice-detail'))).toBe('The profile sends H265. Choose another profile.');
    await page.selectOption(part('profile'), 'sub');
    await untilPlaying(page);
  });

  it('says that the token is wrong and does not try again by itself', async () => {
    const page = await site.openPage(`/?peer=${site.camera.peer}&token=wrong`);
    await page.click(part('play', site.camera.peer));
    await vi.waitFor(async () => expect(await state(page, site.camera.peer)).toBe('failed'), WAIT);
    expect(await page.textContent(part('notice-detail', site.camera.peer))).toMatch(/token/);
  });

  it('plays one camera at any signaling server', async () => {
    const page = await site.openPage(
      `/?server=${encodeURIComponent(site.signaling)}&peer=${site.camera.peer}&token=${site.token}&profile=sub`,
    );
    await page.click(part('play', site.camera.peer));
    await vi.waitFor(async () => expect(await state(page, site.camera.peer)).toBe('playing'), WAIT);
    expect((await site.camera.askedProfiles()).at(-1)).toBe('sub');
  });
});
