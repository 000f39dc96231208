import { expect, it, onTestFinished, vi } from 'vitest';
import { Pacer } from '../../../../src/peer/egress/pacer.ts';

it('a path that becomes blocked while much is sent at once gets sixteen packets more at most, and the rest when it is free', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let sent = 0;
  let room = 20;
  const pacer = new Pacer({
    spreads: false,
    overheadBytes: 0,
    capacityBitsPerSecond: () => undefined,
    isBlocked: () => sent >= room,
    now: () => performance.now(),
    path: { cork: () => undefined, uncork: () => undefined },
    send: () => (sent += 1),
  });
  const payloads = Array.from({ length: 200 }, () => Buffer.alloc(1000));
  pacer.push({ payloads, payloadType: 102, timestamp: 0, keyframe: false, kept: undefined }, 200_000, 20);
  expect(sent).toBeGreaterThanOrEqual(20);
  expect(sent).toBeLessThanOrEqual(20 + 16);
  room = Number.POSITIVE_INFINITY;
  vi.advanceTimersByTime(10);
  expect(sent).toBe(200);
});

it('a path with a limit holds pictures up for no more than a tenth of a second for what else was sent on it at once', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let sent = 0;
  const pacer = new Pacer({
    spreads: true,
    overheadBytes: 0,
    capacityBitsPerSecond: () => 800_000,
    isBlocked: () => false,
    now: () => performance.now(),
    path: { cork: () => undefined, uncork: () => undefined },
    send: () => (sent += 1),
  });
  const payloads = Array.from({ length: 200 }, () => Buffer.alloc(1000));
  pacer.push({ payloads, payloadType: 102, timestamp: 0, keyframe: false, kept: undefined }, 200_000, 20);
  vi.advanceTimersByTime(100);
  pacer.spend(1_000_000);
  const before = sent;
  vi.advanceTimersByTime(90);
  expect(sent).toBe(before);
  vi.advanceTimersByTime(30);
  expect(sent).toBeGreaterThan(before);
  pacer.clear();
});
