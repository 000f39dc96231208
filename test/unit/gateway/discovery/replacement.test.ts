import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NetworkView } from '../../../../src/gateway/discovery/network-view.ts';
import { cameraAt, FakeNetwork } from './fixture.ts';
import { after, known, setUp } from './following-fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('a camera does not take the name of a device that has its address since a moment', async () => {
  const { network, camera, look } = await known();
  network.plugIn('10.0.0.1', 'urn:uuid:new', 'ACME-0077');
  for (let search = 0; search < 3; search += 1) await look(network.search());
  expect(camera.identity?.endpointReference).toBe('urn:uuid:own');
  expect(camera.status.reason?.code).toBe('camera.other_device');
});

describe('another device at the address of a camera', () => {
  const minutes = async (count: number, network: FakeNetwork, look: (view: NetworkView) => Promise<void>): Promise<void> => {
    for (let minute = 0; minute < count; minute += 1) {
      await look(network.search());
      await after(60_000);
    }
  };

  it('is its replacement once the camera was not heard for ten minutes, with one word about it', async () => {
    const { network, camera, look, lines } = await known();
    network.plugIn('10.0.0.1', 'urn:uuid:new', 'ACME-0077');
    camera.refresh();
    await minutes(12, network, look);
    expect(camera.status.reason?.code).toBe('camera.other_device');
    await minutes(5, network, look);
    expect(camera.status.state).toBe('online');
    expect(camera.identity).toMatchObject({ endpointReference: 'urn:uuid:new', serial: 'ACME-0077' });
    const said = lines.filter((line) => line.includes('replacement'));
    expect(said).toEqual([
      expect.stringMatching(
        /^camera yard: another device is at its address since 2\S+: taken as its replacement \(was Acme X100, serial number ACME-0042; is Acme X100, serial number ACME-0077\)$/,
      ),
    ]);
    // The former one may come back elsewhere: it is not this camera any more.
    network.plugIn('10.0.0.2', 'urn:uuid:own', 'ACME-0042');
    await minutes(3, network, look);
    expect([camera.address, camera.status.state]).toEqual(['10.0.0.1', 'online']);
  });

  it('is not while the camera itself is heard, though it refuses us', async () => {
    const { network, camera, look } = await known();
    network.plugIn('10.0.0.1', 'urn:uuid:new', 'ACME-0077');
    network.plugIn('10.0.0.2', 'urn:uuid:own', 'ACME-0042', { password: 'another' });
    camera.refresh();
    await minutes(20, network, look);
    expect([camera.status.state, camera.identity?.serial]).toEqual(['failed', 'ACME-0042']);
  });

  it('is not where it is another camera of the gateway', async () => {
    const { network, camera, look, followed } = await known();
    network.plugIn('10.0.0.5', 'urn:uuid:yard', 'ACME-0077');
    const other = cameraAt(network, '10.0.0.5', { id: 'other' });
    followed.push(other);
    await after(10);
    await look(network.search());
    network.pull('10.0.0.5');
    // It calls itself something else since, so that only its serial number tells.
    network.plugIn('10.0.0.1', 'urn:uuid:yard2', 'ACME-0077');
    camera.refresh();
    await minutes(20, network, look);
    expect([camera.status.state, camera.identity?.serial]).toEqual(['failed', 'ACME-0042']);
  });

  it('is not where the config says which device the camera is, and the advice names that line', async () => {
    const network = new FakeNetwork();
    network.plugIn('10.0.0.1', 'urn:uuid:own', 'ACME-0042');
    const identity = { endpointReference: 'urn:uuid:own', manufacturer: '', model: '', serial: '' };
    const camera = cameraAt(network, '10.0.0.1', { identity, endpointReference: 'urn:uuid:own' });
    const { look } = setUp(network, () => [camera]);
    await after(10);
    await look(network.search());
    network.plugIn('10.0.0.1', 'urn:uuid:new', 'ACME-0077');
    await after(6000);
    camera.refresh();
    await minutes(20, network, look);
    expect(camera.status.reason).toMatchObject({
      code: 'camera.other_device',
      advice: expect.stringContaining('endpoint: of the new one') as string,
    });
  });
});
