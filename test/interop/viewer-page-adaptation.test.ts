import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Access } from '../../src/access/access.ts';
import { StaticTokens } from '../../src/access/static-tokens.ts';
import type { AdaptationStats } from '../../src/base/adaptation.ts';
import { silentLogger } from '../../src/base/log.ts';
import { HttpServer } from '../../src/http/server.ts';
import { SignalingServer } from '../../src/signaling/server/server.ts';
import { type BrowserCamera, startBrowserCamera } from '../support/browser-camera.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { cameraInfo, sessionInfo, StubView } from '../unit/http/stub-view.ts';

/* What a page in a real browser says of what the gateway decided for its session; the gateway behind it is a stub, the camera a browser page. */

const TOKEN = 'viewer-token';
const WAIT = { timeout: 15_000, interval: 50 };
const part = (name: string): string => `[data-camera-id="front-door"] [data-testid="${name}"]`;

const view = new StubView();
let browser: Browser;
let signaling: SignalingServer;
let server: HttpServer;
let camera: BrowserCamera;
let url: string;
let page: Page;
/** Requests for sessions. */
let asked: number;

beforeAll(async () => {
  browser = await launchChromium({ viewport: { width: 1280, height: 900 } });
  signaling = new SignalingServer({
    tokens: new StaticTokens({ clients: [{ token: TOKEN }], devices: [{ token: 'device-token' }] }),
  });
  server = new HttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    view,
    log: silentLogger,
    access: new Access({ viewerTokens: [{ token: TOKEN }], log: silentLogger }),
    signalingUpgrade: (request, socket, head) => signaling.handleUpgrade(request, socket, head),
  });
  ({ url } = await server.start());
  camera = await startBrowserCamera(await browser.context.newPage(), {
    server: `${url.replace('http', 'ws')}/signaling`,
    token: 'device-token',
    name: 'Front door',
  });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await signaling?.close();
  await server?.close();
});

afterEach(() => page.close());

function adaptation(rung: number, last: AdaptationStats['last'] = null): AdaptationStats {
  const rungs: AdaptationStats['rungs'] = [
    { profile: 'sub', thinning: 'pictures', kbps: 83 },
    { profile: 'sub', thinning: 'none', kbps: 446 },
    { profile: 'main', thinning: 'none', kbps: 2380 },
  ];
  return { rung, rungs, last, switches: last === null ? 0 : 1, probes: 0 };
}

/** Opens the page and plays; returns the SSRC by which the gateway would know the session. */
async function play(): Promise<number> {
  const video = { codec: 'H264', width: 640, height: 360, framesPerSecond: 15, bitrateKbps: 300 };
  const stream = { state: 'idle', reason: null } as const;
  const sub = {
    token: 'sub',
    name: 'Sub stream',
    video,
    audio: null,
    metadata: false,
    talk: false,
    stream,
    conversions: [],
    warnings: [],
  };
  view.cameraList = [cameraInfo({ peer: camera.peer, profiles: [{ ...sub, token: 'main', name: 'Main stream' }, sub] })];
  view.sessionList = [];
  page = await browser.context.newPage();
  asked = 0;
  page.on('request', (request) => {
    if (new URL(request.url()).pathname === '/api/sessions') asked += 1;
  });
  await page.goto(`${url}/?token=${TOKEN}`);
  await page.click(part('play'));
  await vi.waitFor(async () => expect(await page.textContent(part('status'))).toBe('Live'), WAIT);
  const offer = await page.evaluate(() => {
    const connection = window.viewer.sessions['front-door']?.peerConnection as unknown as RTCPeerConnection | null;
    return connection?.remoteDescription?.sdp ?? '';
  });
  return Number(/m=video[^]*?a=ssrc:(\d+)/.exec(offer)?.[1]);
}

const shown = (): Promise<string | null> => page.textContent(part('adaptation-shown'));

it('the panel says what is shown, how the network is, what was decided and why: of its own session, and asks nothing while it is closed', async () => {
  const videoSsrc = await play();
  const decided = { atMs: Date.now(), from: 2, to: 1, reason: 'congested' as const, text: 'The network carries less.' };
  view.sessionList = [
    sessionInfo({ id: 'other', videoSsrc: 1, adaptation: adaptation(2), estimatedKbps: 9000 }),
    sessionInfo({
      videoSsrc,
      adaptation: adaptation(1, decided),
      estimatedKbps: 800,
      sentKbps: 431,
      fractionLost: 0.02,
      roundTripMs: 45,
    }),
  ];
  // One that is open from the first moment on would show it within a second.
  const before = await page.evaluate(() => window.viewer.sessions['front-door']?.statistics?.framesDecoded ?? 0);
  await vi.waitFor(
    async () =>
      expect(await page.evaluate(() => window.viewer.sessions['front-door']?.statistics?.framesDecoded ?? 0)).toBeGreaterThan(
        before + 40,
      ),
    WAIT,
  );
  expect(asked).toBe(0);
  await page.click(part('statistics'));
  await vi.waitFor(async () => expect(await shown()).toBe('Sub stream'), WAIT);
  const texts = await Promise.all(
    ['estimate', 'sent', 'rung', 'loss', 'round-trip'].map((name) => page.textContent(part(`adaptation-${name}`))),
  );
  expect(texts).toEqual(['800 kbit/s', '431 kbit/s', '446 kbit/s', '2.0 %', '45 ms']);
  expect(await page.textContent(`${part('adaptation')} ol`)).toContain('The network carries less.');

  view.sessionList = [
    sessionInfo({ videoSsrc, adaptation: adaptation(2, { ...decided, atMs: decided.atMs + 1, text: 'There is room.' }) }),
  ];
  await vi.waitFor(async () => expect(await shown()).toBe('Main stream'), WAIT);
  await vi.waitFor(async () => expect(await page.locator(`${part('adaptation')} li`).allTextContents()).toHaveLength(2), WAIT);
  expect(await page.getAttribute(`${part('adaptation')} path.changes`, 'd')).toMatch(/^M[\d.]+ 0V48$/);
  expect(await page.getAttribute(`${part('adaptation')} path.sent`, 'd')).toMatch(/^M.*L/);
});

it('the card says so where only sound is sent, with the panel closed', async () => {
  const videoSsrc = await play();
  view.sessionList = [sessionInfo({ videoSsrc, adaptation: adaptation(0), audioCodec: 'PCMU' })];
  await camera.setDrawing(false);
  await vi.waitFor(async () => expect(await page.textContent(part('status'))).toBe('Sound only'), WAIT);
  expect(await page.textContent(part('notice-title'))).toBe('Only sound is sent');
  await camera.setDrawing(true);
  view.sessionList = [sessionInfo({ videoSsrc, adaptation: adaptation(2) })];
  await vi.waitFor(async () => expect(await page.textContent(part('status'))).toBe('Live'), WAIT);
  expect(await page.isVisible(part('notice'))).toBe(false);
});
