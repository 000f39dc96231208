import { describe, expect, it } from 'vitest';
import { DeliveredRate } from '../../../../src/peer/congestion/delivered-rate.ts';

/** Packets of 1000 bytes that arrive so far apart, and waited so long. */
function take(rate: DeliveredRate, packets: number, firstMs: number, everyMs: number, queueMs = 0): void {
  for (let packet = 0; packet < packets; packet += 1) rate.take(1000, firstMs + packet * everyMs, queueMs);
}

describe('the delivered rate', () => {
  it('is not known before half a second', () => {
    const rate = new DeliveredRate();
    take(rate, 49, 0, 10);
    expect(rate.bitsPerSecond).toBeUndefined();
    take(rate, 20, 490, 10);
    expect(rate.bitsPerSecond).toBe(800_000);
  });

  it('is over the last half second, pauses among it', () => {
    const rate = new DeliveredRate();
    take(rate, 100, 0, 10);
    take(rate, 25, 1200, 1);
    expect(rate.bitsPerSecond).toBeCloseTo(((29 + 25) * 8000) / 0.5, -5);
  });

  it('is that of the path while it has a queue: the pause before does not count', () => {
    const rate = new DeliveredRate();
    take(rate, 100, 0, 10);
    take(rate, 51, 1200, 2, 20);
    expect(rate.bitsPerSecond).toBe(4_000_000);
    take(rate, 1, 1302, 2, 0);
    expect(rate.bitsPerSecond).toBeLessThan(1_500_000);
  });

  it('says what the path carries, or did when it was last busy within half a second', () => {
    const rate = new DeliveredRate();
    take(rate, 100, 0, 10);
    expect(rate.carriedBitsPerSecond).toBeUndefined();
    take(rate, 51, 1200, 2, 20);
    expect(rate.carriedBitsPerSecond).toBe(4_000_000);
    take(rate, 16, 1330, 30);
    expect(rate.bitsPerSecond).toBeLessThan(1_500_000);
    expect(rate.carriedBitsPerSecond).toBe(4_000_000);
    take(rate, 2, 1810, 30);
    expect(rate.carriedBitsPerSecond).toBeUndefined();
  });

  it('does not count a pause between two queues, though nothing came that had found none', () => {
    const rate = new DeliveredRate();
    take(rate, 100, 0, 10);
    take(rate, 40, 1000, 10, 80);
    // What is first behind the pause waits for itself, as on a slow link; sound of which nothing is known went in between.
    rate.take(1000, 1800, 20, 5000);
    expect(rate.carriedBitsPerSecond).toBe(800_000);
    take(rate, 10, 1810, 10, 30);
    expect(rate.carriedBitsPerSecond).toBe(800_000);
  });

  it('counts what nothing is said of to what the path carries while it has a queue', () => {
    const rate = new DeliveredRate();
    take(rate, 100, 0, 10);
    for (let packet = 0; packet < 30; packet += 1) rate.take(1000, 1000 + packet * 10, 20, 250);
    expect(rate.carriedBitsPerSecond).toBeCloseTo(1_000_000, -4);
  });

  it('does not take a clump for a path', () => {
    const rate = new DeliveredRate();
    take(rate, 100, 0, 10);
    take(rate, 20, 1000, 0.1, 20);
    expect(rate.bitsPerSecond).toBeLessThan(1_200_000);
  });

  it('counts what is not known of evenly over the time in which it was sent', () => {
    const rate = new DeliveredRate();
    take(rate, 100, 0, 10);
    rate.take(1000, 1200, 0, 20_000);
    for (const later of [1200, 1400, 1600]) {
      take(rate, 20, later + 10, 10);
      expect(rate.bitsPerSecond).toBeCloseTo(800_000, -5);
    }
  });
});
