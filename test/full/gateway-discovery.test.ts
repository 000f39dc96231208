import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import type { CamerasAnswer } from '../../src/base/api.ts';
import { adoptedId } from '../../src/config/adopted-id.ts';
import {
  atEnd,
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

/* What takes longer of following and adopting. */

afterEach(closeSites);

describe('a configured camera', () => {
  it('that also calls itself something else is found again by its serial number, and known by its new name then', async () => {
    const port = await discoveryPort();
    const before = await place('127.0.0.2', port, { serialNumber: 'ACME-0042' });
    const site = await startGateway(port, [configured('127.0.0.2', before.onvifPort)]);
    await known(site);
    await before.close();
    const other = await place('127.0.0.4', port, { serialNumber: 'ACME-0043' });
    const after = await place('127.0.0.3', port, { serialNumber: 'ACME-0042' });
    await online(site, `127.0.0.3:${after.onvifPort}`);
    expect(site.said()).toContain(
      `camera yard: found again at 127.0.0.3:${after.onvifPort} (configured: 127.0.0.2:${before.onvifPort}), by its serial number; change the address in the config`,
    );
    await vi.waitFor(() => expect(site.gateway.found()).toMatchObject([{ address: `127.0.0.4:${other.onvifPort}` }]), WAIT);
  });

  it('is not confused with a stranger that has its address now, also after a restart of the gateway', async () => {
    const stateDirectory = mkdtempSync(join(tmpdir(), 'gateway-state-'));
    atEnd(() => rmSync(stateDirectory, { recursive: true }));
    const port = await discoveryPort();
    const before = await place('127.0.0.2', port, { uuid: UUID });
    const { onvifPort } = before;
    const site = await startGateway(port, [configured('127.0.0.2', onvifPort)], { stateDirectory });
    await known(site);
    await site.close();
    expect(JSON.parse(readFileSync(join(stateDirectory, 'cameras.json'), 'utf8'))).toMatchObject({
      cameras: { yard: { endpointReference: `urn:uuid:${UUID}`, serial: `SIM-${UUID.slice(0, 8)}` } },
    });
    await before.close();
    const stranger = await place('127.0.0.2', port, { onvifPort });
    const again = await startGateway(port, [configured('127.0.0.2', onvifPort)], { stateDirectory });
    await vi.waitFor(() => expect(only(again).reason?.code).toBe('camera.other_device'), WAIT);
    expect(only(again).reason?.message).toContain(stranger.camera.identity.serialNumber);
    const after = await place('127.0.0.3', port, { uuid: UUID });
    await online(again, `127.0.0.3:${after.onvifPort}`);
  });
});

describe('what is found', () => {
  it('is listed with lines for the config, unless it is in it, and gone once it is silent', async () => {
    const port = await discoveryPort();
    const yard = await place('127.0.0.2', port);
    const gate = await place('127.0.0.3', port, { name: 'Gate (Ost)' });
    const site = await startGateway(port, [configured('127.0.0.2', yard.onvifPort)]);
    const { endpointReference } = gate.camera.identity;
    await vi.waitFor(() => expect(site.gateway.found()).toHaveLength(1), WAIT);
    expect(site.gateway.found()).toMatchObject([
      { endpointReference, address: `127.0.0.3:${gate.onvifPort}`, name: 'Gate (Ost)', hardware: 'Street Corner' },
    ]);
    const { found } = (await (await fetch(`${site.url}/api/cameras`)).json()) as CamerasAnswer;
    expect(parse(`cameras:\n${found?.[0]?.yaml}`)).toEqual({
      cameras: [{ id: 'gate-ost', name: 'Gate (Ost)', onvif: `127.0.0.3:${gate.onvifPort}`, endpoint: endpointReference }],
    });
    await gate.close();
    await vi.waitFor(() => expect(site.gateway.found()).toEqual([]), WAIT);
  });

  it('is adopted where the config wants it: with a stable id, followed, and served like any other', async () => {
    const port = await discoveryPort();
    const yard = await place('127.0.0.2', port, { uuid: UUID });
    await place('127.0.0.3', port, { name: 'Gate' });
    const discovery = { adopt: [{ name: 'Ya*' }], credentials: CREDENTIALS, interfaces: ['127.0.0.1'], port };
    const site = await startGateway(port, [], { discovery });
    const id = adoptedId(`urn:uuid:${UUID}`);
    await online(site, `127.0.0.2:${yard.onvifPort}`);
    await vi.waitFor(() => expect(only(site)).toMatchObject({ id, peer: id, name: 'Yard', adopted: true }), WAIT);
    expect(site.gateway.found()).toMatchObject([{ name: 'Gate' }]);

    // It is away: it stays, and is found at another address, also under another name of its own.
    await yard.close();
    await vi.waitFor(() => expect(only(site).state).toBe('failed'), WAIT);
    const moved = await place('127.0.0.4', port, { serialNumber: yard.camera.identity.serialNumber });
    await online(site, `127.0.0.4:${moved.onvifPort}`);
    expect(only(site)).toMatchObject({ id, configuredAddress: null });
  });
});
