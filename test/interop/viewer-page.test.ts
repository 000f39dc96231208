import type { ConsoleMessage, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reason } from '../../src/base/errors.ts';
import { silentLogger } from '../../src/base/log.ts';
import { HttpServer } from '../../src/http/server.ts';
import { SignalingServer } from '../../src/signaling/server.ts';
import { StaticTokens } from '../../src/signaling/tokens.ts';
import { type BrowserCamera, startBrowserCamera } from '../support/browser-camera.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { cameraInfo, StubView } from '../unit/http/stub-view.ts';

/* The viewer page in a real browser, against the real HTTP and signaling servers; the gateway behind them is a stub, the camera a browser page. */

const TOKEN = 'viewer-token';
const WAIT = { timeout: 15_000, interval: 50 };

let browser: Browser;
let signaling: SignalingServer;
let server: HttpServer;
let view: StubView;
let camera: BrowserCamera;
let signalingAddress: string;
let url: string;
/** What the pages complained about: script errors and everything that the Content-Security-Policy refused. */
const complaints: string[] = [];
const open: Page[] = [];

beforeAll(async () => {
  browser = await launchChromium({ viewport: { width: 1280, height: 900 } });
  signaling = new SignalingServer({
    tokens: new StaticTokens({ clients: [{ token: TOKEN }], devices: [{ token: 'device-token' }] }),
  });
  view = new StubView();
  server = new HttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    view,
    log: silentLogger,
    viewerTokens: [{ token: TOKEN }],
    signalingUpgrade: (request, socket, head) => signaling.handleUpgrade(request, socket, head),
  });
  ({ url } = await server.start());
  signalingAddress = `${url.replace('http', 'ws')}/signaling`;
  camera = await startBrowserCamera(await browser.context.newPage(), {
    server: signalingAddress,
    token: 'device-token',
    name: 'Front door',
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await signaling?.close();
  await server?.close();
});

afterEach(async () => {
  for (const page of open.splice(0)) await page.close();
  expect(complaints.splice(0)).toEqual([]);
});

const video = { codec: 'H264', width: 1280, height: 720, framesPerSecond: 25, bitrateKbps: 2000 };
const idle = { state: 'idle', reason: null } as const;
const main = { token: 'main', name: 'Main', video, audio: { codec: 'PCMU' }, metadata: false, stream: idle, warnings: [] };
const sub = { ...main, token: 'sub', name: 'Sub', video: { ...video, width: 640, height: 360 } };
const refused = { code: 'camera.unauthorized', message: 'The camera refused the password.', advice: 'Set it in the config.' };

function frontDoor() {
  return cameraInfo({ peer: camera.peer, profiles: [main, sub] });
}

