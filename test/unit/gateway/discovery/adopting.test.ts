import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Camera } from '../../../../src/camera/camera.ts';
import type { DiscoveryConfig } from '../../../../src/config/gateway-config.ts';
import { Adopting } from '../../../../src/gateway/discovery/adopting.ts';
import { cameraAt, FakeNetwork, PASSWORD } from './fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const credentials = { username: 'viewer', password: PASSWORD };
const after = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

function setUp(settings: Pick<DiscoveryConfig, 'adopt' | 'credentials'> = { adopt: 'all', credentials }) {
  const network = new FakeNetwork();
  const cameras: Camera[] = [];
  const lines: string[] = [];
  const adopting = new Adopting({
    settings,
    clock: { now: () => Date.now() },
    logger: pino({}, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) }),
    add: (options) => void cameras.push(cameraAt(network, '', options)),
    remove: (id) => {
      const index = cameras.findIndex((camera) => camera.id === id);
      for (const camera of cameras.splice(index, 1)) camera.close();
    },
  });
  const adoptAll = (ids = new Set<string>()): void => {
    for (const device of network.view().devices) if (adopting.wants(device)) adopting.adopt(device, ids);
  };
  return { network, cameras, lines, adopting, adoptAll };
}

describe('a device that is adopted', () => {
  it('is a camera with an id from what it calls itself, at the address where it answers, with the credentials of discovery', async () => {
    const { network, cameras, lines, adoptAll } = setUp();
    network.plugIn('10.0.0.2', 'urn:uuid:1', 'ACME-0042');
    network.search();
    adoptAll();
    await after(10);
    expect(cameras.map(({ id, name, address, status }) => [id, name, address, status.state])).toEqual([
      [expect.stringMatching(/^cam-[0-9a-f]{8}$/), 'Yard', '10.0.0.2', 'online'],
    ]);
    expect(lines[0]).toBe(`camera ${cameras[0]?.id}: adopted Yard at 10.0.0.2`);
  });

  it('has a longer id where the config has a camera of the usual one', () => {
    const { network, cameras, adoptAll } = setUp();
    network.plugIn('10.0.0.2', 'urn:uuid:1', 'ACME-0042');
    network.search();
    adoptAll();
    const id = cameras[0]?.id ?? '';
    const again = setUp();
    again.network.plugIn('10.0.0.2', 'urn:uuid:1', 'ACME-0042');
    again.network.search();
    again.adoptAll(new Set([id]));
    expect(again.cameras[0]?.id).toMatch(new RegExp(`^${id}[0-9a-f]{24}$`));
  });

  it('fits the filters, and answers now', () => {
    const { network, adopting } = setUp({ adopt: [{ address: '10.0.0.0/24' }] });
    network.plugIn('10.0.0.2', 'urn:uuid:1', '');
    network.plugIn('10.0.1.2', 'urn:uuid:2', '');
    const wanted = (): string[] =>
      network
        .view()
        .devices.filter((device) => adopting.wants(device))
        .map((device) => device.endpointReference);
    network.search();
    expect(wanted()).toEqual(['urn:uuid:1']);
    network.pull('10.0.0.2');
    network.search();
    expect(wanted()).toEqual([]);
  });

  it('is one of 256 at most, with one word about the others', () => {
    const { network, cameras, lines, adoptAll } = setUp({ adopt: 'all' });
    for (let index = 0; index < 300; index += 1) network.plugIn(`10.0.${index >> 8}.${index & 255}`, `urn:${index}`, '');
    network.search();
    adoptAll();
    expect(cameras).toHaveLength(256);
    expect(lines.filter((line) => line.includes('256 cameras are adopted'))).toHaveLength(1);
  });
});

describe('an adopted camera', () => {
  it('stays while it is away, if it was ever online; one that never was is forgotten after ten minutes', async () => {
    const { network, cameras, adopting, adoptAll } = setUp();
    network.plugIn('10.0.0.2', 'urn:uuid:1', 'ACME-0042');
    network.plugIn('10.0.0.3', 'urn:uuid:2', 'ACME-0043', { password: 'another' });
    network.search();
    adoptAll();
    await after(10);
    expect(cameras.map(({ status }) => status.state)).toEqual(['online', 'failed']);
    network.pull('10.0.0.2');
    network.pull('10.0.0.3');
    for (let minute = 0; minute < 9; minute += 1) {
      await after(60_000);
      adopting.release(cameras, network.search(), new Set());
    }
    expect(cameras).toHaveLength(2);
    for (let minute = 0; minute < 9; minute += 1) {
      await after(60_000);
      adopting.release(cameras, network.search(), new Set());
    }
    expect(cameras.map(({ address }) => address)).toEqual(['10.0.0.2']);
  });

  it('is forgotten when it has been away for a week, and adopted anew when it comes back', async () => {
    const { network, cameras, lines, adopting, adoptAll } = setUp();
    network.plugIn('10.0.0.2', 'urn:uuid:1', 'ACME-0042');
    network.search();
    adoptAll();
    await after(10);
    const hours = (count: number): void => {
      for (let hour = 0; hour < count; hour += 1) {
        vi.setSystemTime(Date.now() + 3_600_000);
        adopting.release(cameras, network.search(), new Set());
      }
    };
    hours(200);
    expect(cameras).toHaveLength(1);
    network.pull('10.0.0.2');
    cameras[0]?.refresh();
    await after(6000);
    hours(168);
    expect(cameras.map(({ status }) => status.state)).toEqual(['failed']);
    // Discovery lists it for three searches yet, here three hours.
    hours(5);
    expect(cameras).toEqual([]);
    expect(lines.at(-1)).toMatch(/no longer adopted: it has been away for a week$/);
    network.plugIn('10.0.0.2', 'urn:uuid:1', 'ACME-0042');
    network.search();
    adoptAll();
    expect(cameras).toHaveLength(1);
  });

  it('is let go where it turns out to be a camera of the config', async () => {
    const { network, cameras, lines, adopting, adoptAll } = setUp();
    network.plugIn('10.0.0.2', 'urn:uuid:1', 'ACME-0042');
    const view = network.search();
    adoptAll();
    await after(10);
    adopting.release(cameras, view, new Set());
    expect(cameras).toHaveLength(1);
    adopting.release(cameras, view, new Set(view.devices));
    expect(cameras).toEqual([]);
    expect(lines.at(-1)).toMatch(/no longer adopted: it is a camera of the config$/);
  });

  it('that calls itself something else since it started anew is the one that was there before', async () => {
    const { network, cameras, adopting, adoptAll } = setUp();
    network.plugIn('10.0.0.2', 'urn:uuid:1', 'ACME-0042');
    adopting.release(cameras, network.search(), new Set());
    adoptAll();
    await after(10);
    const [first] = cameras;
    first?.learn('urn:uuid:1');
    network.pull('10.0.0.2');
    network.plugIn('10.0.0.3', 'urn:uuid:2', 'ACME-0042');
    network.search();
    adoptAll();
    await after(6000);
    first?.refresh();
    await after(6000);
    expect(cameras.map(({ status }) => status.state)).toEqual(['failed', 'online']);
    adopting.release(cameras, network.search(), new Set());
    await after(10);
    expect(cameras).toEqual([first]);
    expect([first?.address, first?.status.state]).toEqual(['10.0.0.3', 'online']);
  });
});
