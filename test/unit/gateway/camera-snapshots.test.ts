import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayError } from '../../../src/base/errors.ts';
import type { Camera, CameraDevice, CameraStatus } from '../../../src/camera/camera.ts';
import type { CameraProfile } from '../../../src/camera/camera-profiles.ts';
import { CameraSnapshots } from '../../../src/gateway/camera-snapshots.ts';
import type { Picture } from '../../../src/plane/pictures.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const error = (code: string, message = `${code}.`, advice?: string): GatewayError =>
  new GatewayError(code, message, advice === undefined ? {} : { advice });
const noFfmpeg = (): GatewayError => error('transcode.no_ffmpeg', 'No ffmpeg.', 'Install it.');

/** What a step gives, or the error that it ends with. */
type Outcome<Value> = Value | Error;

interface Steps {
  /** Of a stream that is pulled already. */
  atHand: Outcome<Picture | undefined>;
  /** Of the camera's address; undefined: it has none. */
  camera: Outcome<Buffer> | undefined;
  pulled: Outcome<Picture>;
}

const AT_HAND = { jpeg: Buffer.from('at hand'), takenAt: 1 };
const OF_CAMERA = Buffer.from('of camera');
const PULLED = { jpeg: Buffer.from('pulled'), takenAt: 2 };

const settle = <Value>(outcome: Outcome<Value>): Promise<Value> =>
  outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);

function setUp(given: Partial<Steps> = {}, status: Partial<CameraStatus> = {}) {
  const steps: Steps = { atHand: undefined, camera: undefined, pulled: PULLED, ...given };
  const asked: string[] = [];
  const profiles = ['main', 'sub'].map((token) => ({ token }) as CameraProfile);
  const device = {
    snapshot: (token: string, digestOnly: boolean) => {
      asked.push(`camera ${token}${digestOnly ? ' digest' : ''}`);
      return settle<Buffer>(steps.camera ?? error('camera.fault'));
    },
  } as unknown as CameraDevice;
  const camera: Pick<Camera, 'id' | 'status' | 'device'> = {
    id: 'yard',
    status: {
      state: 'online',
      since: 0,
      reason: null,
      information: null,
      profiles,
      isFound: false,
      clockOffsetMs: null,
      ...status,
    },
    get device() {
      return steps.camera === undefined ? null : device;
    },
  };
  const pictures = {
    take: (_: string, { profile, pull }: { profile?: string; pull: boolean }) => {
      asked.push(`${pull ? 'pull' : 'at hand'} ${profile ?? 'any'}`);
      return settle<Picture | undefined>(pull ? steps.pulled : steps.atHand);
    },
  };
  return { snapshots: new CameraSnapshots({ camera, pictures }), asked, steps };
}