async function openPage(path = `/?token=${TOKEN}`, size?: { width: number; height: number }): Promise<Page> {
  const page = await browser.context.newPage();
  open.push(page);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message: ConsoleMessage) => {
    // A refused token and a gateway that is gone are what some tests are about; the browser logs the failed request.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  if (size !== undefined) await page.setViewportSize(size);
  await page.goto(url + path);
  return page;
}

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
    view.cameraList = [frontDoor(), cameraInfo({ id: 'yard', name: 'Yard', state: 'failed', peer: null, reason: refused })];
    const page = await openPage();
    await page.waitForSelector(card('yard'));
    expect(await page.textContent(part('name'))).toBe('Front door');
    expect(await page.textContent(part('status'))).toBe('Online');
    expect(await page.textContent(part('peer'))).toBe(camera.peer);
    expect(await page.getAttribute(card('yard'), 'data-camera-state')).toBe('failed');
    expect(await page.textContent(part('notice-detail', 'yard'))).toBe('The camera refused the password. Set it in the config.');
    expect(await page.isVisible(part('play', 'yard'))).toBe(false);
    expect(await page.textContent('[data-testid="summary"]')).toBe('1 of 2 cameras online');
  });

  it('change on the page as they change in the gateway, and leave it when removed', async () => {
    view.cameraList = [frontDoor(), cameraInfo({ id: 'yard', state: 'connecting' })];
    const page = await openPage();
    await page.waitForSelector(card('yard'));
    expect(await page.textContent(part('status', 'yard'))).toBe('Connecting');
    view.cameraList = [frontDoor(), cameraInfo({ id: 'yard', state: 'online' })];
    await vi.waitFor(async () => expect(await page.textContent(part('status', 'yard'))).toBe('Online'), WAIT);
    view.cameraList = [frontDoor()];
    await vi.waitFor(async () => expect(await page.$$(card('yard'))).toEqual([]), WAIT);
  });

  it('say what viewers of the chosen profile miss and what to set, as long as it is so', async () => {
    const noSound = { code: 'stream.no_sound', message: 'There is no sound', advice: 'Set the audio encoder to G.711.' };
    const bFrames = { code: 'stream.b_frames', message: 'The video has B-frames.', advice: 'Switch them off.' };
    const camera = (...warnings: Reason[]) => cameraInfo({ profiles: [{ ...main, warnings }, sub] });
    view.cameraList = [camera(noSound, bFrames)];
    const page = await openPage();
    const shown = () => page.locator(`${part('warnings')} li`).allTextContents();
    const both = ['There is no sound. Set the audio encoder to G.711.', 'The video has B-frames. Switch them off.'];
    await vi.waitFor(async () => expect(await shown()).toEqual(both), WAIT);
    expect(await page.isVisible(part('warnings'))).toBe(true);
    await page.selectOption(part('profile'), 'sub');
    expect(await shown()).toEqual([]);
    expect(await page.isVisible(part('warnings'))).toBe(false);
    await page.selectOption(part('profile'), 'main');
    expect(await shown()).toEqual(both);
    view.cameraList = [camera(bFrames)];
    await vi.waitFor(async () => expect(await shown()).toEqual(both.slice(1)), WAIT);
  });

  it('that the token does not open are why the page is empty, and another token can be typed', async () => {
    view.cameraList = [];
    const page = await openPage();
    const title = '[data-testid="message"] h2';
    await vi.waitFor(async () => expect(await page.textContent(title)).toBe('This token opens no camera'), WAIT);
    expect(await page.isVisible('[data-testid="token"]')).toBe(true);
  });

  it.each([320, 360, 390, 768])('fit a screen of %i px without scrolling sideways, with targets for fingers', async (width) => {
    view.cameraList = [frontDoor(), cameraInfo({ id: 'yard', name: 'A'.repeat(60), state: 'failed', reason: refused })];
    const page = await openPage(undefined, { width, height: 800 });
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
    view.cameraList = [frontDoor()];
    const page = await openPage();
    await page.waitForSelector(card('front-door'));
    expect(page.url()).toBe(`${url}/`);
    await page.reload();
    await page.waitForSelector(card('front-door'));
  });

  it('is asked for when missing, and typing it opens the cameras', async () => {
    view.cameraList = [frontDoor()];
    const page = await openPage('/?token=wrong');
    await vi.waitFor(async () => expect(await page.textContent('[data-testid="message"] p')).toContain('http.auth'), WAIT);
    await page.fill('[data-testid="token"]', TOKEN);
    await page.press('[data-testid="token"]', 'Enter');
    await page.waitForSelector(card('front-door'));
    expect(await page.isVisible('[data-testid="message"]')).toBe(false);
  });
});

