import { describe, expect, it } from 'vitest';
import { PullPoint, type PropertyEvent } from '../../../../src/simulator/onvif/pull-point.ts';

const FOREVER = new AbortController().signal;

function event(value: number, topic = 'VideoSource/MotionAlarm'): PropertyEvent {
  return {
    topic,
    operation: 'Changed',
    time: 0,
    source: { name: 'Source', value: 's' },
    data: { name: 'State', value: String(value) },
  };
}

const values = (events: PropertyEvent[]): number[] => events.map(({ data }) => Number(data.value));

describe('PullPoint', () => {
  it('gives what is there at once, oldest first and no more than asked for', async () => {
    const pullPoint = new PullPoint(0, () => true);
    for (const value of [1, 2, 3]) pullPoint.push(event(value));
    expect(values(await pullPoint.pull(2, 60_000, FOREVER))).toEqual([1, 2]);
    expect(values(await pullPoint.pull(2, 60_000, FOREVER))).toEqual([3]);
  });

  it('waits for the first event', async () => {
    const pullPoint = new PullPoint(0, () => true);
    const pulled = pullPoint.pull(10, 60_000, FOREVER);
    pullPoint.push(event(1));
    expect(values(await pulled)).toEqual([1]);
  });

  it('gives nothing once the time is over', async () => {
    expect(await new PullPoint(0, () => true).pull(10, 5, FOREVER)).toEqual([]);
  });

  it('loses nothing to a client that has hung up', async () => {
    const pullPoint = new PullPoint(0, () => true);
    const hungUp = new AbortController();
    const pulled = pullPoint.pull(10, 60_000, hungUp.signal);
    hungUp.abort();
    pullPoint.push(event(1));
    expect(await pulled).toEqual([]);
    expect(values(await pullPoint.pull(10, 60_000, FOREVER))).toEqual([1]);
  });

  it('lets those that wait go when it closes', async () => {
    const pullPoint = new PullPoint(0, () => true);
    const pulled = pullPoint.pull(10, 60_000, FOREVER);
    pullPoint.close();
    expect(await pulled).toEqual([]);
  });

  it('keeps the newest hundred and counts what it drops', async () => {
    const pullPoint = new PullPoint(0, () => true);
    for (let value = 0; value < 130; value += 1) pullPoint.push(event(value));
    expect(pullPoint.dropped).toBe(30);
    expect(values(await pullPoint.pull(1_000, 0, FOREVER))[0]).toBe(30);
  });

  it('takes only topics that are wanted', async () => {
    const pullPoint = new PullPoint(0, (topic) => topic === 'A');
    pullPoint.push(event(1, 'B'));
    pullPoint.push(event(2, 'A'));
    expect(values(await pullPoint.pull(10, 0, FOREVER))).toEqual([2]);
  });
});
