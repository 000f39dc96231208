import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pacer, type PacedPacket } from '../../../../src/peer/egress/pacer.ts';

let now = 0;
let sent: PacedPacket[] = [];

/** 1000 bytes each; 1000 bytes a millisecond may go, and 5000 at once. */
function pacer(maxQueuedBytes = 100_000): Pacer {
  return new Pacer({
    bytesPerSecond: 1_000_000,
    burstBytes: 5000,
    maxQueuedBytes,
    now: () => now,
    send: (packet) => sent.push(packet),
  });
}

function packets(count: number): PacedPacket[] {
  return Array.from({ length: count }, (_, index) => ({
    payload: Buffer.alloc(1000),
    payloadType: 102,
    marker: false,
    timestamp: index,
  }));
}

function pass(milliseconds: number): void {
  for (let elapsed = 0; elapsed < milliseconds; elapsed += 1) {
    now += 1;
    vi.advanceTimersByTime(1);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  now = 1_000_000;
  sent = [];
});

afterEach(() => {
  vi.useRealTimers();
});

describe('pacer', () => {
  it('lets packets pass at once while the burst lasts', () => {
    pacer().push(packets(5));
    expect(sent).toHaveLength(5);
  });

  it('spreads what is more at its rate, in order, and keeps no timer when it is done', () => {
    const paced = pacer();
    paced.push(packets(30));
    expect(sent).toHaveLength(5);
    expect(paced.queuedBytes).toBe(25_000);
    pass(10);
    expect(sent.length).toBeGreaterThanOrEqual(13);
    expect(sent.length).toBeLessThanOrEqual(16);
    pass(20);
    expect(sent.map(({ timestamp }) => timestamp)).toEqual(Array.from({ length: 30 }, (_, index) => index));
    expect([paced.queuedBytes, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('keeps what comes later behind what waits', () => {
    const paced = pacer();
    paced.push(packets(10));
    paced.push([{ payload: Buffer.alloc(1), payloadType: 102, marker: true, timestamp: 99 }]);
    pass(20);
    expect(sent.at(-1)?.timestamp).toBe(99);
    expect(sent).toHaveLength(11);
  });

  it('saves no more than a burst over a pause', () => {
    const paced = pacer();
    paced.push(packets(5));
    now += 60_000;
    paced.push(packets(20));
    expect(sent).toHaveLength(10);
  });

  it('goes on at its rate when the clock is set back or ahead', () => {
    const paced = pacer();
    paced.push(packets(20));
    now -= 3_600_000;
    pass(4);
    expect(sent.length).toBeGreaterThan(5);
    pass(30);
    expect(sent).toHaveLength(20);
    now += 3_600_000;
    paced.push(packets(20));
    expect(sent).toHaveLength(25);
  });

  it('takes nothing more while too much waits, and all again once it has gone', () => {
    const paced = pacer(10_000);
    expect(paced.push(packets(20))).toBe(true);
    expect(paced.push(packets(1))).toBe(false);
    pass(10);
    expect(paced.push(packets(1))).toBe(true);
    pass(30);
    expect(sent).toHaveLength(21);
  });

  it('forgets what waits when it is cleared, and says how much that was', () => {
    const paced = pacer();
    paced.push(packets(12));
    expect(paced.clear()).toBe(7);
    expect([paced.queuedBytes, vi.getTimerCount()]).toEqual([0, 0]);
    pass(20);
    expect(sent).toHaveLength(5);
    expect(paced.clear()).toBe(0);
  });
});
