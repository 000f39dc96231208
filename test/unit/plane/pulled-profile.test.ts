import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { atOnce } from '../../../src/base/dial-stagger.ts';
import { silentLogger } from '../../../src/base/log.ts';
import type { CameraSource } from '../../../src/plane/messages.ts';
import { RequestPace } from '../../../src/media/keyframe-policy.ts';
import { PulledProfile } from '../../../src/plane/pulled-profile.ts';

const LINGER_MS = 10_000;
const PROFILE = { token: 'main', uri: 'rtsp://127.0.0.1:9/main', audio: false, metadata: true };
const CAMERA: CameraSource = { id: 'yard', profiles: [PROFILE], clockOffsetMs: 0 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A profile of a camera that does not answer, and the states that it told. */
function pulledProfile(): { pulled: PulledProfile; states: string[] } {
  const states: string[] = [];
  const pulled = new PulledProfile({
    camera: CAMERA,
    profile: PROFILE,
    lingerMs: LINGER_MS,
    keyframeCacheBytes: 1e6,
    turn: atOnce,
    clock: { now: () => 0 },
    logger: silentLogger,
    onState: (state) => {
      if (states.at(-1) !== state) states.push(state);
    },
    keyframePace: new RequestPace(),
    onKeyframeWanted: () => undefined,
  });
  onTestFinished(() => pulled.close());
  return { pulled, states };
}

it('a profile is not pulled before somebody watches, and says of itself what is known without', () => {
  const { pulled, states } = pulledProfile();
  expect(states).toEqual([]);
  expect([pulled.audio, pulled.metadata]).toEqual([false, true]);
  pulled.retain();
  expect(states).toEqual(['connecting']);
});

it('a profile is let go a while after its last viewer, and not sooner', () => {
  const { pulled, states } = pulledProfile();
  pulled.retain();
  pulled.retain();
  pulled.release();
  vi.advanceTimersByTime(2 * LINGER_MS);
  expect(states).not.toContain('idle');
  pulled.release();
  vi.advanceTimersByTime(LINGER_MS - 1);
  expect(states).not.toContain('idle');
  vi.advanceTimersByTime(1);
  expect(states.at(-1)).toBe('idle');
});

it('a profile stays pulled when another viewer comes in that while', () => {
  const { pulled, states } = pulledProfile();
  pulled.retain();
  pulled.release();
  vi.advanceTimersByTime(LINGER_MS - 1);
  pulled.retain();
  vi.advanceTimersByTime(2 * LINGER_MS);
  expect(states).not.toContain('idle');
});

it('a profile that was let go is pulled again for the next viewer', () => {
  const { pulled, states } = pulledProfile();
  pulled.retain();
  pulled.release();
  vi.advanceTimersByTime(LINGER_MS);
  pulled.retain();
  expect(states.slice(-2)).toEqual(['idle', 'connecting']);
});

it('a profile that nobody watches is not pulled by a change of its address', async () => {
  const { pulled, states } = pulledProfile();
  await pulled.update(CAMERA, { ...PROFILE, uri: 'rtsp://127.0.0.1:9/other' });
  expect(states).toEqual([]);
});

it('a closed profile leaves no timer', async () => {
  const { pulled } = pulledProfile();
  pulled.retain();
  pulled.release();
  await pulled.close();
  await pulled.close();
  expect(vi.getTimerCount()).toBe(0);
});

it('a profile that is closed while its address changes is not pulled again, whoever still watches', async () => {
  const { pulled, states } = pulledProfile();
  pulled.retain();
  const updated = pulled.update(CAMERA, { ...PROFILE, uri: 'rtsp://127.0.0.1:9/other' });
  await pulled.close();
  await updated;
  pulled.retain();
  pulled.release();
  pulled.release();
  expect(states).toEqual(['connecting', 'idle']);
  expect(vi.getTimerCount()).toBe(0);
});
