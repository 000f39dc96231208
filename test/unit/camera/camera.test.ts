import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayError } from '../../../src/base/errors.ts';
import { Camera, type CameraDevice, type CameraOptions } from '../../../src/camera/camera.ts';
import type { OnvifConnectOptions } from '../../../src/camera/onvif/adapter.ts';
import type { ProfileSource } from '../../../src/plane/messages.ts';
import { NO_CONFIGURATIONS, type OnvifProfile } from '../../../src/camera/onvif/profiles.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

function profile(token: string, codec: string | null): OnvifProfile {
  const size = { profile: 'Main', width: 1280, height: 720, framesPerSecond: 25, bitrateKbps: 2000, govLength: 50 };
  const video = codec === null ? null : { codec, ...size };
  const rest = { metadata: false, audioDecoder: false, ptz: false, configurations: NO_CONFIGURATIONS };
  return { token, name: token, videoSource: 'vs', video, audio: null, ...rest };
}

class FakeDevice implements CameraDevice {
  readonly information = { manufacturer: 'Acme', model: 'X100', firmware: '1', serial: '2', hardware: '3' };
  clockOffsetMs: number | null = 0;
  listed = [profile('main', 'H264'), profile('sub', 'H264')];
  path = '';
  closed = false;
  readonly synchronized: string[] = [];
  failure: Error | undefined;

  measureClockOffset = (): Promise<number | null> => this.#answer(() => this.clockOffsetMs);
  profiles = (): Promise<OnvifProfile[]> => this.#answer(() => this.listed);
  streamUri = (token: string): Promise<string> => this.#answer(() => `rtsp://cam${this.path}/${token}`);
  setSynchronizationPoint = (token: string): Promise<void> => this.#answer(() => void this.synchronized.push(token));

  close(): void {
    this.closed = true;
  }

  #answer<T>(value: () => T): Promise<T> {
    return this.failure === undefined ? Promise.resolve(value()) : Promise.reject(this.failure);
  }
}

const unreachable = (): GatewayError =>
  new GatewayError('camera.unreachable', 'No connection to the camera at cam:80: it refuses connections.', {
    advice: 'Check its power.',
  });
const unauthorized = (): GatewayError => new GatewayError('camera.unauthorized', 'The camera at cam:80 refuses user "viewer".');

/** A camera whose device is made by `next`: a device, or the error that the connect ends with. */
function setUp(next: () => FakeDevice | Error, options: Partial<CameraOptions> = {}) {
  const lines: string[] = [];
  const logger = pino({}, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  const attempts: number[] = [];
  const onChange = vi.fn();
  const connect = vi.fn<(options: OnvifConnectOptions) => Promise<CameraDevice>>(() => {
    attempts.push(performance.now());
    const result = next();
    return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
  });
  const common = { id: 'front-door', name: 'Front door', credentials: { username: 'viewer', password: 's3cret' } };
  const camera = new Camera({
    ...common,
    onvif: { host: 'cam', port: 80 },
    logger,
    onChange,
    connect,
    ...options,
  } as CameraOptions);
  cameras.push(camera);
  return { camera, lines, attempts, onChange, connect };
}

const cameras: Camera[] = [];
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') });
});

afterEach(() => {
  for (const camera of cameras.splice(0)) camera.close();
  vi.useRealTimers();
});

/** What the media plane is told of a profile's picture. */
function shown(codec: string): Partial<ProfileSource> {
  return { videoSource: 'vs', video: { codec, width: 1280, height: 720 }, bitrateKbps: 2000 };
}

