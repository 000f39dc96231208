import { afterEach, describe, expect, it, vi } from 'vitest';
import { RtspSource, type RtspSourceOptions } from '../../src/camera/rtsp/source.ts';
import { startGstRtspServer, type GstRtspServer, type GstRtspServerOptions } from '../support/gst-rtsp-server.ts';

const PATIENCE = { timeout: 15_000, interval: 20 };

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function serverWith(options: GstRtspServerOptions = {}): Promise<GstRtspServer> {
  const server = await startGstRtspServer(options);
  cleanUps.push(() => server.close());
  return server;
}

function sourceOf(
  url: string,
  options: Partial<RtspSourceOptions> = {},
): { source: RtspSource; states: string[]; tracks: number[] } {
  const states: string[] = [];
  const tracks: number[] = [];
  const source = new RtspSource({
    url,
    onState: (state, reason) => states.push(reason === undefined ? state : `${state} ${reason.code}`),
    onTracks: (each) => tracks.push(each.length),
    onRtp: () => undefined,
    ...options,
  });
  cleanUps.push(() => source.close());
  source.start();
  return { source, states, tracks };
}

describe('RTSP source against gst-rtsp-server', () => {
  it('plays on after the server was killed and came back on the same port', async () => {
    const server = await serverWith();
    const { source, states, tracks } = sourceOf(server.url);
    await vi.waitFor(() => expect(states).toEqual(['connecting', 'playing']), PATIENCE);
    await server.close();
    await vi.waitFor(() => expect(states).toContain('failed rtsp.unreachable'), PATIENCE);
    await serverWith({ port: server.port });
    const returned = performance.now();
    await vi.waitFor(() => expect(states.at(-1)).toBe('playing'), PATIENCE);
    // Waits are capped at 3 s while somebody watches.
    expect(performance.now() - returned).toBeLessThan(5000);
    expect(states.slice(0, 4)).toEqual(['connecting', 'playing', 'failed rtsp.closed', 'failed rtsp.unreachable']);
    expect(tracks).toEqual([2, 2]);
    expect(source.counters.reconnects).toBeGreaterThan(1);
  });

  it('says plainly that the password is wrong, the stream is missing, nobody is there', async () => {
    const server = await serverWith({ auth: { scheme: 'basic', username: 'viewer', password: 'right' } });
    const credentials = { username: 'viewer', password: 'right' };
    const wrong = sourceOf(server.url, { credentials: { ...credentials, password: 'wrong' } });
    await vi.waitFor(() => expect(wrong.states).toEqual(['connecting', 'failed rtsp.unauthorized']), PATIENCE);
    const missing = sourceOf(`${server.url}-none`, { credentials });
    await vi.waitFor(() => expect(missing.states).toContain('failed rtsp.not_found'), PATIENCE);
    await server.close();
    const gone = sourceOf(server.url, { credentials });
    await vi.waitFor(() => expect(gone.states).toContain('failed rtsp.unreachable'), PATIENCE);
  });
});
