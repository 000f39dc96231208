import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayError } from '../../../src/base/errors.ts';
import { Camera, type CameraDevice, type CameraOptions } from '../../../src/camera/camera.ts';
import { cameraAt, FakeNetwork } from '../gateway/discovery/fixture.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const after = (milliseconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);
const place = (host: string): { host: string; port: number } => ({ host, port: 80 });

function setUp(options: Partial<CameraOptions> = {}) {
  const network = new FakeNetwork();
  network.plugIn('10.0.0.1', null, 'ACME-0042');
  const lines: string[] = [];
  const logger = pino({}, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  const camera = cameraAt(network, '10.0.0.1', { logger, ...options });
  return { network, camera, said: () => lines.filter((line) => line.includes('found again')) };
}

describe('a camera that is told to be elsewhere', () => {
  it('is pulled there at once, and proves by digest only that it knows the password', async () => {
    const { network, camera, said } = setUp();
    await after(10);
    expect(camera.source().credentials).toEqual({ username: 'viewer', password: 'right' });
    network.plugIn('10.0.0.2', null, 'ACME-0042');
    camera.moved(place('10.0.0.2'), 'endpoint reference');
    await after(10);
    expect([camera.address, camera.configuredAddress]).toEqual(['10.0.0.2', '10.0.0.1']);
    expect(camera.source().credentials).toEqual({ username: 'viewer', password: 'right', digestOnly: true });
    expect(said()).toHaveLength(1);
    camera.refresh();
    await after(10_000);
    expect(said()).toHaveLength(1);
    // As long as streams are tried there.
    network.pull('10.0.0.2');
    network.pull('10.0.0.1');
    camera.refresh();
    await after(10_000);
    expect(camera.address).toBe('10.0.0.1');
    expect(camera.source().credentials?.digestOnly).toBe(true);
    network.plugIn('10.0.0.1', null, 'ACME-0042');
    await after(30_000);
    expect(camera.source().credentials?.digestOnly).toBeUndefined();
  });

  it.each([
    ['nobody is', undefined],
    ['another device is', 'ACME-0043'],
  ])('goes on at its own address where %s there', async (_who, serial) => {
    const { network, camera } = setUp({
      identity: { endpointReference: null, manufacturer: 'Acme', model: 'X100', serial: 'ACME-0042' },
    });
    await after(10);
    if (serial !== undefined) network.plugIn('10.0.0.2', null, serial);
    camera.moved(place('10.0.0.2'), 'endpoint reference');
    await after(10);
    expect([camera.status.state, camera.address]).toEqual(['failed', '10.0.0.1']);
    await after(2000);
    expect([camera.status.state, camera.configuredAddress]).toEqual(['online', null]);
    expect(network.logins).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.1']);
  });

  it.each(['camera.unauthorized', 'camera.fault', 'camera.unavailable', 'camera.no_profiles', 'camera.not_onvif'])(
    'goes on at its own address where whoever is there answers %s',
    async (code) => {
      const tried: string[] = [];
      const network = new FakeNetwork();
      const camera = cameraAt(network, 'home', {
        connect: (options) => {
          tried.push(options.host);
          return options.host === 'home' ? network.connect(options) : Promise.reject(new GatewayError(code, 'No.'));
        },
      });
      await after(10);
      camera.moved(place('impostor'), 'endpoint reference');
      await after(10);
      network.plugIn('home', null, 'ACME-0042');
      await after(5000);
      expect(tried.slice(0, 3)).toEqual(['home', 'impostor', 'home']);
      expect(camera.status.state).toBe('online');
    },
  );

  it('does not log in again where it was refused, however often it is said to be there', async () => {
    const { network, camera } = setUp();
    await after(10);
    network.plugIn('10.0.0.66', null, 'ACME-0042', { password: 'another' });
    for (let hello = 0; hello < 20; hello += 1) {
      camera.moved(place('10.0.0.66'), 'endpoint reference');
      await after(1000);
    }
    expect(network.logins.filter((host) => host === '10.0.0.66')).toHaveLength(1);
  });

  it('leaves its source as it is where it does not answer by ONVIF once, so that what plays goes on', async () => {
    const { network, camera } = setUp();
    await after(10);
    network.plugIn('10.0.0.2', null, 'ACME-0042');
    camera.moved(place('10.0.0.2'), 'endpoint reference');
    await after(6000);
    const source = camera.source();
    network.pull('10.0.0.2');
    network.pull('10.0.0.1');
    camera.refresh();
    await after(10);
    expect(camera.status.state).toBe('failed');
    expect(camera.source()).toEqual(source);
  });

  it('tells the media plane when it may prove by other ways again, although nothing else has changed', async () => {
    const told: boolean[] = [];
    const { network, camera } = setUp({ onChange: () => told.push(camera.source().credentials?.digestOnly === true) });
    await after(10);
    network.plugIn('10.0.0.2', null, 'ACME-0042');
    camera.moved(place('10.0.0.2'), 'endpoint reference');
    await after(10);
    expect(told.at(-1)).toBe(true);
    camera.moved(place('10.0.0.3'), 'endpoint reference');
    await after(5000);
    expect([camera.status.state, told.at(-1)]).toEqual(['online', false]);
  });

  it('gives up an attempt at its old address that is under way', async () => {
    const network = new FakeNetwork();
    const signals: (AbortSignal | undefined)[] = [];
    const slow = new Camera({
      id: 'yard',
      name: 'Yard',
      onvif: place('10.0.0.1'),
      credentials: { username: 'viewer', password: 'right' },
      connect: async (options) => {
        signals.push(options.signal);
        if (options.host === '10.0.0.1')
          await new Promise((_resolve, reject) => options.signal?.addEventListener('abort', () => reject(new Error('aborted'))));
        return await network.connect(options);
      },
    });
    network.plugIn('10.0.0.2', null, 'ACME-0042');
    slow.start();
    await after(100);
    expect(slow.status.state).toBe('connecting');
    slow.moved(place('10.0.0.2'), 'endpoint reference');
    await after(100);
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, false]);
    expect([slow.status.state, slow.address]).toEqual(['online', '10.0.0.2']);
    slow.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is connected there once where a clock check at its old address fails meanwhile', async () => {
    const network = new FakeNetwork();
    network.plugIn('10.0.0.1', null, 'ACME-0042');
    const check = Promise.withResolvers<number | null>();
    const turn = vi.fn(() => Promise.resolve());
    const camera = cameraAt(network, '10.0.0.1', {
      connect: async (options) => {
        if (options.host === '10.0.0.2') return new Promise<CameraDevice>(() => undefined);
        return { ...(await network.connect(options)), measureClockOffset: () => check.promise };
      },
      turn,
    });
    await after(10 * 60_000 + 100);
    camera.moved(place('10.0.0.2'), 'endpoint reference');
    await after(10);
    check.reject(new GatewayError('camera.timeout', 'No answer.'));
    await after(1000);
    expect(turn).toHaveBeenCalledTimes(2);
  });

  it('does nothing where it is closed, or not reached by ONVIF', async () => {
    const { network, camera } = setUp();
    await after(10);
    camera.close();
    camera.moved(place('10.0.0.2'), 'endpoint reference');
    const rtsp = new Camera({ id: 'r', name: 'R', rtsp: { main: 'rtsp://10.0.0.1/1' } });
    rtsp.start();
    rtsp.moved(place('10.0.0.2'), 'endpoint reference');
    await after(1000);
    expect(network.logins).toEqual(['10.0.0.1']);
    expect([rtsp.address, rtsp.configuredAddress]).toEqual(['10.0.0.1', null]);
    rtsp.close();
  });
});

it('an adopted camera has its last address as its own, and tells its password by digest only', async () => {
  const { network, camera, said } = setUp({ adopted: true });
  await after(10);
  expect(camera.source().credentials).toMatchObject({ digestOnly: true });
  network.pull('10.0.0.1');
  network.plugIn('10.0.0.2', null, 'ACME-0042');
  camera.moved(place('10.0.0.2'), 'serial number');
  await after(10);
  expect([camera.address, camera.configuredAddress]).toEqual(['10.0.0.2', null]);
  expect(said()).toEqual(['camera yard: found again at 10.0.0.2 (before: 10.0.0.1), by its serial number']);
  network.pull('10.0.0.2');
  camera.refresh();
  await after(10_000);
  expect([camera.status.state, camera.address]).toEqual(['failed', '10.0.0.2']);
});
