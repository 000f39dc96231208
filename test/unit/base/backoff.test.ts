import { describe, expect, it } from 'vitest';
import { Backoff } from '../../../src/base/backoff.ts';

describe('waits between attempts', () => {
  it('double up to the cap, and start over after a success', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1000, jitter: 0 });
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.next())).toEqual([100, 200, 400, 800, 1000, 1000]);
    expect(backoff.failures).toBe(6);
    backoff.reset();
    expect(backoff.failures).toBe(0);
    expect(backoff.next()).toBe(100);
  });

  it('are shortened by up to the share of jitter', () => {
    const waits = [0, 0.5, 0.999].map((random) =>
      new Backoff({ firstMs: 1000, maxMs: 1000, jitter: 0.2, random: () => random }).next(),
    );
    expect(waits[0]).toBe(1000);
    expect(waits[1]).toBeCloseTo(900);
    expect(waits[2]).toBeGreaterThan(800);
    expect(waits[2]).toBeLessThan(801);
  });

  it('can be capped for once', () => {
    const backoff = new Backoff({ firstMs: 4000, maxMs: 60_000, jitter: 0 });
    expect([backoff.next(3000), backoff.next(), backoff.next(3000), backoff.next()]).toEqual([3000, 8000, 3000, 32_000]);
  });

  it('stay finite however often it fails', () => {
    const backoff = new Backoff({ firstMs: 1, maxMs: Number.MAX_SAFE_INTEGER, jitter: 0 });
    for (let failures = 0; failures < 2000; failures += 1) backoff.next();
    expect(backoff.next()).toBe(2 ** 30);
  });
});
