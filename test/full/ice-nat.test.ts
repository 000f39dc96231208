import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from '../support/chromium.ts';
import { HOME_OUTSIDE, INTERNET, SITE_OUTSIDE } from '../support/ice-network.ts';
import { IceSite, type IceCamera } from '../support/ice-site.ts';
import { IceViewer } from '../support/ice-viewer.ts';

/* A viewer in another house than the gateway: two NATs between them, and less than that getting through. */

let site: IceSite;
let browser: Browser;
let viewer: IceViewer | undefined;

beforeAll(async () => {
  site = new IceSite();
  await site.start();
  browser = await site.openChromium('remote');
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') site.tellLog();
  site.network.unblock();
  await viewer?.page.close();
});

afterAll(() => site?.close());

async function play(camera: IceCamera): Promise<ReturnType<IceViewer['pair']>> {
  viewer = await IceViewer.open(browser, site, camera);
  await viewer.watch();
  return await viewer.pair();
}

/** How each side reaches its TURN server when only that is named. */
const TURN = [
  ['UDP', 'turn-udp', 'udp'],
  ['TCP', 'turn-tcp', 'tcp'],
  ['TLS', 'turn-tls', 'tls'],
] as const;
const [, ...TURN_WITHOUT_UDP] = TURN;

describe('Chromium behind two NATs', () => {
  it('plays through holes that both sides punch, and needs no TURN server for it', async () => {
    const { local, remote } = await play('stun');
    expect(local).toMatchObject({ protocol: 'udp', address: HOME_OUTSIDE });
    expect(remote).toMatchObject({ protocol: 'udp', address: SITE_OUTSIDE });
  });

  it('uses the direct path where TURN servers are known', async () => {
    const { local, remote } = await play('all');
    expect([local.type, remote.type]).not.toContain('relay');
    expect(remote.address).toBe(SITE_OUTSIDE);
  });
});

describe('Chromium with all direct paths blocked', () => {
  it.for(TURN)('plays through coturn by %s', async ([, camera, relayProtocol]) => {
    site.network.block('everything but relay to relay');
    const { local, remote } = await play(camera);
    expect(local).toMatchObject({ type: 'relay', relayProtocol, address: INTERNET });
    expect(remote).toMatchObject({ type: 'relay', address: INTERNET });
  });

  it('does not play without a TURN server', async () => {
    site.network.block('everything but relay to relay');
    viewer = await IceViewer.open(browser, site, 'stun');
    await viewer.fails();
    expect(site.network.dropped('internet')).toBeGreaterThan(0);
  });
});

describe('Chromium where its side drops UDP', () => {
  it.for(TURN_WITHOUT_UDP)('plays through TURN over %s', async ([, camera, relayProtocol]) => {
    site.network.block('UDP of the remote viewer');
    const { local } = await play(camera);
    expect(local).toMatchObject({ type: 'relay', relayProtocol, address: INTERNET });
    expect(site.network.dropped('home')).toBeGreaterThan(0);
  });
});

describe("Chromium where the gateway's side drops UDP", () => {
  it.for(TURN_WITHOUT_UDP)("plays through the gateway's own TURN over %s", async ([, camera]) => {
    site.network.block('UDP of the gateway');
    const { remote } = await play(camera);
    expect(remote).toMatchObject({ type: 'relay', address: INTERNET });
    expect(site.network.dropped('site')).toBeGreaterThan(0);
  });

  it('plays with a list of servers of which the first two are of no use', async () => {
    site.network.block('UDP of the gateway');
    const { remote } = await play('all');
    expect(remote).toMatchObject({ type: 'relay', address: INTERNET });
  });
});

describe('view with all direct paths blocked', () => {
  it.for(TURN)('watches through TURN over %s', async ([, camera]) => {
    site.network.block('everything but relay to relay');
    expect(await site.view('remote', camera)).toMatchObject({ connected: true, error: null });
  });
});
