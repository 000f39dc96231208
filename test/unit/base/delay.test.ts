import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { delay } from '../../../src/base/delay.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('ends after its time, and leaves nothing at the signal', async () => {
  const { signal } = new AbortController();
  const ended = vi.fn<() => void>();
  void delay(1000, signal).then(ended);
  await vi.advanceTimersByTimeAsync(999);
  expect(ended).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toHaveBeenCalledOnce();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('ends at once when aborted, before or meanwhile, and leaves no timer', async () => {
  const controller = new AbortController();
  const meanwhile = delay(1000, controller.signal);
  controller.abort();
  await meanwhile;
  await delay(1000, controller.signal);
  expect(vi.getTimerCount()).toBe(0);
});
