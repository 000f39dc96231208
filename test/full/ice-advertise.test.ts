import { afterEach, describe, expect, it } from 'vitest';
import { SITE_OUTSIDE } from '../support/ice-network.ts';
import { IceSite } from '../support/ice-site.ts';
import { IceViewer } from '../support/ice-viewer.ts';

/* A gateway behind a NAT that forwards its ports, and no STUN server to ask how it looks from outside. */

const INSIDE = 50_000;
const PORTS = 20;

let site: IceSite | undefined;

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') site?.tellLog();
  await site?.close();
});

describe('the address that a forwarding NAT has outside', () => {
  it.for([
    ['the same ports', INSIDE, SITE_OUTSIDE],
    ['other ports', 60_000, `${SITE_OUTSIDE}:60000`],
  ] as const)('is told to viewers and leads them in, by %s', async ([, outside, advertise]) => {
    site = new IceSite();
    await site.start({ webrtc: `{udp_ports: ${INSIDE}-${INSIDE + PORTS - 1}, advertise: ["${advertise}"]}` });
    site.network.forwardPorts(outside, INSIDE, PORTS);
    site.network.block('UDP that the gateway begins');
    const viewer = await IceViewer.open(await site.openChromium('remote'), site, 'none');
    await viewer.watch();
    const { remote } = await viewer.pair();
    expect(remote).toMatchObject({ type: 'host', protocol: 'udp', address: SITE_OUTSIDE });
    expect(remote.port).toBeGreaterThanOrEqual(outside);
    expect(remote.port).toBeLessThan(outside + PORTS);
  });
});
