import { beforeEach, describe, expect, it } from 'vitest';
import { KeyframePolicy, RequestPace, type PictureCount } from '../../../src/media/keyframe-policy.ts';

let count: PictureCount;
let policy: KeyframePolicy;

beforeEach(() => {
  count = { pictures: 100, keyframes: 10 };
  policy = new KeyframePolicy(new RequestPace());
});

/** A second of pictures, with or without a keyframe. */
function pictures(keyframes: number): void {
  count = { pictures: count.pictures + 25, keyframes: count.keyframes + keyframes };
}

function want(nowMs: number): ReturnType<KeyframePolicy['next']> {
  policy.want(count);
  return policy.next(count, nowMs);
}

describe('a camera is asked for a keyframe', () => {
  it('at once, and not again while its answer may be on the way', () => {
    expect(want(0)).toBe('ask');
    for (const nowMs of [1, 500, 999]) expect(want(nowMs)).toBeUndefined();
    pictures(1);
    expect(policy.next(count, 1000)).toBeUndefined();
    expect(policy.dueMs).toBeUndefined();
  });

  it('again for a want that comes after its answer, but not within half a second of the last request', () => {
    want(0);
    pictures(1);
    expect(want(100)).toBeUndefined();
    expect(policy.dueMs).toBe(500);
    expect(policy.next(count, 499)).toBeUndefined();
    expect(policy.next(count, 500)).toBe('ask');
  });

  it('not, where a keyframe came by itself meanwhile', () => {
    want(0);
    pictures(1);
    want(100);
    pictures(1);
    expect(policy.next(count, 500)).toBeUndefined();
    expect(policy.dueMs).toBeUndefined();
  });

  it('no sooner than half a second after a request for another of its streams', () => {
    const pace = new RequestPace();
    const [main, sub] = [new KeyframePolicy(pace), new KeyframePolicy(pace)];
    for (const each of [main, sub]) each.want(count);
    expect([main.next(count, 0), sub.next(count, 0)]).toEqual(['ask', undefined]);
    expect(sub.dueMs).toBe(500);
    expect(sub.next(count, 500)).toBe('ask');
  });

  it('never where nobody wants one', () => {
    expect(policy.next(count, 0)).toBeUndefined();
    expect(policy.dueMs).toBeUndefined();
  });
});

describe('a camera that gives no keyframe within a second of a request', () => {
  it('is asked once more, and then no more until ten minutes have passed', () => {
    expect(want(0)).toBe('ask');
    pictures(0);
    expect(policy.dueMs).toBe(1000);
    expect(policy.next(count, 1000)).toBe('ask');
    pictures(0);
    expect(policy.next(count, 2000)).toBe('give-up');
    expect(policy.dueMs).toBeUndefined();
    for (const nowMs of [2001, 10_000, 601_999]) expect(want(nowMs)).toBeUndefined();
    expect(want(602_000)).toBe('ask');
  });

  it('is asked again after it has reconnected', () => {
    want(0);
    pictures(0);
    policy.next(count, 1000);
    pictures(0);
    expect(policy.next(count, 2000)).toBe('give-up');
    policy.reset();
    expect(want(3000)).toBe('ask');
  });

  it('is not given up for two that were not in a row', () => {
    want(0);
    pictures(0);
    expect(policy.next(count, 1000)).toBe('ask');
    pictures(1);
    want(2000);
    pictures(0);
    expect(policy.next(count, 3000)).toBe('ask');
  });

  it('is not given up while it sends nothing at all', () => {
    for (let nowMs = 0; nowMs < 10_000; nowMs += 1000) expect(want(nowMs)).toBe('ask');
  });
});