describe('an ONVIF camera', () => {
  it('is connecting, then online with its profiles and where they are pulled', async () => {
    const device = new FakeDevice();
    device.clockOffsetMs = 300_000;
    const withSound = {
      ...profile('main', 'H264'),
      audio: { codec: 'PCMU', sampleRateHz: 8000, bitrateKbps: 64 },
      metadata: true,
      audioDecoder: true,
    };
    device.listed = [
      profile('hevc', 'H265'),
      profile('metadata', null),
      withSound,
      { ...profile('sub', 'H264'), name: 'Second' },
    ];
    const { camera, lines, onChange, connect } = setUp(() => device);
    expect(camera.status).toMatchObject({ state: 'connecting', reason: null, since: Date.now(), profiles: [] });
    camera.start();
    await settle();
    expect(camera.status).toMatchObject({
      state: 'online',
      reason: null,
      clockOffsetMs: 300_000,
      information: { model: 'X100' },
    });
    expect(camera.status.profiles.map(({ token, uri }) => `${token} ${uri}`)).toEqual([
      'main rtsp://cam/main',
      'sub rtsp://cam/sub',
      'hevc rtsp://cam/hevc',
    ]);
    expect(camera.source()).toEqual({
      id: 'front-door',
      profiles: [
        { ...shown('H264'), token: 'main', uri: 'rtsp://cam/main', audio: true, metadata: true, talk: true },
        { ...shown('H264'), token: 'sub', name: 'Second', uri: 'rtsp://cam/sub', audio: false, metadata: false, talk: false },
        { ...shown('H265'), token: 'hevc', uri: 'rtsp://cam/hevc', audio: false, metadata: false, talk: false },
      ],
      credentials: { username: 'viewer', password: 's3cret' },
      clockOffsetMs: 300_000,
    });
    expect(connect.mock.calls[0]?.[0]).toMatchObject({ host: 'cam', port: 80, username: 'viewer', password: 's3cret' });
    expect(onChange).toHaveBeenCalledTimes(1);
    expect(lines).toEqual([
      'camera front-door online: Acme X100, 3 profiles (main H264 1280x720, Second H264 1280x720, hevc H265 1280x720), its clock is 300 s ahead',
    ]);
  });

  it('is tried again with growing waits of at most 30 s, and heals', async () => {
    let works = false;
    const { camera, attempts } = setUp(() => (works ? new FakeDevice() : unreachable()));
    camera.start();
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(camera.status).toMatchObject({ state: 'failed', since: Date.parse('2026-01-01T00:00:00Z') });
    expect(camera.status.reason).toEqual({
      code: 'camera.unreachable',
      message: unreachable().message,
      advice: 'Check its power.',
    });
    const waits = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
    // Up to 30 % of each wait is taken off at random.
    expect(waits[0]).toBeLessThanOrEqual(1 * SECOND);
    expect(waits[1]).toBeGreaterThanOrEqual(1.4 * SECOND);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30 * SECOND);
    expect(Math.min(...waits.slice(6))).toBeGreaterThanOrEqual(21 * SECOND);
    works = true;
    await vi.advanceTimersByTimeAsync(30 * SECOND);
    expect(camera.status).toMatchObject({ state: 'online', reason: null });
    works = false;
    attempts.length = 0;
    camera.refresh();
    await vi.advanceTimersByTimeAsync(10 * SECOND);
    // The next time it fails the waits begin anew.
    expect((attempts[1] ?? Number.POSITIVE_INFINITY) - (attempts[0] ?? 0)).toBeLessThanOrEqual(1 * SECOND);
  });

  it('logs a failure when it is news and every five minutes with a count', async () => {
    let error = unreachable();
    const { camera, lines } = setUp(() => error);
    camera.start();
    await settle();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^camera front-door failed: No connection .* refuses connections\. Check its power\. Trying again in 1 s\.$/,
    );
    await vi.advanceTimersByTimeAsync(4.9 * MINUTE);
    expect(lines).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(40 * SECOND);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/\((1\d|2\d) times since the last such line\)$/);
    error = unauthorized();
    await vi.advanceTimersByTimeAsync(30 * SECOND);
    expect(lines).toHaveLength(3);
    expect(lines[2]).toContain('refuses user "viewer"');
    expect(lines.join('')).not.toContain('s3cret');
  });

  it('is failed where no profile has what viewers can be shown, yet lists what it has, and recovers when the encoder was set', async () => {
    const device = new FakeDevice();
    device.listed = [profile('main', 'AV1'), profile('sub', 'SVAC')];
    const { camera } = setUp(() => device);
    camera.start();
    await settle();
    expect(camera.status).toMatchObject({ state: 'failed', reason: { code: 'camera.no_h264' } });
    expect(camera.status.reason?.message).toContain('only AV1, SVAC');
    expect(camera.status.reason?.advice).toContain('H.264');
    expect(camera.source().profiles).toHaveLength(2);
    device.listed = [profile('main', 'H265')];
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    expect(camera.status).toMatchObject({ state: 'online', reason: null });
  });

  it('is failed where no profile has video', async () => {
    const device = new FakeDevice();
    device.listed = [profile('audio', null)];
    const { camera } = setUp(() => device);
    camera.start();
    await settle();
    expect(camera.status.reason?.code).toBe('camera.no_profiles');
  });

  it('leaves out a profile that it gives no URI for', async () => {
    const device = new FakeDevice();
    device.streamUri = (token) =>
      token === 'main' ? Promise.reject(new GatewayError('camera.fault', 'no')) : Promise.resolve('rtsp://cam/sub');
    const { camera } = setUp(() => device);
    camera.start();
    await settle();
    expect(camera.status.state).toBe('online');
    expect(camera.status.profiles.map(({ token }) => token)).toEqual(['sub']);
  });

  it('is connected anew on refresh, at most once in five seconds, and keeps its profiles while it is away', async () => {
    const devices: FakeDevice[] = [];
    let down = false;
    const { camera, attempts, onChange } = setUp(() => {
      if (down) return unreachable();
      const device = new FakeDevice();
      device.path = `/boot${devices.push(device)}`;
      return device;
    });
    camera.start();
    await settle();
    for (let index = 0; index < 10; index += 1) camera.refresh();
    await vi.advanceTimersByTimeAsync(4.9 * SECOND);
    expect(attempts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(0.2 * SECOND);
    expect(attempts).toHaveLength(2);
    expect(camera.source().profiles[0]?.uri).toBe('rtsp://cam/boot2/main');
    expect(onChange).toHaveBeenCalledTimes(2);
    expect(devices.map(({ closed }) => closed)).toEqual([true, false]);

    down = true;
    await vi.advanceTimersByTimeAsync(MINUTE);
    camera.refresh();
    await vi.advanceTimersByTimeAsync(5 * MINUTE);
    expect(camera.status.state).toBe('failed');
    expect(camera.source().profiles[0]?.uri).toBe('rtsp://cam/boot2/main');
    // By now the waits are half a minute; somebody watching shortens them to five seconds.
    await vi.advanceTimersByTimeAsync(6 * SECOND);
    down = false;
    camera.refresh();
    await vi.advanceTimersByTimeAsync(5.1 * SECOND);
    expect(camera.status).toMatchObject({ state: 'online', profiles: [{ uri: 'rtsp://cam/boot3/main' }, {}] });
  });

  it('has its clock checked every ten minutes; what is within the resolution of ONVIF is no change', async () => {
    const device = new FakeDevice();
    const { camera, attempts, onChange } = setUp(() => device);
    camera.start();
    await settle();
    device.clockOffsetMs = 900;
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(camera.status.clockOffsetMs).toBe(0);
    device.clockOffsetMs = -120_000;
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(camera.source().clockOffsetMs).toBe(-120_000);
    expect(onChange).toHaveBeenCalledTimes(2);
    expect(attempts).toHaveLength(1);
  });

  it('is found out by the clock check when it went away', async () => {
    const device = new FakeDevice();
    let down = false;
    const { camera } = setUp(() => (down ? unreachable() : device));
    camera.start();
    await settle();
    down = true;
    device.failure = unreachable();
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(camera.status).toMatchObject({ state: 'failed', reason: { code: 'camera.unreachable' } });
  });

  it('does nothing any more after close, also where that comes in the middle of an attempt', async () => {
    const late = Promise.withResolvers<CameraDevice>();
    const device = new FakeDevice();
    const { camera, onChange, connect } = setUp(unreachable);
    connect.mockReturnValueOnce(late.promise);
    camera.start();
    await settle();
    camera.close();
    camera.close();
    expect(connect.mock.calls[0]?.[0].signal?.aborted).toBe(true);
    late.resolve(device);
    await vi.advanceTimersByTimeAsync(MINUTE);
    camera.refresh();
    camera.requestKeyframe('main');
    expect(device.closed).toBe(true);
    expect(onChange).not.toHaveBeenCalled();
    expect(connect).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is asked for keyframes of profiles that it has, once it is connected', async () => {
    const device = new FakeDevice();
    const { camera } = setUp(() => device);
    camera.requestKeyframe('main');
    camera.start();
    await settle();
    expect(device.synchronized).toEqual([]);
    camera.requestKeyframe('sub');
    camera.requestKeyframe('unknown');
    await settle();
    expect(device.synchronized).toEqual(['sub']);
    device.failure = unreachable();
    camera.requestKeyframe('main');
    await settle();
    expect(camera.keyframeErrors).toBe(1);
  });
});

