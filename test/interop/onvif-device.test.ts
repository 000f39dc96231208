import { afterEach, describe, expect, it, vi } from 'vitest';
import { GatewayError } from '../../src/base/errors.ts';
import { OnvifDevice, type OnvifConnectOptions } from '../../src/camera/onvif/adapter.ts';
import {
  SimulatedCamera,
  type SimulatedCameraAddresses,
  type SimulatedCameraOptions,
} from '../../src/simulator/simulated-camera.ts';

const cameras: SimulatedCamera[] = [];
const devices: OnvifDevice[] = [];

afterEach(async () => {
  for (const device of devices.splice(0)) device.close();
  await Promise.all(cameras.splice(0).map((camera) => camera.close()));
});

async function startCamera(
  options: Partial<SimulatedCameraOptions> = {},
): Promise<{ camera: SimulatedCamera; addresses: SimulatedCameraAddresses }> {
  const camera = new SimulatedCamera({ name: 'Front door', username: 'viewer', password: 'p<&>ß', ...options });
  cameras.push(camera);
  return { camera, addresses: await camera.start() };
}

async function connect(port: number, options: Partial<OnvifConnectOptions> = {}): Promise<OnvifDevice> {
  const device = await OnvifDevice.connect({ host: '127.0.0.1', port, username: 'viewer', password: 'p<&>ß', ...options });
  devices.push(device);
  return device;
}

async function errorOf(promise: Promise<unknown>): Promise<GatewayError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof GatewayError)) throw new Error(`no GatewayError but ${String(error)}`);
  return error;
}

describe('OnvifDevice with a simulated camera', () => {
  it('gets information, profiles and stream URIs', async () => {
    const { camera, addresses } = await startCamera();
    const device = await connect(addresses.onvifPort);
    const { manufacturer, model, serialNumber } = camera.identity;
    expect(device.information).toMatchObject({ manufacturer, model, serial: serialNumber });
    const profiles = await device.profiles();
    expect(profiles).toMatchObject([
      {
        token: 'main',
        video: { codec: 'H264', width: 1280, height: 720, framesPerSecond: 25, govLength: 50 },
        ptz: true,
        metadata: true,
      },
      { token: 'sub', video: { codec: 'H264', width: 640, height: 360, framesPerSecond: 15, govLength: 30 } },
    ]);
    expect(new Set(profiles.map(({ videoSource }) => videoSource)).size).toBe(1);
    expect(profiles[0]?.videoSource).not.toBeNull();
    expect(profiles[0]?.audio).not.toBeNull();
    expect(await device.streamUri('main')).toBe(addresses.rtspUrl);
    expect(await device.streamUri('sub')).toBe(addresses.rtspUrl.replace(/main$/, 'sub'));
  });

  it('passes on the fault for a profile that is not there', async () => {
    const { addresses } = await startCamera();
    const device = await connect(addresses.onvifPort);
    const error = await errorOf(device.streamUri('<none>'));
    expect(error.code).toBe('camera.fault');
    expect(error.message).toContain('NoProfile');
  });

  it('asks for a keyframe, and the camera obeys', async () => {
    const { camera, addresses } = await startCamera();
    const device = await connect(addresses.onvifPort);
    const jump = vi.spyOn(camera.timeline, 'jumpToNextGop');
    await device.setSynchronizationPoint('main');
    expect(jump).toHaveBeenCalledTimes(1);
  });

  it('measures a clock that is minutes off, and signs by it', async () => {
    for (const offsetMs of [7 * 60_000, -7 * 60_000]) {
      const { camera, addresses } = await startCamera({ clockOffsetMs: offsetMs });
      const device = await connect(addresses.onvifPort);
      expect(Math.abs((device.clockOffsetMs ?? 0) - offsetMs)).toBeLessThan(1000);
      expect(await device.profiles()).toHaveLength(2);
      camera.clockOffsetMs = 0;
      expect(Math.abs((await device.measureClockOffset()) ?? Number.NaN)).toBeLessThan(1000);
    }
  });

  it('tells a wrong password, with the password in no text', async () => {
    const { addresses } = await startCamera();
    const error = await errorOf(connect(addresses.onvifPort, { password: 'wr0ng' }));
    expect(error.code).toBe('camera.unauthorized');
    expect(error.message).toContain(`127.0.0.1:${addresses.onvifPort}`);
    expect(error.message + error.advice).not.toContain('wr0ng');
    expect((await errorOf(connect(addresses.onvifPort, { username: '', password: '' }))).code).toBe('camera.unauthorized');
  });

  it('tells a camera that is not there', async () => {
    const { camera, addresses } = await startCamera();
    await camera.close();
    const error = await errorOf(connect(addresses.onvifPort));
    expect(error.code).toBe('camera.unreachable');
    expect(error.message).toContain(`127.0.0.1:${addresses.onvifPort}`);
    expect(error.advice).toContain('address');
  });

  it('gives up on a silent and on a slow camera, and waits for one that is only a little slow', async () => {
    const { camera, addresses } = await startCamera();
    camera.onvifFaults.unresponsive = true;
    expect((await errorOf(connect(addresses.onvifPort, { timeoutMs: 200 }))).code).toBe('camera.timeout');
    camera.onvifFaults.unresponsive = false;
    camera.onvifFaults.delayMs = 30_000;
    expect((await errorOf(connect(addresses.onvifPort, { timeoutMs: 200 }))).code).toBe('camera.timeout');
    camera.onvifFaults.delayMs = 100;
    const device = await connect(addresses.onvifPort, { timeoutMs: 10_000 });
    expect(Math.abs(device.clockOffsetMs ?? Number.NaN)).toBeLessThan(1000);
  });
});
