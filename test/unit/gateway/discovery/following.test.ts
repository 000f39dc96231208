import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CameraPlace } from '../../../../src/camera/whereabouts.ts';
import { CameraLocations } from '../../../../src/gateway/discovery/camera-locations.ts';
import { Following } from '../../../../src/gateway/discovery/following.ts';
import { cameraAt, FakeNetwork } from './fixture.ts';
import { after, known, setUp } from './following-fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a camera that is where it should be', () => {
  it('is left alone, also where somebody else says to be it', async () => {
    const { network, camera, look } = await known();
    network.hello('urn:uuid:own', '10.0.0.66');
    for (let search = 0; search < 5; search += 1) {
      await look(network.search(), 'urn:uuid:own');
      await after(6000);
    }
    expect(camera.address).toBe('10.0.0.1');
    expect(network.logins).not.toContain('10.0.0.66');
  });

  it('is looked at once where it misses a search, and not again and again', async () => {
    const { network, camera, look } = await known();
    network.plugIn('10.0.0.1', null, 'ACME-0042');
    for (let search = 0; search < 6; search += 1) {
      await look(network.search());
      await after(6000);
    }
    expect(network.logins).toEqual(['10.0.0.1']);
    expect(camera.status.state).toBe('online');
  });

  it('is not known by the device of another camera behind the same address', async () => {
    const network = new FakeNetwork();
    network.plugIn('10.0.0.1', 'urn:uuid:own', 'ACME-0042');
    const camera = cameraAt(network, '10.0.0.1', { onvif: { host: '10.0.0.1', port: 8081 } });
    const { look } = setUp(network, () => [camera]);
    await after(10);
    await look(network.search());
    expect(camera.identity).toBeNull();
  });
});

it('a camera whose firmware writes its model differently is known by that from then on', async () => {
  const { network, camera, look } = await known();
  network.plugIn('10.0.0.1', 'urn:uuid:own', 'ACME-0042', { model: 'X100 Series' });
  camera.refresh();
  await after(10);
  await look(network.search());
  expect(camera.identity).toMatchObject({ model: 'X100 Series', serial: 'ACME-0042' });
});

