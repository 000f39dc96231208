import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Reason } from '../../../../src/base/errors.ts';
import { createLogger } from '../../../../src/base/log.ts';
import { RtspSource, type RtspSourceOptions } from '../../../../src/camera/rtsp/source.ts';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import { recordingLogger } from '../../../support/site.ts';
import { ScriptedCamera, type Script } from './scripted-camera.ts';

const PACKET = Buffer.from([0x80, 0x60, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]);
const SOON = { firstMs: 1, maxMs: 5 };
const NEVER = { firstMs: 3_600_000, maxMs: 3_600_000 };
const VIDEO_AT_ONCE: Script = { PLAY: () => ({ behind: encodeInterleaved(0, PACKET) }) };

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function cameraWith(script: Script): Promise<ScriptedCamera> {
  const camera = await new ScriptedCamera(script).start();
  cleanUps.push(() => camera.close());
  return camera;
}

function sourceOf(camera: ScriptedCamera, options: Partial<RtspSourceOptions> = {}): { source: RtspSource; told: string[] } {
  const told: string[] = [];
  const source = new RtspSource({
    url: camera.url,
    backoff: SOON,
    unauthorizedBackoff: NEVER,
    onState: (state, reason) => told.push(reason === undefined ? state : `${state} ${reason.code}`),
    onTracks: (tracks) => told.push(`tracks ${tracks.length}`),
    onRtp: (track) => told.push(`rtp ${track.encodingName}`),
    ...options,
  });
  cleanUps.push(() => source.close());
  source.start();
  return { source, told };
}

describe('RTSP source', () => {
  it('is playing from the first packet on, and after close says nothing', async () => {
    const camera = await cameraWith(VIDEO_AT_ONCE);
    const { source, told } = sourceOf(camera);
    const expected = ['connecting', 'tracks 2', 'playing', 'rtp H264'];
    await vi.waitFor(() => expect(told).toEqual(expected));
    await source.close();
    expect(told).toEqual(expected);
    expect(camera.methods.at(-1)).toBe('TEARDOWN');
    expect(source.counters).toEqual({
      reconnects: 0,
      stalls: 0,
      bytesReceived: PACKET.length,
      garbageBytes: 0,
      datagramsRefused: 0,
    });
  });

  it('connects again when the camera hangs up', async () => {
    const camera = await cameraWith(VIDEO_AT_ONCE);
    const { source, told } = sourceOf(camera);
    await vi.waitFor(() => expect(told).toContain('playing'));
    camera.hangUp();
    await vi.waitFor(() => expect(told.slice(4)).toEqual(['failed rtsp.closed', 'tracks 2', 'playing', 'rtp H264']));
    expect(source.counters.reconnects).toBe(1);
  });

  it('tries until the camera answers, and stays failed meanwhile', async () => {
    const camera = await cameraWith({ DESCRIBE: () => ({ status: 503 }) });
    const { told } = sourceOf(camera);
    await vi.waitFor(() => expect(camera.asked('DESCRIBE').length).toBeGreaterThan(3));
    expect(new Set(told)).toEqual(new Set(['connecting', 'failed rtsp.status']));
    camera.script = VIDEO_AT_ONCE;
    await vi.waitFor(() => expect(told).toContain('playing'));
  });

  it('counts a camera as stalled that sends sound and no video, and asks it anew', async () => {
    const camera = await cameraWith(VIDEO_AT_ONCE);
    const { source, told } = sourceOf(camera, { stallMs: 200 });
    const sound = setInterval(() => camera.sendFrame(2, PACKET), 10);
    cleanUps.push(() => Promise.resolve(clearInterval(sound)));
    await vi.waitFor(() => expect(told).toContain('failed rtsp.stalled'), { timeout: 4000 });
    await vi.waitFor(() => expect(told.filter((each) => each === 'playing')).toHaveLength(2));
    expect(source.counters.stalls).toBe(1);
  });

  it('is content with sound where there is no video', async () => {
    const camera = await cameraWith({ DESCRIBE: () => ({ body: 'm=audio 0 RTP/AVP 0\r\n' }) });
    const { told } = sourceOf(camera);
    await vi.waitFor(() => expect(camera.methods).toContain('PLAY'));
    camera.sendFrame(0, PACKET);
    await vi.waitFor(() => expect(told).toEqual(['connecting', 'tracks 1', 'playing', 'rtp PCMU']));
  });

  it('asks no second time soon with a password that was refused', async () => {
    const locked = await cameraWith({ DESCRIBE: () => ({ status: 401, headers: [['WWW-Authenticate', 'Basic realm="x"']] }) });
    const missing = await cameraWith({ DESCRIBE: () => ({ status: 404 }) });
    const { told } = sourceOf(locked, { credentials: { username: 'u', password: 'p' } });
    await vi.waitFor(() => expect(told).toEqual(['connecting', 'failed rtsp.unauthorized']));
    sourceOf(missing);
    await vi.waitFor(() => expect(missing.asked('DESCRIBE').length).toBeGreaterThan(5));
    expect(locked.asked('DESCRIBE')).toHaveLength(2);
  });

  it('closes while it waits for the next attempt', async () => {
    const camera = await cameraWith({ DESCRIBE: () => ({ status: 404 }) });
    const { source, told } = sourceOf(camera, { backoff: NEVER });
    await vi.waitFor(() => expect(told).toContain('failed rtsp.not_found'));
    await source.close();
    expect(camera.asked('DESCRIBE')).toHaveLength(1);
  });

  it('warns once of each failure that a camera alternates between, and says that it plays again', async () => {
    const camera = await cameraWith({ DESCRIBE: (_, count) => ({ status: count % 2 === 0 ? 503 : 404 }) });
    const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
    sourceOf(camera, { logger });
    await vi.waitFor(() => expect(camera.asked('DESCRIBE').length).toBeGreaterThan(8));
    camera.script = VIDEO_AT_ONCE;
    await vi.waitFor(() => expect(String(lines.at(-1)?.['msg'])).toContain('plays again'));
    expect(lines.map(({ reason }) => (reason as Reason | undefined)?.code)).toEqual([
      ...['rtsp.status', 'rtsp.not_found'],
      undefined,
    ]);
  });

  it('closes while a request waits, without a word', async () => {
    // The client's own time-outs stand still, so that only the abort can end it.
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval'] });
    const camera = await cameraWith({ OPTIONS: () => ({ silent: true }) });
    const { source, told } = sourceOf(camera);
    await vi.waitFor(() => expect(camera.methods).toEqual(['OPTIONS']));
    await source.close();
    await source.close();
    expect(told).toEqual(['connecting']);
    await vi.waitFor(() => expect(camera.connections).toBe(0));
  });

  it('does not connect when closed before it started', async () => {
    const camera = await cameraWith({});
    const told: string[] = [];
    const source = new RtspSource({
      url: camera.url,
      onState: (state) => told.push(state),
      onTracks: () => undefined,
      onRtp: () => undefined,
    });
    await source.close();
    source.start();
    await source.close();
    expect(camera.requests).toEqual([]);
    expect(told).toEqual([]);
  });
});
