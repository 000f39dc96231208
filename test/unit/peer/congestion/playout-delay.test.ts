import { beforeEach, expect, it } from 'vitest';
import { PlayoutDelay } from '../../../../src/peer/congestion/playout-delay.ts';

const ROUND_TRIP_MS = 60;

let nowMs: number;
let delay: PlayoutDelay;

beforeEach(() => {
  nowMs = 1000;
  delay = new PlayoutDelay();
});

/** Feedback ten times a second for so long; a keyframe every two seconds that is under way for longer than the rest. */
function play(seconds: number, keyframeMs: number, lossShare = 0): void {
  for (let tenths = 0; tenths < seconds * 10; tenths += 1) {
    delay.take(tenths % 20 === 19 ? keyframeMs : 5, lossShare, nowMs);
    nowMs += 100;
  }
}

const now = (): number => delay.milliseconds(ROUND_TRIP_MS, nowMs);

it('is as long as the longest that a packet was under way of late, in steps', () => {
  play(10, 233);
  expect(now()).toBe(240);
  play(10, 255);
  expect(now()).toBe(260);
});

it('is for the viewer to choose where nothing comes so late that it would be seen', () => {
  play(10, 80);
  expect(now()).toBe(0);
  play(10, 81);
  expect(now()).toBe(100);
});

it('falls when nothing was late for twenty seconds, and no sooner than after ten', () => {
  play(10, 233);
  play(10, 5);
  expect(now()).toBe(240);
  play(10, 5);
  expect(now()).toBe(0);
});

it('falls also where nothing more is said', () => {
  play(10, 233);
  nowMs += 20_000;
  expect(now()).toBe(0);
});

it('leaves a round trip for what is lost and sent again, as long as something is lost', () => {
  play(10, 100, 0.02);
  expect(now()).toBe(160);
  play(11, 100);
  expect(now()).toBe(100);
});

it('counts what waits before it is sent', () => {
  play(10, 100);
  delay.waited(90, nowMs);
  expect(now()).toBe(200);
});

it('is half a second at most', () => {
  play(10, 400, 0.02);
  delay.waited(1000, nowMs);
  expect(now()).toBe(500);
});

it('does not count what a viewer is sent at once at its start', () => {
  delay.waited(300, nowMs);
  play(2, 300, 0.1);
  delay.waited(300, nowMs);
  expect(now()).toBe(0);
  play(2, 300);
  expect(now()).toBe(300);
});
