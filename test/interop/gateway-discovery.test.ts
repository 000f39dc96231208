import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DiscoverySettings } from '../../src/gateway/discovery/site-discovery.ts';
import {
  closeSites,
  configured,
  discoveryPort,
  known,
  online,
  only,
  place,
  startGateway,
  UUID,
  WAIT,
} from '../support/discovery-site.ts';
import { CREDENTIALS } from '../support/site.ts';

/* Following and adopting; what takes longer is in test/full. */

afterEach(closeSites);

describe('a configured camera', () => {
  it('whose address changes is found again by its endpoint reference, keeps its id and says so', async () => {
    const port = await discoveryPort();
    const before = await place('127.0.0.2', port, { uuid: UUID });
    const site = await startGateway(port, [configured('127.0.0.2', before.onvifPort)]);
    await known(site);
    expect(site.gateway.found()).toEqual([]);
    await before.close();
    const after = await place('127.0.0.3', port, { uuid: UUID });
    await online(site, `127.0.0.3:${after.onvifPort}`);
    expect(only(site)).toMatchObject({ id: 'yard', configuredAddress: `127.0.0.2:${before.onvifPort}`, adopted: false });
    expect(site.said()).toContain(
      `camera yard: found again at 127.0.0.3:${after.onvifPort} (configured: 127.0.0.2:${before.onvifPort}), by its endpoint reference; change the address in the config`,
    );
  });

  it('of which the config says what it calls itself is found, though a stranger that lets us in has its address', async () => {
    const port = await discoveryPort();
    const stranger = await place('127.0.0.2', port);
    const own = await place('127.0.0.3', port, { uuid: UUID });
    const camera = { ...configured('127.0.0.2', stranger.onvifPort), endpointReference: `urn:uuid:${UUID}` };
    const site = await startGateway(port, [camera]);
    await online(site, `127.0.0.3:${own.onvifPort}`);
    expect(only(site).configuredAddress).toBe(`127.0.0.2:${stranger.onvifPort}`);
  });
});

describe('an adopted camera', () => {
  it('that refuses the credentials says so, and where they stand', async () => {
    const port = await discoveryPort();
    await place('127.0.0.2', port, { password: 'another' });
    const discovery = { adopt: 'all', credentials: CREDENTIALS, interfaces: ['127.0.0.1'], port } satisfies DiscoverySettings;
    const site = await startGateway(port, [], { discovery });
    await vi.waitFor(() => expect(only(site).reason).toMatchObject({ code: 'camera.unauthorized' }), WAIT);
    expect(only(site).reason?.advice).toContain('discovery');
  });
});
