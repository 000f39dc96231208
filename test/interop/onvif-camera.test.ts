import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Camera, type CameraStatus } from '../../src/camera/camera.ts';
import { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setUp(configured = 'secret') {
  const simulated = new SimulatedCamera({ name: 'Front door', username: 'viewer', password: 'secret' });
  closers.push(() => simulated.close());
  const addresses = await simulated.start();
  const lines: string[] = [];
  const logger = pino({}, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  const seen: CameraStatus[] = [];
  const camera = new Camera({
    id: 'front-door',
    name: 'Front door',
    onvif: { host: '127.0.0.1', port: addresses.onvifPort },
    credentials: { username: 'viewer', password: configured },
    logger,
    onChange: () => seen.push(camera.status),
  });
  closers.push(() => camera.close());
  return { simulated, addresses, camera, lines, seen };
}

const becomes = (camera: Camera, state: CameraStatus['state']): Promise<void> =>
  vi.waitFor(() => expect(camera.status.state).toBe(state), { timeout: 15_000, interval: 20 });

describe('Camera with a simulated camera', () => {
  it('comes online with what the media plane needs, and says so in one line', async () => {
    const { camera, addresses, lines } = await setUp();
    camera.start();
    await becomes(camera, 'online');
    expect(camera.source()).toMatchObject({
      id: 'front-door',
      profiles: [
        { token: 'main', uri: addresses.rtspUrl },
        { token: 'sub', uri: addresses.rtspUrl.replace(/main$/, 'sub') },
      ],
      credentials: { username: 'viewer', password: 'secret' },
    });
    expect(lines).toEqual([
      expect.stringMatching(/^camera front-door online: .*, 2 profiles \(.*H264 1280x720, .*H264 640x360\)$/),
    ]);
  });

  it('survives a reboot: away, tried again, online, its keyframes to be had again', async () => {
    const { simulated, camera, seen } = await setUp();
    camera.start();
    await becomes(camera, 'online');
    const jump = vi.spyOn(simulated.timeline, 'jumpToNextGop');
    camera.requestKeyframe('main');
    await vi.waitFor(() => expect(jump).toHaveBeenCalledTimes(1));

    const rebooted = simulated.reboot(5500);
    // As the media plane does when its streams break.
    const refreshing = setInterval(() => camera.refresh(), 200);
    closers.push(() => clearInterval(refreshing));
    await becomes(camera, 'failed');
    expect(camera.status.reason?.code).toBe('camera.unreachable');
    expect(camera.source().profiles).toHaveLength(2);
    await rebooted;
    await becomes(camera, 'online');
    expect(seen.map(({ state }) => state)).toEqual(['online', 'failed', 'online']);
    camera.requestKeyframe('main');
    await vi.waitFor(() => expect(jump).toHaveBeenCalledTimes(2));
  });

  it('says that the password is wrong', async () => {
    const { camera, lines } = await setUp('wr0ng');
    camera.start();
    await becomes(camera, 'failed');
    expect(camera.status.reason?.code).toBe('camera.unauthorized');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^camera front-door failed: .*refuses user "viewer".*Check username and password/);
    expect(lines[0]).not.toContain('wr0ng');
  });
});
