import type { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { RtspSource } from '../../../../src/camera/rtsp/source.ts';
import { ScriptedCamera } from './scripted-camera.ts';

const ATTEMPTS = 7;
const waits = vi.hoisted((): number[] => []);

// No time goes by between attempts, until there were enough.
vi.mock('node:timers/promises', async (load) => {
  const actual = await load<{ setTimeout: typeof delay }>();
  const setTimeout: typeof delay = (ms = 0, ...rest) => actual.setTimeout(waits.push(ms) < ATTEMPTS ? 0 : ms, ...rest);
  return { ...actual, setTimeout };
});

it('a password that was refused is shown once an attempt, after half a minute at first, at last once in five minutes', async () => {
  const camera = await new ScriptedCamera({
    DESCRIBE: () => ({ status: 401, headers: [['WWW-Authenticate', 'Digest realm="x", nonce="n"']] }),
  }).start();
  onTestFinished(() => camera.close());
  const source = new RtspSource({
    url: camera.url,
    credentials: { username: 'viewer', password: 'wrong' },
    onState: () => undefined,
    onTracks: () => undefined,
    onRtp: () => undefined,
  });
  onTestFinished(() => source.close());
  source.start();
  await vi.waitFor(() => expect(waits).toHaveLength(ATTEMPTS), { timeout: 20_000 });
  // Up to 30 % of each wait is taken off at random.
  for (const [index, seconds] of [30, 60, 120, 240, 300, 300, 300].entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(0.7 * seconds * 1000);
    expect(waits[index]).toBeLessThanOrEqual(seconds * 1000);
  }
  // Each attempt asks without and then with it.
  expect(camera.asked('DESCRIBE')).toHaveLength(2 * ATTEMPTS);
});
