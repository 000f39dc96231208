import { Cam, type CamOptions } from 'onvif';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SimulatedCamera, type SimulatedCameraAddresses } from '../../src/simulator/simulated-camera.ts';

/* The simulated camera as somebody else's client sees it: the `onvif` package, in its own ways. */

let camera: SimulatedCamera;
let addresses: SimulatedCameraAddresses;

beforeEach(async () => {
  camera = new SimulatedCamera({ name: 'Yard', username: 'viewer', password: 'secret' });
  addresses = await camera.start();
});

afterEach(() => camera.close());

/** A call of the package, whose callbacks get an error or a result. */
function call<Result>(begin: (callback: (error: unknown, result: unknown) => void) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    begin((error, result) => {
      if (error instanceof Error) reject(error);
      else resolve(result as Result);
    });
  });
}

async function connect(options: Partial<CamOptions> = {}): Promise<Cam> {
  const { onvifPort: port } = addresses;
  const cam = new Cam({
    hostname: '127.0.0.1',
    port,
    username: 'viewer',
    password: 'secret',
    autoconnect: false,
    timeout: 10_000,
    ...options,
  });
  await call((done) => cam.connect((error) => done(error, undefined)));
  return cam;
}

const deviceInformation = (cam: Cam): Promise<unknown> => call((done) => cam.getDeviceInformation(done));

describe.each([
  ['WS-Security', true],
  ['HTTP Digest', false],
])('the onvif package by %s', (_, useWSSecurity) => {
  it('gets information, services, profiles and stream URIs, by Media2 and by Media1', async () => {
    const cam = await connect({ useWSSecurity });
    const { manufacturer, model, serialNumber } = camera.identity;
    expect(await deviceInformation(cam)).toMatchObject({ manufacturer, model, serialNumber });
    expect(Object.keys(cam.uri ?? {}).toSorted()).toEqual(['device', 'events', 'imaging', 'media', 'media2', 'ptz']);

    for (const media2Support of [true, false]) {
      cam.media2Support = media2Support;
      await call((done) => cam.getProfiles(done));
      expect(cam.profiles?.map(({ name }) => name)).toEqual(['Main stream', 'Sub stream']);
      for (const profileToken of ['main', 'sub']) {
        const { uri } = await call<{ uri: string }>((done) => cam.getStreamUri({ protocol: 'RTSP', profileToken }, done));
        expect(uri).toBe(`rtsp://127.0.0.1:${addresses.rtspPort}/${profileToken}`);
      }
    }
  });

  it('is refused with a wrong password', async () => {
    const cam = await connect({ useWSSecurity, password: 'wrong' });
    expect(cam.profiles).toEqual([]);
    await expect(deviceInformation(cam)).rejects.toThrow(
      useWSSecurity ? 'Sender not Authorized' : 'Digest authentication failed',
    );
  });
});

describe('the onvif package', () => {
  it('turns the camera and sees its position change', async () => {
    const cam = await connect();
    const position = async (): Promise<{ x: number; y: number; zoom: number }> =>
      (await call<{ position: { x: number; y: number; zoom: number } }>((done) => cam.getStatus({}, done))).position;
    expect(await position()).toEqual({ x: 0, y: 0, zoom: 0 });
    await call((done) => cam.continuousMove({ x: 1, y: -1, zoom: 1 }, done));
    await vi.waitFor(async () => {
      const { x, y, zoom } = await position();
      expect([x > 0.05, y < -0.05, zoom > 0.05]).toEqual([true, true, true]);
    });
    await call((done) => cam.stop({ panTilt: true, zoom: true }, done));
    const stopped = await position();
    expect(await position()).toEqual(stopped);
    expect(camera.ptz.position(camera.timeline.now()).pan).toBeCloseTo(stopped.x, 3);
  });

  it('keeps, lists, visits and removes presets', async () => {
    const cam = await connect();
    await call((done) => cam.setPreset({ presetName: 'Gate' }, done));
    expect(await call((done) => cam.getPresets({}, done))).toMatchObject({ Gate: { name: 'Gate', $: { token: 'preset1' } } });
    camera.ptz.moveTo({ pan: 0.1, tilt: 0.1 }, camera.timeline.now() - 10_000);
    await call((done) => cam.gotoPreset({ preset: 'preset1' }, done));
    await vi.waitFor(() => expect(camera.ptz.position(camera.timeline.now())).toMatchObject({ pan: 0, tilt: 0 }), {
      timeout: 5_000,
    });
    await call((done) => cam.removePreset({ presetToken: 'preset1' }, done));
    expect(camera.ptz.presets).toEqual([]);
  });

  it('pulls the motion alarm: its state, then its changes', async () => {
    const cam = await connect();
    const seen: string[] = [];
    cam.on('event', (event: { topic: { _: string }; message: { message: { $: { PropertyOperation: string } } } }) => {
      seen.push(`${event.topic._} ${event.message.message.$.PropertyOperation}`);
    });
    await vi.waitFor(() => expect(seen).toEqual(['tns1:VideoSource/MotionAlarm Initialized']), { timeout: 5_000 });
    // From GOP to GOP the clip passes its scenes without motion soon.
    await vi.waitFor(
      () => {
        camera.timeline.jumpToNextGop();
        expect(seen).toContain('tns1:VideoSource/MotionAlarm Changed');
      },
      { timeout: 10_000, interval: 200 },
    );
    cam.removeAllListeners('event');
  });

  it("takes the camera's clock as it is, and is refused by WS-Security with its own", async () => {
    camera.clockOffsetMs = 60_000;
    const cam = await connect();
    expect(cam.profiles).toHaveLength(2);
    // What the package adds to its uptime to get the time that it writes into tokens: from here on its own, right, clock.
    cam.timeShift = Date.now() - process.uptime() * 1_000;
    await expect(deviceInformation(cam)).rejects.toThrow('Sender not Authorized');
    camera.clockOffsetMs = 0;
    await expect(deviceInformation(cam)).resolves.toMatchObject({ model: camera.identity.model });
  });

  it('sets the clock and the picture', async () => {
    const cam = await connect();
    const wanted = new Date('2030-01-02T03:04:05Z');
    await call((done) => cam.setSystemDateAndTime({ dateTimeType: 'Manual', daylightSavings: false, dateTime: wanted }, done));
    expect(Math.abs(camera.timeline.cameraTimeAt(camera.timeline.now()) - wanted.getTime())).toBeLessThan(5_000);
    camera.clockOffsetMs = 0;
    await call((done) => cam.setImagingSettings({ brightness: 70 }, done));
    expect(await call((done) => cam.getImagingSettings({}, done))).toMatchObject({ brightness: 70, contrast: 50 });
  });
});
