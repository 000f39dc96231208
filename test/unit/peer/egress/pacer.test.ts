import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OutgoingFrame } from '../../../../src/peer/egress/outgoing-frame.ts';
import { Pacer } from '../../../../src/peer/egress/pacer.ts';

/** Of every packet here. */
const PACKET_BYTES = 1000;
/** Half a frame interval at 25 pictures a second. */
const WITHIN_MS = 20;
/** How often it sends. */
const TICK_MS = 2;
/** 32 packets of 1200 bytes may go at once. */
const BURST = 39;

let now = 0;
let capacity: number | undefined;
let blocked = false;
let overheadBytes = 0;
let sent: { timestamp: number; index: number; atMs: number }[] = [];

function pacer(spreads = true): Pacer {
  return new Pacer({
    spreads,
    overheadBytes,
    capacityBitsPerSecond: () => capacity,
    isBlocked: () => blocked,
    now: () => now,
    path: { cork: () => undefined, uncork: () => undefined },
    send: ({ timestamp }, index) => sent.push({ timestamp, index, atMs: now }),
  });
}

function push(to: Pacer, packets: number, timestamp = 0, keyframe = false, withinMs = WITHIN_MS): boolean {
  const payloads = Array.from({ length: packets }, () => Buffer.alloc(PACKET_BYTES));
  const frame: OutgoingFrame = { payloads, payloadType: 102, timestamp, keyframe, kept: undefined };
  return to.push(frame, packets * PACKET_BYTES, withinMs);
}

function pass(milliseconds: number): void {
  for (let elapsed = 0; elapsed < milliseconds; elapsed += 1) {
    now += 1;
    vi.advanceTimersByTime(1);
  }
}

/** Most packets that went in one millisecond. */
function largestBurst(): number {
  const counts = new Map<number, number>();
  for (const { atMs } of sent) counts.set(atMs, (counts.get(atMs) ?? 0) + 1);
  return Math.max(...counts.values());
}

/** Milliseconds from the first to the last packet of a frame. */
function duration(timestamp = 0): number {
  const times = sent.filter((packet) => packet.timestamp === timestamp).map(({ atMs }) => atMs);
  return Math.max(...times) - Math.min(...times);
}

