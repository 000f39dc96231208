import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { DialStagger } from '../../../src/base/dial-stagger.ts';
import { GatewayError } from '../../../src/base/errors.ts';
import { Camera } from '../../../src/camera/camera.ts';

const CAMERAS = 200;

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') }));
afterEach(() => void vi.useRealTimers());

/** Most of the times that lie within so many milliseconds. */
function mostWithin(times: readonly number[], spanMs: number): number {
  return Math.max(...times.map((time) => times.filter((other) => other >= time && other < time + spanMs).length));
}

it('200 cameras that are away, from the start on, are dialed one after the other, at the start and at each retry', async () => {
  const stagger = new DialStagger();
  const dials: { id: string; at: number }[] = [];
  const cameras = Array.from({ length: CAMERAS }, (_, index) => {
    const id = `camera-${index}`;
    return new Camera({
      id,
      name: id,
      onvif: { host: `192.0.2.${index}`, port: 80 },
      turn: stagger.turn,
      connect: () => {
        dials.push({ id, at: performance.now() });
        return Promise.reject(new GatewayError('camera.unreachable', 'It refuses connections.'));
      },
    });
  });
  for (const camera of cameras) camera.start();
  await vi.advanceTimersByTimeAsync(0);
  // Who waits for its turn says neither that it is there nor that it failed.
  expect(cameras.map(({ status }) => status.state)).toEqual([
    'failed',
    ...Array.from({ length: CAMERAS - 1 }, () => 'connecting'),
  ]);
  await vi.advanceTimersByTimeAsync(60_000);
  for (const camera of cameras) camera.close();
  expect(
    mostWithin(
      dials.map(({ at }) => at),
      100,
    ),
  ).toBe(4);
  expect(new Set(dials.slice(0, CAMERAS).map(({ id }) => id)).size).toBe(CAMERAS);
  for (const { id, status } of cameras) {
    expect(dials.filter((dial) => dial.id === id).length).toBeGreaterThanOrEqual(3);
    expect(status).toMatchObject({ state: 'failed', reason: { code: 'camera.unreachable' } });
    // Since its first attempt, whatever came after.
    expect(status.since).toBeLessThan(Date.parse('2026-01-01T00:00:06Z'));
  }
});

it('a camera that waits for its turn again keeps saying why it failed', async () => {
  let waits = 0;
  const camera = new Camera({
    id: 'yard',
    name: 'Yard',
    onvif: { host: '192.0.2.1', port: 80 },
    // Its second turn never comes.
    turn: () => (waits++ === 0 ? Promise.resolve() : new Promise(() => undefined)),
    connect: () => Promise.reject(new GatewayError('camera.unreachable', 'It refuses connections.')),
  });
  camera.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(waits).toBe(2);
  expect(camera.status).toMatchObject({ state: 'failed', reason: { code: 'camera.unreachable' } });
  camera.close();
});

it('a camera that is closed while it waits is not dialed', async () => {
  const stagger = new DialStagger({ everyMs: 1000 });
  const connect = vi.fn(() => Promise.reject(new Error('away')));
  const [first, second] = ['a', 'b'].map(
    (id) => new Camera({ id, name: id, onvif: { host: id, port: 80 }, turn: stagger.turn, connect }),
  );
  first?.start();
  second?.start();
  second?.close();
  first?.close();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(connect).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(0);
});
