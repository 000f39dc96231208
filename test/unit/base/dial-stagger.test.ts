import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DialStagger } from '../../../src/base/dial-stagger.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const FOREVER = new AbortController().signal;

/** When each of the addresses gets its turn, milliseconds from now; all of them ask at once. */
async function turns(stagger: DialStagger, addresses: readonly string[]): Promise<[string, number][]> {
  const start = performance.now();
  const given: [string, number][] = [];
  for (const address of addresses)
    void stagger.turn(address, FOREVER).then(() => given.push([address, performance.now() - start]));
  await vi.runAllTimersAsync();
  return given;
}

it('200 cameras that come at once dial one after the other, in their order, the first without a wait', async () => {
  const addresses = Array.from({ length: 200 }, (_, index) => `192.0.2.${index}:80`);
  const given = await turns(new DialStagger({ everyMs: 25 }), addresses);
  expect(given).toEqual(addresses.map((address, index) => [address, index * 25]));
});

it('who comes alone dials at once, also later', async () => {
  const stagger = new DialStagger({ everyMs: 25, sameAddressMs: 250 });
  expect(await turns(stagger, ['a'])).toEqual([['a', 0]]);
  await vi.advanceTimersByTimeAsync(250);
  expect(await turns(stagger, ['a'])).toEqual([['a', 0]]);
});

it('the inputs of one NVR dial it with longer pauses, in which others have their turn', async () => {
  const given = await turns(new DialStagger({ everyMs: 25, sameAddressMs: 100 }), ['nvr', 'nvr', 'nvr', 'yard', 'gate']);
  expect(given).toEqual([
    ['nvr', 0],
    ['yard', 25],
    ['gate', 50],
    ['nvr', 100],
    ['nvr', 200],
  ]);
});

it('who gives up leaves its place, and leaves neither timer nor listener', async () => {
  const stagger = new DialStagger({ everyMs: 1000 });
  const leaving = new AbortController();
  const given: string[] = [];
  const wait = (name: string, signal: AbortSignal) => stagger.turn(name, signal).then(() => given.push(name));
  void wait('first', FOREVER);
  const left = wait('leaver', leaving.signal);
  const last = new AbortController();
  void wait('last', last.signal);
  await vi.advanceTimersByTimeAsync(500);
  leaving.abort();
  await left;
  expect(given).toEqual(['first', 'leaver']);
  await vi.advanceTimersByTimeAsync(500);
  expect(given).toEqual(['first', 'leaver', 'last']);
  await wait('too late', leaving.signal);
  expect(vi.getTimerCount()).toBe(0);
  expect([leaving, last].map(({ signal }) => getEventListeners(signal, 'abort'))).toEqual([[], []]);
});

describe('a turn that is held', () => {
  it('is used later by who is busy: the next ones begin as far behind it as behind any other', async () => {
    const stagger = new DialStagger({ everyMs: 25, sameAddressMs: 100 });
    const busy = new AbortController();
    await stagger.hold('nvr', 0, busy.signal);
    setTimeout(() => busy.abort(), 300);
    expect(await turns(stagger, ['nvr', 'yard'])).toEqual([
      ['yard', 325],
      ['nvr', 400],
    ]);
    expect(getEventListeners(busy.signal, 'abort')).toEqual([]);
  });

  it('and never used holds the others up for a second', async () => {
    const stagger = new DialStagger({ everyMs: 25 });
    const stuck = new AbortController();
    await stagger.hold('a', 0, stuck.signal);
    expect(await turns(stagger, ['b', 'c'])).toEqual([
      ['b', 1025],
      ['c', 1050],
    ]);
    stuck.abort();
    expect(await turns(stagger, ['d'])).toEqual([['d', 25]]);
  });

  it('is not waited for by who gives up before', async () => {
    const stagger = new DialStagger({ everyMs: 25 });
    const leaving = new AbortController();
    await stagger.hold('a', 0, AbortSignal.abort());
    await stagger.hold('a', 0, leaving.signal);
    const second = new AbortController();
    const waiting = stagger.hold('b', 1, second.signal);
    second.abort();
    await waiting;
    leaving.abort();
    expect(await turns(stagger, ['c'])).toEqual([['c', 25]]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