beforeEach(() => {
  vi.useFakeTimers();
  now = 1_000_000;
  capacity = undefined;
  blocked = false;
  overheadBytes = 0;
  sent = [];
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a keyframe', () => {
  it('is spread evenly over the time that it is given, in order, and no timer is left behind', () => {
    const paced = pacer();
    push(paced, 100, 0, true);
    expect(sent.length).toBeGreaterThan(0);
    pass(WITHIN_MS);
    expect(sent.map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(duration()).toBeGreaterThan(WITHIN_MS * 0.8);
    expect(largestBurst()).toBeLessThanOrEqual((100 / WITHIN_MS) * TICK_MS + 1);
    expect([paced.queuedBytes, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('goes at once where it is small', () => {
    push(pacer(), 12, 0, true);
    expect(sent).toHaveLength(12);
  });

  it('is whole in its time however large it is', () => {
    push(pacer(), 500, 0, true);
    pass(WITHIN_MS);
    expect(sent).toHaveLength(500);
    expect(largestBurst()).toBeLessThanOrEqual((500 / WITHIN_MS) * TICK_MS + 1);
  });

  it('makes up for a timer that was late, so that it is whole in its time', () => {
    push(pacer(), 60, 0, true);
    pass(10);
    now += 8;
    vi.advanceTimersByTime(1);
    pass(3);
    expect(sent).toHaveLength(60);
  });

  it('overruns no receiver where a timer was very late', () => {
    push(pacer(), 500, 0, true);
    now += 15;
    vi.advanceTimersByTime(TICK_MS);
    expect(largestBurst()).toBeGreaterThan(BURST);
    expect(largestBurst()).toBeLessThanOrEqual(78);
  });

  it('is sent as fast as the path was found to carry where that is less', () => {
    capacity = 8_000_000;
    push(pacer(), 100, 0, true);
    pass(50);
    expect(sent.length).toBeGreaterThan(45);
    expect(sent.length).toBeLessThan(56);
    pass(51);
    expect(sent).toHaveLength(100);
  });

  it('on a path that carries nearly nothing wakes nobody a thousand times a second, and goes on soon when it carries more', () => {
    capacity = 80_000;
    push(pacer(), 100, 0, true);
    const wakes = vi.spyOn(globalThis, 'setTimeout');
    pass(1000);
    expect(wakes.mock.calls.length).toBeLessThan(25);
    expect(sent.length).toBeGreaterThan(8);
    expect(sent.length).toBeLessThan(13);
    capacity = undefined;
    pass(100 + WITHIN_MS);
    expect(sent).toHaveLength(100);
  });
});

describe('a picture between keyframes', () => {
  it('goes at once', () => {
    push(pacer(), 30);
    expect(sent).toHaveLength(30);
  });

  it('waits for the keyframe before it, and no longer', () => {
    const paced = pacer();
    push(paced, 100, 1, true);
    pass(5);
    push(paced, 20, 2);
    push(paced, 10, 3);
    expect(sent.every(({ timestamp }) => timestamp === 1)).toBe(true);
    pass(WITHIN_MS - 5);
    expect(sent.map(({ timestamp }) => timestamp)).toEqual([...Array(100).fill(1), ...Array(20).fill(2), ...Array(10).fill(3)]);
    expect(sent.at(-1)?.atMs).toBe(sent[99]?.atMs);
  });

  it('after a keyframe that was spread has the whole burst again', () => {
    const paced = pacer();
    push(paced, 100, 1, true);
    pass(WITHIN_MS);
    push(paced, 35, 2);
    expect(sent).toHaveLength(135);
  });

  it('of more than a receiver takes at once has no more than half an interval, too', () => {
    push(pacer(), 300);
    expect(sent).toHaveLength(BURST);
    pass(WITHIN_MS);
    expect(sent).toHaveLength(300);
  });
});

describe('what comes all at once, at the start of a viewer', () => {
  /** A group of pictures, of which no interval is known before the second. */
  function start(paced: Pacer, pictures: number, packets: number): void {
    for (let picture = 0; picture < pictures; picture += 1)
      push(paced, packets, picture, picture === 0, picture === 0 ? 0 : WITHIN_MS);
  }

  it('goes at 48 Mbit/s while no limit is known, the first of it at once', () => {
    const paced = pacer();
    start(paced, 50, 10);
    expect(sent.length).toBeGreaterThanOrEqual(BURST);
    expect(sent.length).toBeLessThan(60);
    pass(50);
    expect(sent.length).toBeGreaterThan(50 * 6);
    expect(sent.length).toBeLessThan(50 * 6 + 60);
    pass(40);
    expect(sent).toHaveLength(500);
    expect(largestBurst()).toBeLessThan(60);
  });

  it('is out within half a second however much it is', () => {
    const paced = pacer();
    start(paced, 100, 80);
    expect(paced.waitingMs(now)).toBe(0);
    pass(500);
    expect(sent).toHaveLength(8000);
    expect(paced.waitingMs(now)).toBe(0);
  });

  it('keeps to what the path was found to carry', () => {
    capacity = 16_000_000;
    const paced = pacer();
    start(paced, 20, 20);
    pass(100);
    expect(sent.length).toBeGreaterThan(200);
    expect(sent.length).toBeLessThan(200 + BURST + 5);
    expect(paced.waitingMs(now)).toBe(100);
  });

  it('is followed by what is live, in order, and then that goes at once again', () => {
    const paced = pacer();
    start(paced, 10, 20);
    push(paced, 5, 99);
    pass(40);
    expect(sent.slice(-5).every(({ timestamp }) => timestamp === 99)).toBe(true);
    pass(100);
    push(paced, 30, 100);
    expect(sent).toHaveLength(235);
  });
});

describe('the budget', () => {
  it('is saved no more than a burst over a pause', () => {
    const paced = pacer();
    push(paced, 5);
    now += 60_000;
    push(paced, 60, 1, false, 0);
    expect(sent).toHaveLength(5 + BURST);
  });
});

describe('what the path was found to carry', () => {
  /** Packets of pictures in two seconds at 1 Mbit/s, without what went at once. */
  function sentInTwoSeconds(eachMs: (paced: Pacer) => void = () => undefined): number {
    capacity = 1_000_000;
    const paced = pacer();
    push(paced, 1000);
    pass(100);
    const before = sent.length;
    for (let elapsed = 0; elapsed < 2000; elapsed += 1) {
      pass(1);
      eachMs(paced);
    }
    paced.clear();
    return sent.length - before;
  }

  it('is filled with payloads and what each packet has beside them', () => {
    overheadBytes = 250;
    expect(Math.abs(sentInTwoSeconds() - 200)).toBeLessThan(3);
  });

  it('is shared with what else is sent', () => {
    // A quarter of it.
    expect(Math.abs(sentInTwoSeconds((paced) => paced.spend(31.25)) - 187.5)).toBeLessThan(3);
  });

  it('costs pictures nothing of what else is sent while it is not known', () => {
    const paced = pacer();
    paced.spend(1_000_000);
    push(paced, 30);
    expect(sent).toHaveLength(30);
  });
});

describe('a path that is blocked', () => {
  it('is sent nothing, and says how long the first has waited; then all goes on', () => {
    const paced = pacer();
    blocked = true;
    push(paced, 10, 1);
    pass(300);
    push(paced, 10, 2);
    pass(300);
    expect([sent.length, paced.queuedBytes, paced.waitingMs(now)]).toEqual([0, 20_000, 600]);
    blocked = false;
    pass(10);
    expect(sent.map(({ timestamp }) => timestamp)).toEqual([...Array(10).fill(1), ...Array(10).fill(2)]);
    pass(10);
    expect([paced.waitingMs(now), vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('is given up what waits, but for the picture that was begun', () => {
    const paced = pacer();
    push(paced, 100, 1, true);
    const begun = sent.length;
    push(paced, 10, 2);
    push(paced, 15, 3);
    blocked = true;
    pass(50);
    expect(paced.dropWaiting()).toBe(25);
    expect(paced.queuedBytes).toBe((100 - begun) * PACKET_BYTES);
    blocked = false;
    pass(40);
    expect(sent.map(({ timestamp }) => timestamp)).toEqual(Array(100).fill(1));
    expect(paced.dropWaiting()).toBe(0);
  });

  it('is given up all that waits where nothing was begun', () => {
    const paced = pacer();
    blocked = true;
    push(paced, 10, 1);
    push(paced, 5, 2);
    expect([paced.dropWaiting(), paced.queuedBytes]).toEqual([15, 0]);
    blocked = false;
    pass(20);
    expect([sent.length, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('has no more than a bounded number of bytes wait for it', () => {
    const paced = pacer();
    blocked = true;
    let taken = 0;
    while (taken < 50 && push(paced, 1000, taken)) taken += 1;
    expect(taken).toBe(17);
    expect(paced.queuedBytes).toBe(17_000_000);
    blocked = false;
    pass(1000);
    expect(push(paced, 1)).toBe(true);
  });
});

it('is off where nothing is to be spread: all goes at once, and waits only for a path that is blocked', () => {
  const paced = pacer(false);
  capacity = 1000;
  push(paced, 500, 1, true);
  push(paced, 500, 2);
  expect(sent).toHaveLength(1000);
  blocked = true;
  push(paced, 10, 3);
  expect(sent).toHaveLength(1000);
  blocked = false;
  pass(10);
  expect([sent.length, vi.getTimerCount()]).toEqual([1010, 0]);
});

it('sends nothing more once it was cleared', () => {
  const paced = pacer();
  push(paced, 100, 1, true);
  const begun = sent.length;
  paced.clear();
  expect([paced.queuedBytes, vi.getTimerCount()]).toEqual([0, 0]);
  pass(100);
  expect(sent).toHaveLength(begun);
});
