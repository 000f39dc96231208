import { describe, expect, it } from 'vitest';
import { PlayoutQueue } from '../../../../src/media/talk/playout-queue.ts';
import { seededRandom } from '../../../../src/simulator/rtsp/faults.ts';

interface Played {
  number: number;
  atMs: number;
  begins: boolean;
}

interface Arrival {
  number: number;
  atMs: number;
  isSilent?: boolean;
}

/** Lets time pass in steps of 5 ms while packets arrive; returns what was played, and when. */
function play(queue: PlayoutQueue, arrivals: readonly Arrival[], untilMs: number, releaseMs = 0): Played[] {
  const played: Played[] = [];
  const waiting = [...arrivals];
  for (let nowMs = 0; nowMs <= untilMs; nowMs += 5) {
    while (waiting[0] !== undefined && waiting[0].atMs <= nowMs) {
      const { number, isSilent = false } = waiting.shift() ?? { number: 0 };
      queue.push({ payload: Buffer.from([number & 0xff]), samples: 160, durationMs: 20, isSilent }, nowMs);
    }
    if (nowMs >= releaseMs) queue.release(nowMs);
    for (const { packet, begins } of queue.take(nowMs)) played.push({ number: packet.payload[0] ?? -1, atMs: nowMs, begins });
  }
  return played;
}

const steady = (count: number, fromMs = 0): Arrival[] =>
  Array.from({ length: count }, (_, number) => ({ number, atMs: fromMs + number * 20 }));

describe('the playout', () => {
  it('begins 60 ms after the first packet and keeps the pace of speech', () => {
    const played = play(new PlayoutQueue(), steady(10), 500);
    expect(played.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 10 }, (_, number) => 60 + number * 20));
    expect(played.map(({ begins }) => begins)).toEqual([true, ...Array.from({ length: 9 }, () => false)]);
  });

  it('of packets that come with up to 60 ms of jitter is as even as if there were none', () => {
    const random = seededRandom(1);
    const jittered = steady(200).map(({ number, atMs }) => ({
      number,
      atMs: number === 0 ? atMs : atMs + Math.floor(random() * 60),
    }));
    const played = play(
      new PlayoutQueue(),
      jittered.sort((a, b) => a.atMs - b.atMs),
      5000,
    );
    expect(played.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 200 }, (_, number) => 60 + number * 20));
  });

  it('of what was held up and then comes at once goes on from there, at its own pace', () => {
    const held = steady(20).map(({ number, atMs }) => ({ number, atMs: number < 5 ? atMs : Math.max(atMs, 240) }));
    const played = play(new PlayoutQueue(), held, 1000);
    expect(played.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, number) => number));
    expect(played.slice(5).map(({ atMs }) => atMs)).toEqual(Array.from({ length: 15 }, (_, number) => 240 + number * 20));
  });

  it('waits for the camera, and then sends what was said meanwhile at its own pace', () => {
    const played = play(new PlayoutQueue(), steady(20), 1500, 400);
    expect(played.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 20 }, (_, number) => 400 + number * 20));
  });

  it('of more than two seconds that wait leaves out the oldest, and counts it', () => {
    const queue = new PlayoutQueue();
    const played = play(queue, steady(150), 6000, 2500);
    expect(queue.dropped).toBe(26);
    expect(played.map(({ number }) => number)).toEqual(Array.from({ length: 124 }, (_, number) => number + 26));
  });

  it('catches up in silence', () => {
    const spoken = steady(100).map((each) => ({ ...each, isSilent: each.number >= 30 && each.number < 60 }));
    const queue = new PlayoutQueue();
    const played = play(queue, spoken, 4000, 400);
    expect(played.filter(({ number }) => number < 30 || number >= 60)).toHaveLength(70);
    expect(played.find(({ number }) => number === 29)?.atMs).toBe(400 + 29 * 20);
    // 60 ms behind again, where it was 400.
    expect(played.find(({ number }) => number === 99)?.atMs).toBeLessThanOrEqual(99 * 20 + 80);
    expect(queue.dropped).toBe(0);
  });

  it('begins anew after a pause', () => {
    const played = play(new PlayoutQueue(), [...steady(5), ...steady(5, 1000)], 2000);
    expect(played.map(({ atMs }) => atMs)).toEqual([60, 80, 100, 120, 140, 1060, 1080, 1100, 1120, 1140]);
    expect(played.filter(({ begins }) => begins)).toHaveLength(2);
  });
});
