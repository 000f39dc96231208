import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { Browser } from '../support/chromium.ts';
import { IceSite } from '../support/ice-site.ts';
import { IceViewer } from '../support/ice-viewer.ts';

/*
 * A real Chromium at home, behind a line whose rate changes, watches a camera with one profile: directly, and by TURN over TCP, where what is too much waits
 * unseen in sockets and nothing is ever lost. How fast and how well is for test/network; here, that it is done at all.
 */

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

it.each([
  ['directly', 'stun', undefined],
  ['by TURN over TCP', 'turn-tcp', 'tcp'],
] as const)(
  'a viewer who is reached %s is sent keyframes alone on a line of 800 kbit/s, and all pictures on one of 6 Mbit/s',
  async (_, camera, relayProtocol) => {
    if (relayProtocol !== undefined) site.network.block('UDP of the remote viewer');
    browser = await site.openChromium('remote');
    const viewer = await IceViewer.open(browser, site, camera);
    await viewer.watch();
    expect((await viewer.pair()).local.relayProtocol).toBe(relayProtocol);
    const isSent = (thinning: string, timeout: number): Promise<void> =>
      vi.waitFor(() => expect(site.thinnings(camera)).toEqual([thinning]), { timeout, interval: 50 });
    await isSent('none', 10_000);
    site.network.limitHome(800);
    await isSent('keyframes', 30_000);
    site.network.limitHome(6000);
    await isSent('none', 60_000);
    await viewer.goesOn();
  },
);