describe('a camera given by RTSP URIs', () => {
  it('is online at once, under the names of the config, without any credentials in its URIs', () => {
    const rtsp = { main: 'rtsp://me:p%40ss@192.168.1.21:8554/1', sub: 'rtsp://192.168.1.21/2' };
    const log: string[] = [];
    const logger = pino({}, { write: (line) => void log.push(line) });
    const camera = new Camera({ id: 'old-dome', name: 'Old dome', rtsp, transport: 'udp', tls: { insecure: true }, logger });
    camera.start();
    expect(camera.kind).toBe('rtsp');
    expect(camera.address).toBe('192.168.1.21:8554');
    expect(camera.status).toMatchObject({ state: 'online', information: null, clockOffsetMs: null });
    expect(camera.source()).toEqual({
      id: 'old-dome',
      profiles: [
        { token: 'main', uri: 'rtsp://192.168.1.21:8554/1', talk: false },
        { token: 'sub', uri: 'rtsp://192.168.1.21/2', talk: false },
      ],
      credentials: { username: 'me', password: 'p@ss' },
      transport: 'udp',
      tls: { insecure: true },
      clockOffsetMs: 0,
    });
    camera.refresh();
    expect(log.filter((line) => line.includes('tls_insecure'))).toHaveLength(1);
    camera.requestKeyframe('main');
    expect(camera.status.state).toBe('online');
    camera.close();
  });
});