describe('a snapshot', () => {
  it('is of a stream that is pulled already, and nothing else is asked then', async () => {
    const { snapshots, asked } = setUp({ atHand: AT_HAND, camera: OF_CAMERA });
    expect(await snapshots.take()).toEqual(AT_HAND);
    expect(await snapshots.take('sub')).toEqual(AT_HAND);
    expect(asked).toEqual(['at hand any', 'at hand sub']);
  });

  it('is of the camera’s own address where none is pulled: of the profile that a viewer would get, or that is named', async () => {
    const { snapshots, asked } = setUp({ camera: OF_CAMERA });
    expect(await snapshots.take()).toEqual({ jpeg: OF_CAMERA, takenAt: null });
    expect(await snapshots.take('sub')).toEqual({ jpeg: OF_CAMERA, takenAt: null });
    expect(asked).toEqual(['at hand any', 'camera main', 'at hand sub', 'camera sub']);
  });

  it('does not tell the password to an address that no config says', async () => {
    const { snapshots, asked } = setUp({ camera: OF_CAMERA }, { isFound: true });
    await snapshots.take();
    expect(asked).toContain('camera main digest');
  });

  it('is of a stream that is pulled for it where the camera has no address for pictures', async () => {
    const { snapshots, asked } = setUp({ camera: error('camera.fault') });
    expect(await snapshots.take('sub')).toEqual(PULLED);
    expect(asked).toEqual(['at hand sub', 'camera sub', 'pull sub']);
  });

  it('is of the camera’s own address where no picture can be made of the stream, for which it is not pulled again', async () => {
    const { snapshots } = setUp({ atHand: noFfmpeg(), camera: OF_CAMERA });
    expect(await snapshots.take()).toEqual({ jpeg: OF_CAMERA, takenAt: null });
    const without = setUp({ atHand: noFfmpeg(), camera: error('camera.fault') });
    await expect(without.snapshots.take()).rejects.toMatchObject({
      code: 'snapshot.unavailable',
      message: 'There is no picture of camera yard: No ffmpeg. camera.fault.',
      advice: 'Install it.',
    });
    expect(without.asked).toEqual(['at hand any', 'camera main']);
  });

  it('is good for a second for all who ask, and so is a failure', async () => {
    const { snapshots, asked, steps } = setUp({ atHand: AT_HAND });
    await Promise.all([snapshots.take(), snapshots.take()]);
    await vi.advanceTimersByTimeAsync(999);
    await snapshots.take();
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2);
    await snapshots.take();
    expect(asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1001);
    steps.atHand = noFfmpeg();
    for (let index = 0; index < 3; index += 1) await expect(snapshots.take()).rejects.toThrow('No ffmpeg.');
    expect(asked).toHaveLength(3);
  });

  it('leaves the camera’s address alone for a while after it failed, and for minutes after a refused log-in', async () => {
    for (const [code, minutes] of [
      ['camera.timeout', 0.5],
      ['camera.unauthorized', 5],
    ] as const) {
      const { snapshots, asked, steps } = setUp({ camera: error(code), pulled: error('rtsp.unreachable') });
      const times = (): number => asked.filter((each) => each.startsWith('camera')).length;
      for (let second = 0; second < minutes * 60; second += 2) {
        await expect(snapshots.take()).rejects.toThrow(`${code}.`);
        await vi.advanceTimersByTimeAsync(2000);
      }
      expect(times()).toBe(1);
      steps.camera = OF_CAMERA;
      expect(await snapshots.take()).toEqual({ jpeg: OF_CAMERA, takenAt: null });
      await vi.advanceTimersByTimeAsync(1001);
      await snapshots.take();
      expect(times()).toBe(3);
    }
  });

  it.each([
    [{ atHand: error('snapshot.busy') }, 'snapshot.busy'],
    [{ pulled: error('snapshot.no_keyframe') }, 'snapshot.timeout'],
    [{ pulled: error('rtsp.timeout') }, 'snapshot.timeout'],
    [{ camera: error('camera.timeout'), pulled: error('rtsp.unreachable') }, 'snapshot.timeout'],
    [{ pulled: error('rtsp.unreachable') }, 'snapshot.unavailable'],
  ] as const)('that cannot be had is an error of its kind (%#)', async (steps, code) => {
    await expect(setUp(steps).snapshots.take()).rejects.toMatchObject({ code });
  });

  it('of a profile that the camera does not have is refused with those that it has, and asks nobody', async () => {
    const { snapshots, asked } = setUp({ atHand: AT_HAND });
    for (let index = 0; index < 3; index += 1) {
      await expect(snapshots.take(`no\nprofile ${index}`)).rejects.toMatchObject({
        code: 'snapshot.no_profile',
        message: expect.stringMatching(/^Camera yard has no profile "no.profile \d"; it has main, sub\.$/),
      });
    }
    expect(asked).toEqual([]);
  });

  it('of a camera that is being connected to anew is tried otherwise, and its address is asked again', async () => {
    const { snapshots, asked, steps } = setUp({ camera: new DOMException('This operation was aborted', 'AbortError') });
    expect(await snapshots.take()).toEqual(PULLED);
    await vi.advanceTimersByTimeAsync(1001);
    steps.camera = OF_CAMERA;
    expect(await snapshots.take()).toEqual({ jpeg: OF_CAMERA, takenAt: null });
    expect(asked).toEqual(['at hand any', 'camera main', 'pull any', 'at hand any', 'camera main']);
    expect(await setUp().snapshots.take()).toEqual(PULLED);
  });
});
