import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Access } from '../../src/access/access.ts';
import { silentLogger } from '../../src/base/log.ts';
import { HttpServer } from '../../src/http/server.ts';
import { SignalingServer } from '../../src/signaling/server/server.ts';
import { StaticTokens } from '../../src/access/static-tokens.ts';
import { type BrowserCamera, startBrowserCamera } from '../support/browser-camera.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { part } from '../support/viewer-page.ts';
import { cameraInfo, StubView } from '../unit/http/stub-view.ts';

/* Which token the viewer page sends to which signaling server, in a real browser: one server is the page's own, the other is elsewhere. */

const GATEWAY_TOKEN = 'gateway-token';
const ELSEWHERE_TOKEN = 'elsewhere-token';
const WAIT = { timeout: 15_000, interval: 50 };
const FORM = '[data-testid="token"]';

interface Server {
  http: HttpServer;
  signaling: SignalingServer;
  url: string;
  address: string;
  /** Tokens that came, oldest first; undefined where a client brought none. */
  seen: (string | undefined)[];
}

let browser: Browser;
let own: Server;
let elsewhere: Server;
let ownCamera: BrowserCamera;
let cameraElsewhere: BrowserCamera;
let page: Page;
const view = new StubView();

async function startServer(token: string): Promise<Server> {
  const tokens = new StaticTokens({ clients: [{ token }], devices: [{ token: 'device-token' }] });
  const seen: (string | undefined)[] = [];
  const verify = (given: string | undefined) => {
    seen.push(given);
    return tokens.verify(given);
  };
  const signaling = new SignalingServer({ tokens: { verify } });
  const http = new HttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    view,
    log: silentLogger,
    access: new Access({ viewerTokens: [{ token }], log: silentLogger }),
    signalingUpgrade: (request, socket, head) => signaling.handleUpgrade(request, socket, head),
  });
  const { url } = await http.start();
  return { http, signaling, url, address: `${url.replace('http', 'ws')}/signaling`, seen };
}

async function startCamera({ address: server }: Server): Promise<BrowserCamera> {
  return startBrowserCamera(await browser.context.newPage(), { server, token: 'device-token', name: 'Yard' });
}

beforeAll(async () => {
  browser = await launchChromium();
  own = await startServer(GATEWAY_TOKEN);
  elsewhere = await startServer(ELSEWHERE_TOKEN);
  ownCamera = await startCamera(own);
  cameraElsewhere = await startCamera(elsewhere);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  for (const server of [own, elsewhere]) {
    await server?.signaling.close();
    await server?.http.close();
  }
});

beforeEach(async () => {
  page = await browser.context.newPage();
});

afterEach(() => page.close());

async function playback(id: string): Promise<string | null> {
  return page.getAttribute(`[data-camera-id="${id}"]`, 'data-state');
}

async function untilPlayback(id: string, state: string): Promise<void> {
  await vi.waitFor(async () => expect(await playback(id)).toBe(state), WAIT);
}

async function typeToken(token: string): Promise<void> {
  await page.fill(FORM, token);
  await page.press(FORM, 'Enter');
}

it('a camera at a server elsewhere is connected to there, and that server gets its own token, never that of the gateway', async () => {
  view.cameraList = [
    cameraInfo({
      id: 'yard',
      peer: cameraElsewhere.peer,
      signaling: { state: 'registered', server: elsewhere.address, reason: null },
    }),
  ];
  elsewhere.seen.length = 0;
  await page.goto(`${own.url}/?token=${GATEWAY_TOKEN}`);
  await page.click(part('yard', 'play'));
  await untilPlayback('yard', 'failed');
  expect(await page.textContent('[data-testid="message"] p')).toContain(elsewhere.address);
  await typeToken(ELSEWHERE_TOKEN);
  await untilPlayback('yard', 'playing');
  expect(await page.isVisible(FORM)).toBe(false);
  expect(elsewhere.seen).toContain(ELSEWHERE_TOKEN);
  expect(elsewhere.seen).not.toContain(GATEWAY_TOKEN);
  // The gateway's own token is still there.
  await page.reload();
  await page.waitForSelector(part('yard', 'play'));
});

it('whoever is logged in at the gateway watches a single peer of it without another token', async () => {
  view.cameraList = [cameraInfo({ id: 'yard', peer: ownCamera.peer })];
  await page.goto(`${own.url}/?token=${GATEWAY_TOKEN}`);
  await page.waitForSelector(part('yard', 'play'));
  await page.goto(`${own.url}/?peer=${ownCamera.peer}`);
  await page.click(part(ownCamera.peer, 'play'));
  await untilPlayback(ownCamera.peer, 'playing');
  expect(await page.isVisible(FORM)).toBe(false);
});

it('whoever is not is asked for the token, which plays the peer', async () => {
  await page.goto(`${own.url}/?peer=${ownCamera.peer}`);
  await page.click(part(ownCamera.peer, 'play'));
  await untilPlayback(ownCamera.peer, 'failed');
  expect(await page.textContent('[data-testid="message"] p')).toContain('http.auth');
  await typeToken(GATEWAY_TOKEN);
  await untilPlayback(ownCamera.peer, 'playing');
  expect(await page.isVisible(FORM)).toBe(false);
});
