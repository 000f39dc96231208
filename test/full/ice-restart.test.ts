import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Browser } from '../support/chromium.ts';
import { IceSite } from '../support/ice-site.ts';
import { IceViewer } from '../support/ice-viewer.ts';

/* A path that ends while the session goes on. */

let site: IceSite;
let browser: Browser | undefined;

beforeAll(async () => {
  site = new IceSite();
  await site.start();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') site.tellLog();
  site.network.unblock();
  await browser?.close();
  browser = undefined;
});

afterAll(() => site?.close());

describe('a session whose path ends', () => {
  it('finds another one by an ICE restart, and the picture returns', async () => {
    browser = await site.openChromium('remote');
    const viewer = await IceViewer.open(browser, site, 'stun');
    await viewer.watch();
    const { local } = await viewer.pair();
    expect(viewer.offers).toBe(1);
    site.network.blockPort(local.port);
    await vi.waitFor(() => expect(viewer.offers).toBe(2), { timeout: 30_000 });
    await viewer.goesOn();
    expect((await viewer.pair()).local.port).not.toBe(local.port);
  });

  it('goes on when the viewer is at another address', async () => {
    const viewer = await neighbourWatching();
    site.network.moveNeighbour('192.168.10.33');
    await viewer.goesOn();
    site.network.forgetDestinations();
    await viewer.goesOn();
    expect(site.network.destinations()).toContain('192.168.10.33');
    expect(site.network.destinations()).not.toContain('192.168.10.30');
  });

  it('goes on when the viewer is back at another address, and was invited to an ICE restart while it was away', async () => {
    const viewer = await neighbourWatching();
    site.network.plug('out');
    // The gateway invites it after 5 to 7 s. It never hears of that: its connection to the signaling server goes with its address.
    await delay(9000);
    site.network.moveNeighbour('192.168.10.33');
    site.network.plug('in');
    await viewer.goesOn();
    expect(viewer.offers).toBe(1);
  });
});

/** One in the gateway's network, without IPv6, whose connections all go with its address. */
async function neighbourWatching(): Promise<IceViewer> {
  site.network.moveNeighbour('192.168.10.30');
  browser = await site.openChromium('neighbour');
  const viewer = await IceViewer.open(browser, site, 'none');
  await viewer.watch();
  return viewer;
}
