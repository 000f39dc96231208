import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Access } from '../../src/access/access.ts';
import { silentLogger } from '../../src/base/log.ts';
import { HttpServer } from '../../src/http/server.ts';
import { type Browser, launchChromium } from '../support/chromium.ts';
import { cameraInfo, StubView } from '../unit/http/stub-view.ts';

/* What discovery found, on the page in a real browser; the gateway behind it is a stub. */

const WAIT = { timeout: 15_000, interval: 50 };
const view = new StubView();
let browser: Browser;
let server: HttpServer;
let url: string;

beforeAll(async () => {
  browser = await launchChromium({ viewport: { width: 1280, height: 900 } });
  const access = new Access({ viewerTokens: [], log: silentLogger });
  server = new HttpServer({ listen: { host: '127.0.0.1', port: 0 }, view, log: silentLogger, access });
  ({ url } = await server.start());
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

async function openPage(): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(url);
  return page;
}

describe('what discovery found', () => {
  const gate = {
    endpointReference: 'urn:uuid:1',
    address: '192.0.2.30',
    name: 'Gate <b>',
    hardware: 'Dome 2',
    location: null,
    since: '2026-11-21T10:00:00.000Z',
    yaml: '  - id: gate\n    onvif: 192.0.2.30\n',
  };

  it('is listed with lines to copy, and an open row stays open while others come and go', async () => {
    view.cameraList = [cameraInfo()];
    view.foundDevices = [gate];
    const page = await openPage();
    const row = page.getByTestId('found-device');
    await vi.waitFor(async () => expect(await row.locator('h3').allTextContents()).toEqual(['Gate <b>']), WAIT);
    expect(await row.locator('.about').textContent()).toBe('192.0.2.30 · Dome 2');
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await row.getByTestId('copy').click();
    await vi.waitFor(async () => expect(await row.getByTestId('copy').textContent()).toBe('Copied'), WAIT);
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(gate.yaml);

    await row.locator('summary').click();
    view.foundDevices = [{ ...gate, endpointReference: 'urn:uuid:2', name: 'Other' }, gate];
    await vi.waitFor(async () => expect(await row.count()).toBe(2), WAIT);
    expect(await row.locator('details').evaluateAll((all) => all.map((details) => (details as HTMLDetailsElement).open))).toEqual(
      [false, true],
    );
    view.foundDevices = undefined;
    await vi.waitFor(async () => expect(await page.getByTestId('found').isHidden()).toBe(true), WAIT);
  });

  it('may be awaited: with no camera yet the page says that it searches', async () => {
    view.cameraList = [];
    view.foundDevices = [];
    const page = await openPage();
    await vi.waitFor(async () => expect(await page.textContent('.message h2')).toBe('No camera yet'), WAIT);
  });
});
