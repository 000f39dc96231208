import type { ConsoleMessage, Page } from 'playwright-core';
import { Access } from '../../src/access/access.ts';
import { StaticTokens } from '../../src/access/static-tokens.ts';
import type { CameraInfo, ProfileInfo } from '../../src/base/api.ts';
import { silentLogger } from '../../src/base/log.ts';
import { HttpServer } from '../../src/http/server.ts';
import { SignalingServer } from '../../src/signaling/server/server.ts';
import { cameraInfo, StubView } from '../unit/http/stub-view.ts';
import { type BrowserCamera, startBrowserCamera } from './browser-camera.ts';
import type { Browser } from './chromium.ts';

const DEVICE_TOKEN = 'device-token';

const video = { codec: 'H264', width: 1280, height: 720, framesPerSecond: 25, bitrateKbps: 2000 };

export const MAIN: ProfileInfo = {
  token: 'main',
  name: 'Main',
  video,
  audio: { codec: 'PCMU' },
  metadata: false,
  talk: false,
  stream: { state: 'idle', reason: null },
  conversions: [],
  warnings: [],
};
export const SUB: ProfileInfo = { ...MAIN, token: 'sub', name: 'Sub', video: { ...video, width: 640, height: 360 } };

/** The viewer page on the real HTTP and signaling servers; the gateway behind them is a stub, the camera a browser page. */
export class PageSite {
  readonly view = new StubView();
  readonly token = 'viewer-token';
  readonly #browser: Browser;
  readonly #width: number;
  readonly #signaling: SignalingServer;
  readonly #server: HttpServer;
  readonly #complaints: string[] = [];
  readonly #open: Page[] = [];
  #url = '';
  #camera: BrowserCamera | undefined;
  #cameraPage: Page | undefined;

  /** @param width of the camera's picture */
  constructor(browser: Browser, width = 1280) {
    this.#browser = browser;
    this.#width = width;
    const signaling = new SignalingServer({
      tokens: new StaticTokens({ clients: [{ token: this.token }], devices: [{ token: DEVICE_TOKEN }] }),
    });
    this.#signaling = signaling;
    this.#server = new HttpServer({
      listen: { host: '127.0.0.1', port: 0 },
      view: this.view,
      log: silentLogger,
      access: new Access({ viewerTokens: [{ token: this.token }], log: silentLogger }),
      signalingUpgrade: (request, socket, head) => signaling.handleUpgrade(request, socket, head),
    });
  }

  async start(): Promise<void> {
    ({ url: this.#url } = await this.#server.start());
    this.#cameraPage = await this.#browser.context.newPage();
    this.#camera = await startBrowserCamera(this.#cameraPage, {
      server: this.signaling,
      token: DEVICE_TOKEN,
      name: 'Front door',
      width: this.#width,
    });
  }

  get url(): string {
    return this.#url;
  }

  get signaling(): string {
    return `${this.#url.replace('http', 'ws')}/signaling`;
  }

  get camera(): BrowserCamera {
    if (this.#camera === undefined) throw new Error('not started');
    return this.#camera;
  }

  /** The camera `front-door`, which can be played. */
  frontDoor(): CameraInfo {
    return cameraInfo({ peer: this.camera.peer, profiles: [MAIN, SUB] });
  }

  /** The camera is gone without a word. */
  async loseCamera(): Promise<void> {
    await this.#cameraPage?.close();
  }

  async openPage(path = `/?token=${this.token}`, size?: { width: number; height: number }): Promise<Page> {
    const page = await this.#browser.context.newPage();
    this.#open.push(page);
    page.on('pageerror', (error) => this.#complaints.push(error.message));
    page.on('console', (message: ConsoleMessage) => {
      // A refused token and a gateway that is gone are what some tests are about; the browser logs the failed request.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) this.#complaints.push(message.text());
    });
    if (size !== undefined) await page.setViewportSize(size);
    await page.goto(this.#url + path);
    return page;
  }

  /** Closes the pages that were opened; returns what they complained about: script errors, and everything that the Content-Security-Policy refused. */
  async closePages(): Promise<string[]> {
    for (const page of this.#open.splice(0)) await page.close();
    return this.#complaints.splice(0);
  }

  async close(): Promise<void> {
    await this.closePages();
    await this.loseCamera();
    await this.#signaling.close();
    await this.#server.close();
  }
}
