import { afterEach, describe, expect, it, vi } from 'vitest';
import { GatewayError } from '../../src/base/errors.ts';
import { OnvifDevice, type OnvifConnectOptions } from '../../src/camera/onvif/adapter.ts';
import { makeCertificate } from '../support/certificate.ts';
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

  it('knows its services and what they can', async () => {
    const { addresses } = await startCamera();
    const device = await connect(addresses.onvifPort);
    expect(device.services.map(({ name, version }) => `${name} ${version}`)).toEqual([
      'device 2.60',
      'media 2.60',
      'media2 2.60',
      'ptz 2.60',
      'imaging 2.60',
      'events 2.60',
    ]);
    expect(await device.media.audioOutputs()).toHaveLength(1);
    const [main] = await device.profiles();
    expect(main).toMatchObject({
      video: { profile: 'High' },
      audio: { codec: 'PCMU', sampleRateHz: 8000, bitrateKbps: 64 },
      audioDecoder: true,
      configurations: { metadata: 'metadata-config', ptz: 'ptz-config', audioOutput: 'audio-output-config' },
    });
    expect(main && (await device.media.enableTalkBack(main))).toBe(true);
    expect((await errorOf(device.media.snapshotUri('main'))).message).toContain('ActionNotSupported');
  });

  it('switches parts of the metadata stream off and on', async () => {
    const { camera, addresses } = await startCamera();
    const { media } = await connect(addresses.onvifPort);
    const [configuration] = await media.metadataConfigurations();
    expect(configuration).toMatchObject({ analytics: true, ptzStatus: true, ptzPosition: true, events: false });
    await media.setMetadataConfiguration(configuration?.token ?? '', { analytics: false, ptzPosition: false });
    expect(camera.metadata).toEqual({ analytics: false, ptzStatus: true, ptzPosition: false });
    await media.setMetadataConfiguration(configuration?.token ?? '', { analytics: true });
    expect(await media.metadataConfigurations()).toMatchObject([{ analytics: true, ptzStatus: true, ptzPosition: false }]);
  });

  it('turns the camera, and finds its presets again', async () => {
    const { addresses } = await startCamera();
    const { ptz } = await connect(addresses.onvifPort);
    if (ptz === null) throw new Error('no PTZ');
    const [node] = await ptz.nodes();
    expect(node).toMatchObject({ maximumPresets: 32 });
    expect(node?.spaces).toContain('PositionGenericSpace');
    const position = async (): Promise<unknown> => (await ptz.status('main')).position;
    const arrived = (panTilt: { x: number; y: number }, zoom: number): Promise<void> =>
      vi.waitFor(
        async () => expect(await ptz.status('main')).toEqual({ position: { panTilt, zoom }, moving: false, error: null }),
        { timeout: 10_000 },
      );
    await ptz.absoluteMove('main', { panTilt: { x: 0.25, y: -0.25 }, zoom: 0.25 });
    await arrived({ x: 0.25, y: -0.25 }, 0.25);
    const token = await ptz.setPreset('main', 'Tor & <Hof>');
    await ptz.relativeMove('main', { panTilt: { x: 0.25, y: 0 } });
    await arrived({ x: 0.5, y: -0.25 }, 0.25);
    expect(await ptz.presets('main')).toEqual([
      { token, name: 'Tor & <Hof>', position: { panTilt: { x: 0.25, y: -0.25 }, zoom: 0.25 } },
    ]);
    await ptz.gotoPreset('main', token);
    await arrived({ x: 0.25, y: -0.25 }, 0.25);
    await ptz.continuousMove('main', { panTilt: { x: 0.1, y: 0 } });
    await vi.waitFor(async () => expect(await ptz.status('main')).toMatchObject({ moving: true }));
    await ptz.stop('main');
    expect(await ptz.status('main')).toMatchObject({ moving: false });
    const stopped = await position();
    expect(await position()).toEqual(stopped);
    await ptz.gotoHome('main');
    await arrived({ x: 0, y: 0 }, 0);
    await ptz.removePreset('main', token);
    expect(await ptz.presets('main')).toEqual([]);
    expect((await errorOf(ptz.gotoPreset('main', token))).code).toBe('camera.fault');
  });

  it('reads and sets the picture', async () => {
    const { addresses } = await startCamera();
    const device = await connect(addresses.onvifPort);
    const videoSource = (await device.profiles())[0]?.videoSource ?? '';
    await device.imaging?.set(videoSource, { brightness: 0, sharpness: 75 });
    expect(await device.imaging?.settings(videoSource)).toMatchObject({
      brightness: 0,
      contrast: 50,
      sharpness: 75,
      irCutFilter: null,
    });
    expect(await device.imaging?.options(videoSource)).toMatchObject({ brightness: { min: 0, max: 100 }, irCutFilter: [] });
  });

  it('gets events by a pull point until it unsubscribes', async () => {
    const { addresses } = await startCamera({ clockOffsetMs: -3_600_000 });
    const device = await connect(addresses.onvifPort);
    const pullPoint = await device.events?.createPullPoint(30_000);
    expect(pullPoint?.expiresInMs).toBeGreaterThan(25_000);
    const [event] = (await pullPoint?.pull(5000))?.events ?? [];
    expect(event).toMatchObject({
      topic: 'VideoSource/MotionAlarm',
      operation: 'Initialized',
      source: { Source: 'video-source' },
    });
    expect(['true', 'false']).toContain(event?.data['State']);
    await pullPoint?.renew(600_000);
    expect(pullPoint?.expiresInMs).toBeGreaterThan(500_000);
    await pullPoint?.setSynchronizationPoint();
    expect((await pullPoint?.pull(5000))?.events).toMatchObject([{ operation: 'Initialized' }]);
    await pullPoint?.unsubscribe();
    expect((await errorOf(pullPoint?.pull(1000) ?? Promise.resolve())).message).toContain('ResourceUnknownFault');
  });

  it('sets the clock and restarts the camera', async () => {
    const { camera, addresses } = await startCamera({ clockOffsetMs: 86_400_000 });
    const device = await connect(addresses.onvifPort);
    await device.setTime(new Date());
    expect(Math.abs(camera.clockOffsetMs)).toBeLessThanOrEqual(2000);
    expect(Math.abs(device.clockOffsetMs ?? Number.NaN)).toBeLessThanOrEqual(2000);
    const reboot = vi.spyOn(camera, 'reboot');
    expect(await device.reboot()).toBe('Rebooting');
    await vi.waitFor(() => expect(reboot).toHaveBeenCalledTimes(1), { timeout: 5000 });
  });

  it('goes on by itself where somebody sets the clock while it is connected', async () => {
    const { camera, addresses } = await startCamera();
    const device = await connect(addresses.onvifPort);
    camera.clockOffsetMs = 3_600_000;
    expect(await device.profiles()).toHaveLength(2);
    expect(device.clockOffsetMs).toBeGreaterThan(3_590_000);
  });

  it('does all of it by https with a pinned certificate', async () => {
    const certificate = makeCertificate();
    const { addresses } = await startCamera({ certificate });
    const device = await connect(addresses.onvifPort, { secure: true, tls: { fingerprint: certificate.fingerprint } });
    expect(await device.profiles()).toHaveLength(2);
    expect(await device.streamUri('main')).toBe(addresses.rtspUrl);
    const pullPoint = await device.events?.createPullPoint();
    expect((await pullPoint?.pull(5000))?.events).toHaveLength(1);
    expect((await errorOf(connect(addresses.onvifPort, { secure: true }))).code).toBe('camera.certificate');
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
