import { beforeEach, afterEach, expect, it, vi } from 'vitest';
import type { PathEstimate } from '../../../../src/peer/egress/path-estimate.ts';
import { ProbeSender } from '../../../../src/peer/egress/probe-sender.ts';

/** What a path says of its probe: one that lacks 1000 bytes each 5 ms. */
class Path {
  isPadding = false;
  mayProbe = true;
  startsByItself = false;
  readonly padded: number[] = [];
  readonly looks: number[] = [];
  readonly paddingDue = 1000;

  probe(): boolean {
    this.isPadding = this.mayProbe;
    return this.mayProbe;
  }

  look(waitingMs: number): void {
    this.looks.push(waitingMs);
    if (this.startsByItself) this.isPadding = true;
  }
}

let path: Path;
let waitingMs: number;
let isClear: boolean;
let asked: number[];
let probes: ProbeSender;

beforeEach(() => {
  vi.useFakeTimers();
  path = new Path();
  waitingMs = 0;
  isClear = true;
  asked = [];
  const taken: Pick<PathEstimate, 'isPadding' | 'paddingDue' | 'probe' | 'look' | 'padded'> = {
    ...{
      probe: () => path.probe(),
      look: (ms: number) => path.look(ms),
      padded: (bytes: number) => void path.padded.push(bytes),
    },
    get isPadding() {
      return path.isPadding;
    },
    paddingDue: path.paddingDue,
  };
  probes = new ProbeSender({
    path: taken,
    pad: (bytes) => {
      asked.push(bytes);
      return bytes + 200;
    },
    waitingMs: () => waitingMs,
    isClear: () => isClear,
  });
});

afterEach(() => {
  vi.useRealTimers();
});

it('a probe is sent in steps of 5 ms, is counted by what was sent, and leaves no timer behind its end', () => {
  expect(probes.probe(2_000_000)).toBe(true);
  vi.advanceTimersByTime(50);
  expect(asked).toEqual(Array.from({ length: 10 }, () => 1000));
  expect(path.padded).toEqual(Array.from({ length: 10 }, () => 1200));
  path.isPadding = false;
  vi.advanceTimersByTime(5);
  expect(vi.getTimerCount()).toBe(0);
});

it('nothing is sent where none may begin', () => {
  path.mayProbe = false;
  expect(probes.probe(2_000_000)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

it('pictures that wait go first', () => {
  probes.probe(2_000_000);
  waitingMs = 3;
  vi.advanceTimersByTime(50);
  expect(asked).toEqual([]);
  waitingMs = 0;
  vi.advanceTimersByTime(5);
  expect(asked).toHaveLength(1);
});

it('a path that has not taken what was sent is sent nothing beside that, and no probe begins on it', () => {
  probes.probe(2_000_000);
  isClear = false;
  vi.advanceTimersByTime(50);
  probes.look();
  expect(probes.probe(2_000_000)).toBe(false);
  expect([asked, path.looks]).toEqual([[], []]);
  isClear = true;
  vi.advanceTimersByTime(5);
  probes.look();
  expect([asked.length, path.looks]).toEqual([1, [0]]);
});

it('what the path begins by itself, or as a next step, is sent when it is looked at', () => {
  probes.look();
  expect(vi.getTimerCount()).toBe(0);
  path.startsByItself = true;
  waitingMs = 500;
  probes.look();
  expect(path.looks).toEqual([0, 500]);
  waitingMs = 0;
  vi.advanceTimersByTime(5);
  probes.look();
  expect(vi.getTimerCount()).toBe(1);
  expect(asked).toHaveLength(1);
});

it('nothing is sent any more once it is closed', () => {
  probes.probe(2_000_000);
  probes.close();
  probes.close();
  probes.look();
  expect(probes.probe(2_000_000)).toBe(false);
  vi.advanceTimersByTime(100);
  expect([asked, vi.getTimerCount()]).toEqual([[], 0]);
});
