import { describe, expect, it } from 'vitest';
import { KeyframeCache } from '../../../src/media/keyframe-cache.ts';
import type { VideoFrame } from '../../../src/media/video-track.ts';

let timestamp = 0;
function frame(keyframe: boolean, bytes = 10): VideoFrame {
  timestamp += 3600;
  return { payloads: [], timestamp, keyframe, bytes };
}

describe('keyframe cache', () => {
  it('holds the newest group of pictures, from its keyframe on', () => {
    const cache = new KeyframeCache(1000);
    const group = [frame(true), frame(false), frame(false)];
    for (const each of [frame(true), frame(false), ...group]) cache.add(each);
    expect(cache.frames).toEqual(group);
    expect(cache.bytes).toBe(30);
  });

  it('holds nothing before a keyframe', () => {
    const cache = new KeyframeCache(1000);
    cache.add(frame(false));
    expect(cache.frames).toEqual([]);
    expect(cache.bytes).toBe(0);
  });

  it('lets a group go whole once it grows over the limit, until the next keyframe', () => {
    const cache = new KeyframeCache(30);
    for (const each of [frame(true), frame(false), frame(false)]) cache.add(each);
    expect(cache.frames).toHaveLength(3);
    cache.add(frame(false));
    cache.add(frame(false, 1));
    expect([cache.frames, cache.bytes]).toEqual([[], 0]);
    const next = frame(true);
    cache.add(next);
    expect(cache.frames).toEqual([next]);
  });

  it('does not hold a keyframe that is over the limit by itself', () => {
    const cache = new KeyframeCache(30);
    cache.add(frame(true, 31));
    cache.add(frame(false, 1));
    expect(cache.frames).toEqual([]);
  });

  it('can be emptied', () => {
    const cache = new KeyframeCache(30);
    cache.add(frame(true));
    cache.clear();
    cache.add(frame(false));
    expect([cache.frames, cache.bytes]).toEqual([[], 0]);
  });
});
