import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Browser } from '../support/chromium.ts';
import { GATEWAY_IPV6, INTERNET, NEIGHBOUR, NEIGHBOUR_IPV6 } from '../support/ice-network.ts';
import { IceSite } from '../support/ice-site.ts';
import { IceViewer } from '../support/ice-viewer.ts';
import { hasIPv6 } from '../support/network-namespace.ts';
import { part } from '../support/viewer-page.ts';

/* A viewer on the same cable as the gateway, how it finds a way there, and how it goes. */

const MDNS = ['224.0.0.251', 'ff02::fb'];
/** Chromium then tells its addresses, which it else does only to pages that may use the microphone. */
const SHOW_ADDRESSES = ['--disable-features=WebRtcHideLocalIpsWithMdns'];

let site: IceSite;
let browser: Browser | undefined;

beforeAll(async () => {
  site = new IceSite();
  await site.start();
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') site.tellLog();
  site.network.unblock();
  site.network.plug('in');
  await browser?.close();
  browser = undefined;
});

afterAll(() => site?.close());

async function open(flags: readonly string[] = []): Promise<IceViewer> {
  browser = await site.openChromium('neighbour', flags);
  site.network.forgetDestinations();
  return await IceViewer.open(browser, site, 'none');
}

describe('Chromium on the cable of the gateway', () => {
  it('plays from address to address, and the gateway sends nothing to anybody else', async () => {
    const viewer = await open(SHOW_ADDRESSES);
    await viewer.watch();
    expect(await viewer.pair()).toMatchObject({
      local: { type: 'host', protocol: 'udp' },
      remote: { type: 'host', protocol: 'udp' },
    });
    expect([INTERNET, NEIGHBOUR, NEIGHBOUR_IPV6]).toEqual(expect.arrayContaining(site.network.destinations()));
  });

  it('plays where it tells only names of multicast DNS, to a gateway whose firewall waits for it to look them up', async () => {
    site.network.block('UDP that the gateway did not ask for');
    const viewer = await open();
    await viewer.watch();
    expect(viewer.candidatesSent.length).toBeGreaterThan(0);
    for (const candidate of viewer.candidatesSent) expect(candidate).toMatch(/ [-\da-f]+\.local \d+ typ host/);
    expect(await viewer.pair()).toMatchObject({ local: { type: 'host' }, remote: { type: 'host' } });
    expect([INTERNET, NEIGHBOUR, NEIGHBOUR_IPV6, ...MDNS]).toEqual(expect.arrayContaining(site.network.destinations()));
  });

  it('plays by IPv6 where IPv4 carries no UDP', async () => {
    if (!hasIPv6()) throw new Error('This machine has no IPv6, which this test needs.');
    site.network.block('IPv4 UDP of the neighbour');
    const viewer = await open(SHOW_ADDRESSES);
    await viewer.watch();
    expect(await viewer.pair()).toMatchObject({
      local: { type: 'host', protocol: 'udp', address: NEIGHBOUR_IPV6 },
      remote: { type: 'host', protocol: 'udp', address: GATEWAY_IPV6 },
    });
  });
});

describe('a viewer that is gone', () => {
  /** Plays, until nobody answers for it; then says how many milliseconds it took until its session was over. */
  async function endedAfter(vanish: (viewer: IceViewer) => unknown, timeout: number): Promise<number> {
    const before = site.sessions('none');
    const viewer = await open();
    await viewer.watch();
    const own = await vi.waitUntil(
      () => {
        const opened = site.sessions('none').filter((id) => !before.includes(id));
        return opened.length > 0 && opened;
      },
      { timeout: 5000, interval: 20 },
    );
    expect(own).toHaveLength(1);
    await vanish(viewer);
    const since = performance.now();
    await vi.waitFor(() => expect(site.sessions('none')).not.toContain(own[0]), { timeout, interval: 20 });
    return performance.now() - since;
  }

  it('ends its session within 2 s when its tab is closed', async () => {
    expect(await endedAfter((viewer) => viewer.page.close(), 10_000)).toBeLessThan(2000);
  });

  it('ends its session within 2 s when it is stopped while the signaling server is out of reach', async () => {
    const stop = async (viewer: IceViewer): Promise<void> => {
      site.network.block('TCP of the neighbour');
      await viewer.page.click(part('none', 'stop'));
    };
    expect(await endedAfter(stop, 10_000)).toBeLessThan(2000);
  });

  it('ends its session within 30 s when its browser is killed', async () => {
    expect(await endedAfter(() => site.network.killAll('neighbour'), 40_000)).toBeLessThan(30_000);
  });

  it('ends its session within 30 s when its cable is pulled out', async () => {
    expect(await endedAfter(() => site.network.plug('out'), 40_000)).toBeLessThan(30_000);
  });
});
