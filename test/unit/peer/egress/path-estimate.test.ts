import { beforeEach, expect, it } from 'vitest';
import { PathEstimate } from '../../../../src/peer/egress/path-estimate.ts';

const MBIT = 1_000_000;
const BYTES = 1250;

let nowMs: number;
let path: PathEstimate;

beforeEach(() => {
  nowMs = 5000;
  path = new PathEstimate(() => nowMs);
});

/** Sends 1 Mbit/s for so long, and as much as a probe lacks beside it; all arrives 30 ms later and is reported on each 100 ms. */
function run(milliseconds: number, isReported = true): void {
  const endMs = nowMs + milliseconds;
  let [sequenceNumbers, arrivals] = [[] as number[], [] as number[]];
  let referenceTime = Math.floor(nowMs / 64);
  const send = (): void => {
    sequenceNumbers.push(path.sent.add(BYTES, nowMs));
    arrivals.push((nowMs + 30 - referenceTime * 64) * 4);
  };
  for (; nowMs < endMs; nowMs += 1) {
    if (nowMs % 10 === 0) send();
    if (nowMs % 5 === 0 && path.paddingDue > 0) {
      path.padded(BYTES);
      send();
    }
    if (nowMs % 100 !== 99) continue;
    const [firstSequence = 0] = sequenceNumbers;
    const packets = sequenceNumbers.length;
    if (isReported)
      path.takeFeedback({ type: 'transport-feedback', firstSequence, packets, referenceTime, sequenceNumbers, arrivals });
    [sequenceNumbers, arrivals] = [[], []];
    referenceTime = Math.floor(nowMs / 64);
  }
}

it('says what is known of the path, with what was sent in the last second', () => {
  expect(path.view(nowMs)).toEqual({
    estimateBitsPerSecond: null,
    capacityBitsPerSecond: undefined,
    queueMs: 0,
    waitingMs: 0,
    lossShare: 0,
    roundTripMs: null,
    sentBitsPerSecond: 0,
    canProbe: false,
    lastProbe: undefined,
    isProbing: false,
  });
  run(3000);
  const view = path.view(nowMs, 12);
  expect(view).toMatchObject({ capacityBitsPerSecond: undefined, queueMs: 0, waitingMs: 12, lossShare: 0, canProbe: true });
  expect(view.estimateBitsPerSecond).toBeGreaterThanOrEqual(MBIT);
  expect(view.sentBitsPerSecond).toBe(MBIT);
  expect(view.roundTripMs).toBeGreaterThanOrEqual(0);
});

it('raises the estimate to what a probe has shown, at once', () => {
  run(3000);
  expect(path.probe(3 * MBIT)).toBe(true);
  expect([path.view(nowMs).isProbing, path.isPadding]).toEqual([true, true]);
  run(2000);
  const { estimateBitsPerSecond, ...view } = path.view(nowMs);
  expect(view).toMatchObject({ isProbing: false, lastProbe: { bitsPerSecond: 3 * MBIT, carried: true } });
  expect(estimateBitsPerSecond).toBeGreaterThanOrEqual(3 * MBIT);
  expect(estimateBitsPerSecond).toBeLessThan(3.3 * MBIT);
  expect(path.isPadding).toBe(false);
});

it('begins no probe where the viewer does not report on each packet, which the view says', () => {
  path.takeReceiverEstimate(2 * MBIT);
  path.takeReport({ fractionLost: 0.02, sentBitsPerSecond: MBIT, roundTripMs: 40 });
  expect(path.probe(3 * MBIT)).toBe(false);
  expect(path.view(nowMs)).toMatchObject({ canProbe: false, estimateBitsPerSecond: 2 * MBIT, sentBitsPerSecond: MBIT });
});

it('begins no probe where nothing can be sent that the viewer does not need, which the view says', () => {
  path.canPad = false;
  run(3000);
  expect(path.probe(3 * MBIT)).toBe(false);
  expect(path.view(nowMs).canProbe).toBe(false);
});

it('begins no probe while the viewer says nothing', () => {
  run(3000);
  run(1500, false);
  expect(path.probe(3 * MBIT)).toBe(false);
  run(200);
  expect(path.probe(3 * MBIT)).toBe(true);
});

it('begins none by itself where nothing waits, nor where no limit is known', () => {
  run(3000);
  path.look(0);
  path.look(5000);
  expect(path.view(nowMs).isProbing).toBe(false);
});

it('is not known while a viewer that just began has shown nothing but that its machine was held up', () => {
  const first = path.sent.add(BYTES, nowMs);
  const others = Array.from({ length: 20 }, (_, index) => path.sent.add(BYTES, nowMs + index));
  nowMs += 250;
  const sequenceNumbers = [first, ...others];
  // The first at once, the others together 200 ms later; in quarters of a millisecond.
  const arrivals = sequenceNumbers.map((number) => (number === first ? 0 : 4 * (200 + number)));
  path.takeFeedback({
    type: 'transport-feedback',
    firstSequence: first,
    packets: 21,
    referenceTime: 0,
    sequenceNumbers,
    arrivals,
  });
  const view = path.view(nowMs);
  expect(view.queueMs).toBeGreaterThan(150);
  expect([view.estimateBitsPerSecond, path.kilobitsPerSecond]).toEqual([null, null]);
  run(1000);
  expect(path.view(nowMs).estimateBitsPerSecond).toBeGreaterThanOrEqual(MBIT);
  expect(path.kilobitsPerSecond).toBeGreaterThanOrEqual(1000);
});

it('knows nothing of another path, also of what was probed', () => {
  run(3000);
  path.probe(1.2 * MBIT);
  run(1000);
  path.waited(200);
  expect(path.playoutDelayMs).toBeGreaterThanOrEqual(200);
  path.beginPath();
  expect(path.playoutDelayMs).toBe(0);
  expect(path.view(nowMs)).toMatchObject({
    estimateBitsPerSecond: null,
    canProbe: false,
    lastProbe: undefined,
    isProbing: false,
  });
  expect(path.probe(3 * MBIT)).toBe(false);
});

it('does not hold against a path what was reported of it before nothing was sent any more, and can find out by a probe', () => {
  run(3000);
  // Much of it is lost, then nothing more is sent, as where sound alone is left.
  for (let at = 0; at < 20; at += 1) {
    const numbers = Array.from({ length: 10 }, () => path.sent.add(BYTES, nowMs));
    const [firstSequence = 0] = numbers;
    const [referenceTime, sequenceNumbers] = [Math.floor(nowMs / 64), numbers.slice(0, 2)];
    const arrivals = sequenceNumbers.map(() => (nowMs + 30 - referenceTime * 64) * 4);
    nowMs += 50;
    path.takeFeedback({ type: 'transport-feedback', firstSequence, packets: 10, referenceTime, sequenceNumbers, arrivals });
  }
  expect(path.view(nowMs).lossShare).toBeGreaterThan(0.1);
  expect(path.probe(MBIT)).toBe(false);
  nowMs += 10_000;
  expect(path.view(nowMs)).toMatchObject({ queueMs: 0, lossShare: 0, canProbe: true });
  expect(path.probe(MBIT)).toBe(true);
});