describe('a camera that is elsewhere', () => {
  it('is looked for at once where it says Hello from another address', async () => {
    const { network, camera, look } = await known();
    network.pull('10.0.0.1');
    network.plugIn('10.0.0.2', 'urn:uuid:own', 'ACME-0042');
    await look(network.hello('urn:uuid:own', '10.0.0.2'), 'urn:uuid:own');
    expect(camera.status.reason?.code).toBe('camera.unreachable');
    await look();
    expect(camera.status.state).toBe('online');
    expect([camera.address, camera.configuredAddress]).toEqual(['10.0.0.2', '10.0.0.1']);
    expect(network.logins).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('is not that device where its serial number is another, and that one is asked less and less often', async () => {
    const { network, camera, look } = await known();
    network.pull('10.0.0.1');
    network.plugIn('10.0.0.2', 'urn:uuid:own', 'LIAR-0001');
    await look(network.search());
    await after(6000);
    for (let second = 0; second < 600; second += 1) {
      await look();
      await after(990);
    }
    expect(camera.address).toBe('10.0.0.1');
    expect(camera.status.state).toBe('failed');
    const asked = network.logins.filter((host) => host === '10.0.0.2').length;
    expect(asked).toBeGreaterThan(3);
    expect(asked).toBeLessThan(20);
  });

  it('is found again where a device that is not it has its address, and moves back when that is its own again', async () => {
    const { network, camera, look } = await known();
    network.plugIn('10.0.0.1', 'urn:stranger', 'ACME-0099');
    network.plugIn('10.0.0.2', 'urn:uuid:own', 'ACME-0042');
    await look(network.search(), 'urn:uuid:own', 'urn:stranger');
    await look(network.search());
    expect([camera.status.state, camera.address]).toEqual(['online', '10.0.0.2']);
    network.pull('10.0.0.2');
    network.plugIn('10.0.0.1', 'urn:uuid:own', 'ACME-0042');
    await after(6000);
    await look(network.search(), 'urn:uuid:own');
    await after(60_000);
    expect([camera.status.state, camera.address, camera.configuredAddress]).toEqual(['online', '10.0.0.1', null]);
  });

  it('is found again by its serial number alone, and learns its new name', async () => {
    const { network, camera, following, look } = await known();
    network.pull('10.0.0.1');
    network.plugIn('10.0.0.2', 'urn:other', 'ACME-0043');
    network.plugIn('10.0.0.3', 'urn:uuid:new', 'ACME-0042');
    network.plugIn('10.0.0.4', 'urn:locked', 'ACME-0044', { password: 'another' });
    await look(network.search());
    expect(camera.status.state).toBe('failed');
    for (let second = 0; second < 8; second += 1) {
      await look();
      await after(1000);
    }
    expect([camera.status.state, camera.address]).toEqual(['online', '10.0.0.3']);
    await look(network.search());
    await after(31_000);
    await look(network.search());
    expect(camera.identity?.endpointReference).toBe('urn:uuid:new');
    expect(network.view().devices.some((device) => following.isExpected(camera, device))).toBe(false);
  });

  it('has each stranger asked once only, and those of other cameras not at all', async () => {
    const { network, camera } = await known();
    network.plugIn('10.0.0.5', 'urn:yard', 'ACME-0050');
    const other = cameraAt(network, '10.0.0.5', { id: 'other' });
    const { look } = setUp(network, () => [camera, other]);
    network.pull('10.0.0.1');
    network.plugIn('10.0.0.4', 'urn:locked', 'ACME-0044', { password: 'another' });
    await after(10);
    await look(network.search());
    await after(6000);
    network.logins.length = 0;
    camera.refresh();
    for (let second = 0; second < 300; second += 1) {
      await look(second % 10 === 0 ? network.search() : network.view());
      await after(1000);
    }
    expect(network.logins.filter((host) => host === '10.0.0.4')).toHaveLength(1);
    expect(network.logins.filter((host) => host === '10.0.0.5')).toHaveLength(0);
  });

  it('is found again with all inputs of its encoder, each of which is a camera', async () => {
    const { network, camera } = await known();
    const second = cameraAt(network, '10.0.0.1', { id: 'second' });
    const followed = [camera, second];
    const { look } = setUp(network, () => followed);
    await after(6000);
    await look(network.search());
    network.pull('10.0.0.1');
    network.plugIn('10.0.0.3', 'urn:uuid:new', 'ACME-0042');
    const lookOn = async (): Promise<void> => {
      for (let round = 0; round < 8; round += 1) {
        await look(network.search());
        await after(1000);
      }
    };
    // The second one is found to be away when the first is back already.
    followed.pop();
    await lookOn();
    followed.push(second);
    await lookOn();
    expect([camera, second].map(({ status, address }) => [status.state, address])).toEqual([
      ['online', '10.0.0.3'],
      ['online', '10.0.0.3'],
    ]);
  });

  it('is not sent to another camera that calls itself the same, as all of some makers do', async () => {
    const network = new FakeNetwork();
    const cameras = ['10.0.0.1', '10.0.0.2'].map((host) => {
      network.plugIn(host, 'urn:uuid:of-all', '');
      return cameraAt(network, host, { id: host });
    });
    const { look } = setUp(network, () => cameras);
    await after(10);
    await look(network.search());
    expect(cameras.map(({ identity }) => identity?.endpointReference)).toEqual(['urn:uuid:of-all', 'urn:uuid:of-all']);
    network.pull('10.0.0.1');
    cameras[0]?.refresh();
    for (let round = 0; round < 8; round += 1) {
      await look(network.search());
      await after(3000);
    }
    expect(cameras.map(({ status, address }) => [status.state, address])).toEqual([
      ['failed', '10.0.0.1'],
      ['online', '10.0.0.2'],
    ]);
  });

  it('by https is found by its endpoint reference, stays with https, and is not looked for by less', async () => {
    const network = new FakeNetwork();
    network.plugIn('10.0.0.1', 'urn:uuid:own', 'ACME-0042');
    const camera = cameraAt(network, '10.0.0.1', { onvif: { host: '10.0.0.1', port: 443, secure: true } });
    const { look } = setUp(network, () => [camera]);
    await after(10);
    await look(network.search());
    expect(camera.identity).toMatchObject({ endpointReference: 'urn:uuid:own', serial: 'ACME-0042' });
    network.pull('10.0.0.1');
    network.plugIn('10.0.0.3', 'urn:uuid:other', 'ACME-0042');
    await after(6000);
    camera.refresh();
    for (let round = 0; round < 5; round += 1) {
      await look(network.search());
      await after(1000);
    }
    expect(network.logins).not.toContain('10.0.0.3');
    network.plugIn('10.0.0.2', 'urn:uuid:own', 'ACME-0042');
    await look(network.search());
    expect([camera.status.state, camera.place]).toEqual(['online', { host: '10.0.0.2', port: 443, secure: true }]);
  });

  it('that goes by the URL of its service is found by its serial number', async () => {
    const network = new FakeNetwork();
    network.plugIn('10.0.0.1', 'http://10.0.0.1/onvif/device_service', 'ACME-0042');
    const camera = cameraAt(network, '10.0.0.1');
    const { look } = setUp(network, () => [camera]);
    await after(10);
    await look(network.search());
    expect(camera.identity).toMatchObject({ endpointReference: null, serial: 'ACME-0042' });
    // Its address is that of another such device now.
    network.plugIn('10.0.0.1', 'http://10.0.0.1/onvif/device_service', 'ACME-0043');
    network.plugIn('10.0.0.2', 'http://10.0.0.2/onvif/device_service', 'ACME-0042');
    await after(6000);
    camera.refresh();
    for (let round = 0; round < 8; round += 1) {
      await look(network.search());
      await after(1000);
    }
    expect([camera.status.state, camera.address]).toEqual(['online', '10.0.0.2']);
  });

  it('is not looked for by a serial number that many have', async () => {
    const { network, camera, look } = await known('1');
    network.pull('10.0.0.1');
    network.plugIn('10.0.0.3', 'urn:uuid:new', '1');
    await look(network.search());
    for (let second = 0; second < 30; second += 1) {
      await look(network.search());
      await after(1000);
    }
    expect(network.logins).not.toContain('10.0.0.3');
    expect(camera.status.state).toBe('failed');
  });

  it('logs in ever less often at a new address that refuses us, and is not held there: its own is tried, too', async () => {
    const { network, camera, look } = await known();
    network.pull('10.0.0.1');
    network.plugIn('10.0.0.2', 'urn:uuid:own', 'ACME-0042', { password: 'another' });
    await look(network.search(), 'urn:uuid:own');
    await look();
    expect(camera.status.reason?.code).toBe('camera.unauthorized');
    network.logins.length = 0;
    for (let second = 0; second < 300; second += 1) {
      await look(second % 10 === 0 ? network.search() : network.view());
      await after(1000);
    }
    expect(network.logins.filter((host) => host === '10.0.0.2').length).toBeLessThanOrEqual(4);
    expect(network.logins).toContain('10.0.0.1');
    network.plugIn('10.0.0.2', 'urn:uuid:own', 'ACME-0042');
    for (let second = 0; second < 360; second += 1) {
      await look(second % 10 === 0 ? network.search() : network.view());
      await after(1000);
    }
    expect([camera.status.state, camera.address]).toEqual(['online', '10.0.0.2']);
  });
});

it('two cameras that only the config names, whose addresses were exchanged, are each found at the address of the other', async () => {
  const network = new FakeNetwork();
  network.plugIn('10.0.0.1', 'urn:uuid:b', 'ACME-00B0');
  network.plugIn('10.0.0.2', 'urn:uuid:a', 'ACME-00A0');
  const cameras = [
    ['a', '10.0.0.1'],
    ['b', '10.0.0.2'],
  ].map(([id = '', host = '']) =>
    cameraAt(network, host, { id, identity: { endpointReference: `urn:uuid:${id}`, manufacturer: '', model: '', serial: '' } }),
  );
  const { look } = setUp(network, () => cameras);
  await after(10);
  for (let round = 0; round < 4; round += 1) {
    await look(network.search());
    await after(6000);
  }
  expect(cameras.map(({ status, address, identity }) => [status.state, address, identity?.serial])).toEqual([
    ['online', '10.0.0.2', 'ACME-00A0'],
    ['online', '10.0.0.1', 'ACME-00B0'],
  ]);
});

it('hundreds of lost cameras with the same credentials have each stranger looked up once in a look', async () => {
  const network = new FakeNetwork();
  const cameras = Array.from({ length: 20 }, (_, index) => {
    const identity = {
      endpointReference: `urn:uuid:${index}`,
      manufacturer: 'Acme',
      model: 'X100',
      serial: `ACME-${1000 + index}`,
    };
    return cameraAt(network, `10.0.1.${index}`, { id: `${index}`, identity });
  });
  for (let index = 0; index < 20; index += 1) network.plugIn(`10.0.0.${index}`, `urn:stranger:${index}`, `ACME-${2000 + index}`);
  const asked: string[] = [];
  const ask = (place: CameraPlace): null => {
    asked.push(place.host);
    return null;
  };
  await after(10);
  new Following({ locations: new CameraLocations(), logins: { ask } }).look(cameras, network.search(), new Set());
  expect(asked.toSorted()).toEqual(Array.from({ length: 20 }, (_, index) => `10.0.0.${index}`).toSorted());
});

it('a camera that only the config names is found at its address, and not taken for who else lets us in', async () => {
  const network = new FakeNetwork();
  network.plugIn('10.0.0.1', 'urn:stranger', 'ACME-0099');
  const identity = { endpointReference: 'urn:uuid:own', manufacturer: '', model: '', serial: '' };
  const camera = cameraAt(network, '10.0.0.1', { identity });
  const { look } = setUp(network, () => [camera]);
  await after(10);
  await look(network.search());
  // Nobody else is it: that may be a camera which calls itself something else since its last start.
  expect(camera.status.state).toBe('online');
  expect(camera.identity?.serial).toBe('');
  network.plugIn('10.0.0.2', 'urn:uuid:own', 'ACME-0042');
  await look(network.search(), 'urn:uuid:own');
  await look(network.search());
  expect(camera.address).toBe('10.0.0.2');
  await look(network.search());
  expect(camera.identity?.serial).toBe('ACME-0042');
});
