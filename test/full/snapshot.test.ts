import { spawnSync } from 'node:child_process';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CameraOptions } from '../../src/camera/camera.ts';
import { readClipTime } from '../../src/simulator/clip-time-mark.ts';
import type { SimulatedCamera } from '../../src/simulator/simulated-camera.ts';
import { watchHeadless } from '../support/headless-viewer.ts';
import { startSimulatedCamera, startSite, type Site } from '../support/site.ts';

const WAIT = { timeout: 20_000, interval: 20 };
const CLIP_MS = 10_000;

async function setUp(options: (camera: CameraOptions, rtspUrl: string) => CameraOptions = (camera) => camera): Promise<{
  site: Site;
  simulated: SimulatedCamera;
  url: string;
}> {
  const { simulated, camera, rtspUrl } = await startSimulatedCamera('yard');
  onTestFinished(() => simulated.close());
  const site = await startSite([options(camera, rtspUrl)]);
  onTestFinished(() => site.close());
  await vi.waitFor(() => {
    expect(site.gateway.cameras()[0]).toMatchObject({ state: 'online', signaling: { state: 'registered' } });
  }, WAIT);
  return { site, simulated, url: `${site.url}/api/cameras/yard/snapshot.jpg` };
}

/** What ffmpeg makes of a JPEG: its size and its points. */
function decode(jpeg: Buffer): { width: number; height: number; luma: Buffer } {
  const probe = spawnSync('ffprobe', ['-v', 'error', '-of', 'json', '-show_streams', '-f', 'image2pipe', '-i', '-'], {
    input: jpeg,
  });
  const { streams } = JSON.parse(probe.stdout.toString()) as { streams: { codec_name: string; width: number; height: number }[] };
  const [stream] = streams;
  if (stream?.codec_name !== 'mjpeg') throw new Error(`no JPEG but ${probe.stdout.toString()}`);
  const decoding = ['-v', 'error', '-f', 'image2pipe', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'gray', '-'];
  const { stdout } = spawnSync('ffmpeg', decoding, { input: jpeg, maxBuffer: 64 * 1024 * 1024 });
  return { width: stream.width, height: stream.height, luma: stdout };
}

/** Milliseconds from one clip time to another, which may be in the next run of the clip. */
function elapsed(from: number, to: number): number {
  return (((to - from) % CLIP_MS) + CLIP_MS) % CLIP_MS;
}

async function fetchPicture(
  url: string,
): Promise<{ clipMs: number | undefined; width: number; height: number; response: Response }> {
  const response = await fetch(url);
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${response.status}: ${body.toString()}`);
  const { width, height, luma } = decode(body);
  return { clipMs: readClipTime(luma, width, height), width, height, response };
}

describe('a snapshot', () => {
  it('shows the newest keyframe of the profile that is pulled, says when it was taken, and pulls nothing else', async () => {
    const { site, simulated, url } = await setUp();
    const { session } = await watchHeadless(site, 'yard', 'sub');
    await vi.waitFor(async () => expect((await session.stats()).framesDecoded).toBeGreaterThan(0), WAIT);
    // The clip jumps to a keyframe for a viewer that joins; from then on its time goes evenly.
    const keyframes = async (): Promise<number> => (await site.gateway.mediaStats()).streams[0]?.keyframes ?? 0;
    const joined = await keyframes();
    await vi.waitFor(async () => expect(await keyframes()).toBeGreaterThan(joined + 1), WAIT);
    const askedAt = Date.now();
    const { clipMs, width, height, response } = await fetchPicture(url);
    expect([width, height]).toEqual([640, 360]);
    expect(response.headers.get('content-type')).toBe('image/jpeg');
    expect(response.headers.get('cache-control')).toBe('no-store');
    // A keyframe begins each two seconds of the clip.
    expect((clipMs ?? Number.NaN) % 2000).toBe(0);
    const taken = Date.parse(response.headers.get('last-modified') ?? '');
    expect(askedAt - taken).toBeLessThan(11_000);
    // The header has whole seconds, rounded down.
    expect(elapsed(simulated.timeline.clipTimeAt(taken - 300), clipMs ?? Number.NaN)).toBeLessThan(1600);
    expect((await site.gateway.mediaStats()).streams.map(({ profile }) => profile)).toEqual(['sub']);
  });

  it('pulls the camera where nobody watches, the profile that is asked for, and lets it go', async () => {
    const { site, url } = await setUp();
    const [main, sub] = await Promise.all([fetchPicture(url), fetchPicture(`${url}?profile=sub`)]);
    expect([main.width, main.height, sub.width, sub.height]).toEqual([1280, 720, 640, 360]);
    expect([main.clipMs, sub.clipMs].every((clipMs) => clipMs !== undefined && clipMs % 2000 === 0)).toBe(true);
    expect((await site.gateway.mediaStats()).streams.map(({ readers }) => readers)).toEqual([0, 0]);
  });

  it('is made of a camera by RTSP as well', async () => {
    const { url } = await setUp(({ id, name, credentials }, rtspUrl) => ({
      id,
      name,
      ...(credentials === undefined ? {} : { credentials }),
      rtsp: { only: rtspUrl },
    }));
    expect(await fetchPicture(url)).toMatchObject({ width: 1280, height: 720 });
  });

  it('says why there is none, and no password', async () => {
    const { simulated, url } = await setUp();
    await simulated.close();
    const response = await fetch(url);
    const text = await response.text();
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(JSON.parse(text)).toMatchObject({
      error: {
        code: 'snapshot.unavailable',
        message: expect.stringContaining('There is no picture of camera yard: '),
        advice: expect.any(String),
      },
    });
    expect(text).not.toContain('camera-password');
  });
});
