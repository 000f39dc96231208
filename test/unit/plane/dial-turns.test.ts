import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AskedTurns, GivenTurns } from '../../../src/plane/dial-turns.ts';

/** Two workers and the control plane, without threads in between. The first takes nothing in while it is `busy`, and takes everything in late once it is `slow`. */
function workers(): { asked: AskedTurns[]; restart: () => void; busy: (forMs: number) => void; slow: (byMs: number) => void } {
  const asked: AskedTurns[] = [];
  let busyUntil = 0;
  let slowMs = 0;
  const given: GivenTurns = new GivenTurns((worker, message) => {
    const take = (): void => {
      if (message.type === 'turn.given') asked[worker]?.given(message.turnId);
    };
    const waitMs = worker === 0 ? Math.max(slowMs, busyUntil - performance.now()) : 0;
    if (waitMs > 0) setTimeout(take, waitMs);
    else take();
  });
  const start = (worker: number): void => {
    asked[worker] = new AskedTurns((message) => {
      if (message.type === 'turn.wanted' || message.type === 'turn.done') given.hear(worker, message);
    });
  };
  start(0);
  start(1);
  const restart = (): void => {
    given.forget(0);
    start(0);
  };
  const busy = (forMs: number): void => void (busyUntil = performance.now() + forMs);
  return { asked, restart, busy, slow: (byMs) => void (slowMs = byMs) };
}

const NVR = '192.0.2.10';
const never = new AbortController().signal;

/** Asks for a turn, and notes the name of who asked once it is given. */
async function ask(turns: AskedTurns | undefined, name: string, order: string[], address = NVR, signal = never): Promise<void> {
  await turns?.turn(address, signal);
  order.push(name);
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('turns to connect', () => {
  it('to one recorder are given one after the other, whichever workers its inputs are in', async () => {
    const { asked } = workers();
    const order: string[] = [];
    for (const [index, name] of ['a', 'b', 'c', 'd'].entries()) void ask(asked[index % 2], name, order);
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(100);
    expect(order).toEqual(['a', 'b']);
    await vi.advanceTimersByTimeAsync(200);
    expect(order).toEqual(['a', 'b', 'c', 'd']);
  });

  it('are spaced also where a worker is busy, which would use all at once that it was given meanwhile', async () => {
    const { asked, busy } = workers();
    const order: string[] = [];
    busy(300);
    for (const name of ['a', 'b', 'c']) void ask(asked[0], name, order, name);
    void ask(asked[1], 'd', order, 'd');
    await vi.advanceTimersByTimeAsync(299);
    expect(order).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(order).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(25);
    expect(order).toEqual(['a', 'b']);
    await vi.advanceTimersByTimeAsync(50);
    expect(order).toEqual(['a', 'b', 'c', 'd']);
  });

  it('of a worker that is stuck hold up those of another once, for a second, however many they are', async () => {
    const { asked, busy } = workers();
    const order: string[] = [];
    busy(60_000);
    for (const name of ['a', 'b', 'c', 'd']) void ask(asked[0], name, order, name);
    for (const name of ['e', 'f']) void ask(asked[1], name, order, name);
    await vi.advanceTimersByTimeAsync(1024);
    expect(order).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(order).toEqual(['e']);
    await vi.advanceTimersByTimeAsync(25);
    expect(order).toEqual(['e', 'f']);
    // It goes on where it was, spaced as ever.
    await vi.advanceTimersByTimeAsync(58_950);
    expect(order).toEqual(['e', 'f', 'a']);
    await vi.advanceTimersByTimeAsync(50);
    expect(order).toEqual(['e', 'f', 'a', 'b', 'c']);
  });

  it('of a worker that is slow each time hold up those of another the first time, and later only at the same address', async () => {
    const { asked, slow } = workers();
    const order: string[] = [];
    slow(300);
    for (const name of ['a', 'b', 'c']) void ask(asked[0], name, order, name);
    await vi.advanceTimersByTimeAsync(325);
    expect(order).toEqual(['a']);
    void ask(asked[1], 'also b', order, 'b');
    for (let index = 0; index < 8; index += 1) void ask(asked[1], `${index}`, order, `other ${index}`);
    await vi.advanceTimersByTimeAsync(8 * 25);
    expect(order).toEqual(['a', '0', '1', '2', '3', '4', '5', '6', '7']);
    await vi.advanceTimersByTimeAsync(100);
    expect(order.slice(9)).toEqual(['b']);
    await vi.advanceTimersByTimeAsync(100);
    expect(order.slice(9)).toEqual(['b', 'also b']);
    await vi.advanceTimersByTimeAsync(225);
    expect(order.slice(9)).toEqual(['b', 'also b', 'c']);
  });

  it('that are given up are waited for no more, there and here', async () => {
    const { asked } = workers();
    const order: string[] = [];
    const abort = new AbortController();
    void ask(asked[0], 'a', order);
    void ask(asked[0], 'given up', order, NVR, abort.signal);
    void ask(asked[1], 'c', order);
    await vi.advanceTimersByTimeAsync(0);
    abort.abort();
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['a', 'given up']);
    await vi.advanceTimersByTimeAsync(100);
    expect(order).toEqual(['a', 'given up', 'c']);
  });

  it('of a worker that died hold nobody up, and are not taken for those of the next', async () => {
    const { asked, restart } = workers();
    const order: string[] = [];
    void ask(asked[0], 'a', order);
    for (const name of ['dead', 'dead too']) void ask(asked[0], name, order);
    await vi.advanceTimersByTimeAsync(0);
    restart();
    void ask(asked[1], 'b', order);
    for (const name of ['c', 'd', 'e']) void ask(asked[0], name, order);
    await vi.advanceTimersByTimeAsync(100);
    expect(order).toEqual(['a', 'b']);
    await vi.advanceTimersByTimeAsync(100);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  it('are not asked for by who has given up already', async () => {
    const post = vi.fn();
    await new AskedTurns(post).turn(NVR, AbortSignal.abort());
    expect(post).not.toHaveBeenCalled();
  });
});
