import { expect, it, onTestFinished, vi } from 'vitest';
import { Pacer } from '../../../../src/peer/egress/pacer.ts';

it('all that goes at once goes while the path is corked, a picture as well as each part of a keyframe', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let isCorked = false;
  let outside = 0;
  /** Packets between one cork and the next. */
  const bursts: number[] = [];
  const pacer = new Pacer({
    ...{ spreads: true, overheadBytes: 0, capacityBitsPerSecond: () => undefined, isBlocked: () => false },
    now: () => performance.now(),
    path: {
      cork: () => {
        isCorked = true;
        bursts.push(0);
      },
      uncork: () => (isCorked = false),
    },
    send: () => {
      if (!isCorked) outside += 1;
      bursts.push((bursts.pop() ?? 0) + 1);
    },
  });
  const push = (packets: number, keyframe: boolean): void => {
    const payloads = Array.from({ length: packets }, () => Buffer.alloc(1000));
    pacer.push({ payloads, payloadType: 102, timestamp: 0, keyframe, kept: undefined }, packets * 1000, 20);
  };
  push(16, false);
  expect([bursts, isCorked]).toEqual([[16], false]);
  push(100, true);
  vi.advanceTimersByTime(20);
  const [, ...parts] = bursts;
  expect(parts.length).toBeGreaterThan(5);
  expect(parts.reduce((sum, packets) => sum + packets)).toBe(100);
  expect([outside, isCorked]).toEqual([0, false]);
});