describe('playing', () => {
  it('starts by keyboard, shows picture, sound muted and statistics, and stops', async () => {
    view.cameraList = [frontDoor()];
    const page = await openPage();
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
    view.cameraList = [frontDoor()];
    const page = await openPage();
    await play(page);
    await page.selectOption(part('profile'), 'sub');
    await untilPlaying(page);
    await vi.waitFor(async () => expect((await camera.askedProfiles()).slice(-2)).toEqual(['main', 'sub']), WAIT);
  });

  it('lists profiles of which nothing is known yet, so that each can be chosen', async () => {
    view.cameraList = [
      { ...frontDoor(), kind: 'rtsp', profiles: [main, sub].map((each) => ({ ...each, video: null, audio: null })) },
    ];
    const page = await openPage();
    await page.selectOption(part('profile'), 'sub');
    await play(page);
    expect((await camera.askedProfiles()).at(-1)).toBe('sub');
  });

  it('does not try a profile without H.264 again, and plays another one', async () => {
    const reason = { code: 'stream.no_h264', message: 'The profile sends H265.', advice: 'Choose another profile.' };
    view.cameraList = [{ ...frontDoor(), profiles: [{ ...main, stream: { state: 'failed', reason } }, sub] }];
    const page = await openPage();
    await page.click(part('play'));
    await untilPlaying(page);
    await camera.dropSessions();
    await vi.waitFor(async () => expect(await state(page)).toBe('failed'), WAIT);
    expect(await page.textContent(part('notice-detail'))).toBe('The profile sends H265. Choose another profile.');
    await page.selectOption(part('profile'), 'sub');
    await untilPlaying(page);
  });

  it('says that the picture stands, and goes on with it', async () => {
    view.cameraList = [frontDoor()];
    const page = await openPage();
    await play(page);
    await camera.setDrawing(false);
    await vi.waitFor(
      async () => expect(await page.textContent(part('notice-title'))).toMatch(/^No new picture for \d+ s$/),
      WAIT,
    );
    expect(await state(page)).toBe('playing');
    await camera.setDrawing(true);
    await page.waitForSelector(part('notice'), { state: 'hidden' });
  });

  it('counts down after a lost session and plays again', async () => {
    view.cameraList = [frontDoor()];
    const page = await openPage();
    await play(page);
    const first = await page.evaluateHandle(() => window.viewer.sessions['front-door']?.peerConnection);
    await camera.dropSessions();
    await vi.waitFor(async () => expect(await page.textContent(part('notice-title'))).toMatch(/^Trying again in \d+ s$/), WAIT);
    await untilPlaying(page);
    expect(await page.evaluate((old) => old !== window.viewer.sessions['front-door']?.peerConnection, first)).toBe(true);
  });

  it('notices a connection that fell silent, without waiting for the browser to call it failed', async () => {
    const device = await browser.context.newPage();
    const yard = await startBrowserCamera(device, { server: signalingAddress, token: 'device-token', name: 'Yard' });
    view.cameraList = [cameraInfo({ id: 'yard', name: 'Yard', peer: yard.peer, profiles: [main] })];
    const page = await openPage();
    await page.click(part('play', 'yard'));
    await vi.waitFor(async () => expect(await state(page, 'yard')).toBe('playing'), WAIT);
    await device.close();
    await vi.waitFor(async () => expect(await state(page, 'yard')).toBe('waiting'), WAIT);
  }, 40_000);

  it('goes on while the gateway gives no answer, and says so', async () => {
    view.cameraList = [frontDoor()];
    const page = await openPage();
    await play(page);
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

  it('waits for a camera that is gone and plays as soon as it is back', async () => {
    view.cameraList = [frontDoor()];
    const page = await openPage();
    await play(page);
    view.cameraList = [{ ...frontDoor(), state: 'failed', peer: null, reason: refused }];
    await vi.waitFor(async () => expect(await page.getAttribute(card('front-door'), 'data-camera-state')).toBe('failed'), WAIT);
    await camera.dropSessions();
    await vi.waitFor(async () => expect(await state(page)).toBe('waiting'), WAIT);
    expect(await page.textContent(part('notice-detail'))).toContain('The camera refused the password.');
    // By now the next attempt is 8 s away, so that coming back early is seen to be the cause.
    const playback = () => page.evaluate(() => window.viewer.sessions['front-door']?.playback);
    await vi.waitFor(async () => expect(await playback()).toMatchObject({ state: 'waiting', attempt: 4 }), WAIT);
    const waiting = await playback();
    view.cameraList = [frontDoor()];
    await untilPlaying(page);
    expect(Date.now()).toBeLessThan(waiting?.state === 'waiting' ? waiting.retryAt : 0);
  });

  it('says that the token is wrong and does not try again by itself', async () => {
    const page = await openPage(`/?peer=${camera.peer}&token=wrong`);
    await page.click(part('play', camera.peer));
    await vi.waitFor(async () => expect(await state(page, camera.peer)).toBe('failed'), WAIT);
    expect(await page.textContent(part('notice-detail', camera.peer))).toMatch(/token/);
  });

  it('plays one camera at any signaling server', async () => {
    const page = await openPage(
      `/?server=${encodeURIComponent(signalingAddress)}&peer=${camera.peer}&token=${TOKEN}&profile=sub`,
    );
    await page.click(part('play', camera.peer));
    await vi.waitFor(async () => expect(await state(page, camera.peer)).toBe('playing'), WAIT);
    expect((await camera.askedProfiles()).at(-1)).toBe('sub');
  });
});
