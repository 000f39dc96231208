import { afterEach, describe, expect, it, vi } from 'vitest';
import { encodeInterleaved } from '../../../../src/camera/rtsp/interleaved.ts';
import { RtspSource, type RtspSourceOptions } from '../../../../src/camera/rtsp/source.ts';
import { ScriptedCamera, type Script } from './scripted-camera.ts';

const PACKET = Buffer.from([0x80, 0x60, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9]);
const FOR_EVER = 3_600_000;
const PATIENCE = { timeout: 5000, interval: 5 };

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** A source whose watchdog looks after 200 ms, at a camera that sends one packet and then only what the test says. */
async function pulled(
  script: Script,
  options: Partial<RtspSourceOptions>,
): Promise<{ camera: ScriptedCamera; source: RtspSource; told: string[] }> {
  const camera = await new ScriptedCamera({ PLAY: () => ({ behind: encodeInterleaved(0, PACKET) }), ...script }).start();
  cleanUps.push(() => camera.close());
  const told: string[] = [];
  const source = new RtspSource({
    url: camera.url,
    stallMs: 200,
    backoff: { firstMs: FOR_EVER, maxMs: FOR_EVER },
    onState: (state, reason) => told.push(reason === undefined ? state : `${state} ${reason.code}`),
    onTracks: () => undefined,
    onPlay: () => told.push('play'),
    onRtp: () => undefined,
    ...options,
  });
  cleanUps.push(() => source.close());
  source.start();
  return { camera, source, told };
}

describe('a camera whose video stops', () => {
  it('is silent while it answers: it keeps its connection, and plays on where it sends again', async () => {
    const { camera, source, told } = await pulled({}, { silenceMs: FOR_EVER });
    await vi.waitFor(() => expect(told.at(-1)).toBe('failed rtsp.silent'), PATIENCE);
    // The session lives on, and is asked again.
    await vi.waitFor(() => expect(camera.asked('OPTIONS').length).toBeGreaterThan(4), PATIENCE);
    camera.sendFrame(0, PACKET);
    await vi.waitFor(() => expect(told.slice(-3)).toEqual(['failed rtsp.silent', 'playing', 'play']), PATIENCE);
    expect(told.filter((each) => each === 'failed rtsp.silent')).toHaveLength(1);
    expect([camera.asked('PLAY').length, source.counters.stalls, source.counters.reconnects]).toEqual([1, 0, 0]);
  });

  it('is asked anew when its silence lasts, since its encoder may hang', async () => {
    const { camera, source } = await pulled({}, { silenceMs: 400, backoff: { firstMs: 1, maxMs: 5 } });
    await vi.waitFor(() => expect(camera.asked('PLAY').length).toBeGreaterThan(1), PATIENCE);
    expect(camera.methods).toContain('TEARDOWN');
    expect(source.counters.stalls).toBe(0);
  });

  it('has stalled when it does not answer either', async () => {
    const { source, told } = await pulled(
      { OPTIONS: (_, count) => ({ silent: count > 0 }), TEARDOWN: () => ({ hangUp: true }) },
      { silenceMs: FOR_EVER },
    );
    await vi.waitFor(() => expect(told.at(-1)).toBe('failed rtsp.stalled'), PATIENCE);
    expect(told).not.toContain('failed rtsp.silent');
    expect(source.counters.stalls).toBe(1);
  });

  it('has stalled when it answers and goes on with its sound', async () => {
    const { camera, told } = await pulled({}, { silenceMs: FOR_EVER });
    const sound = setInterval(() => camera.sendFrame(2, PACKET), 10);
    cleanUps.push(() => Promise.resolve(clearInterval(sound)));
    await vi.waitFor(() => expect(told.at(-1)).toBe('failed rtsp.stalled'), PATIENCE);
  });
});
