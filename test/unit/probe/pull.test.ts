import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pull, type PullRequest } from '../../../src/probe/pull.ts';
import type { SimulatedCamera } from '../../../src/simulator/simulated-camera.ts';
import { CREDENTIALS, startSimulatedCamera } from '../../support/site.ts';

let simulated: SimulatedCamera;
let url: string;

beforeAll(async () => {
  ({ simulated, rtspUrl: url } = await startSimulatedCamera('yard'));
});
afterAll(() => simulated?.close());

function request(change: Partial<PullRequest> = {}): PullRequest {
  return {
    url,
    credentials: CREDENTIALS,
    transport: undefined,
    tls: undefined,
    durationMs: 60_000,
    signal: new AbortController().signal,
    onProgress: () => undefined,
    ...change,
  };
}

describe('a stream that is pulled for a while', () => {
  it('has what was measured by then when it is interrupted', async () => {
    const interrupted = new AbortController();
    const { figures, reason, transport } = await pull(
      request({
        signal: interrupted.signal,
        onProgress: (_, { video }) => {
          if ((video?.frames ?? 0) > 5) interrupted.abort();
        },
      }),
    );
    expect(figures?.video).toMatchObject({ codec: 'H264', passed: true, format: { width: 1280, height: 720 } });
    expect(figures?.video?.frames).toBeGreaterThan(5);
    expect([reason, transport]).toEqual([null, 'tcp']);
  });

  it('has it, too, where the camera goes away meanwhile, and says why', async () => {
    let reboot: Promise<void> | undefined;
    const { figures, reason } = await pull(
      request({
        onProgress: (_, { video }) => {
          if ((video?.frames ?? 0) > 5) reboot ??= simulated.reboot(0);
        },
      }),
    );
    await reboot;
    expect(figures?.video?.frames).toBeGreaterThan(5);
    expect(reason?.code).toBe('rtsp.closed');
  });

  it('has nothing where it was interrupted before it played, or was refused', async () => {
    const nothing = { figures: null, transport: null, seconds: null };
    expect(await pull(request({ signal: AbortSignal.abort() }))).toMatchObject({ ...nothing, reason: null });
    const refused = await pull(request({ credentials: { username: 'viewer', password: 'wrong' } }));
    expect(refused).toMatchObject({ ...nothing, reason: { code: 'rtsp.unauthorized' } });
  });
});
