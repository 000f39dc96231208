import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../../src/base/clock.ts';
import { loadClips } from '../../../../src/simulator/clips.ts';
import { MAIN_PROFILE, SUB_PROFILE } from '../../../../src/simulator/profiles.ts';
import { Pacer } from '../../../../src/simulator/rtsp/pacer.ts';
import type { Burst } from '../../../../src/simulator/rtsp/rtp-stream.ts';
import { SoundTrack, VideoTrack, type MediaTrack, type TrackReader } from '../../../../src/simulator/rtsp/tracks.ts';
import { Timeline } from '../../../../src/simulator/timeline.ts';

const clips = await loadClips();
const START = Date.UTC(2026, 0, 1, 0, 0, 2);

interface Sent {
  track: MediaTrack;
  atMs: number;
  isStart: boolean;
  rtpTimestamp: number;
}

function paced(): {
  timeline: Timeline;
  main: VideoTrack;
  sub: VideoTrack;
  sound: SoundTrack;
  sent: Sent[];
  pacer: Pacer;
  reader: TrackReader;
} {
  const timeline = new Timeline(systemClock);
  const main = new VideoTrack(MAIN_PROFILE, clips.video.main, timeline);
  const sub = new VideoTrack(SUB_PROFILE, clips.video.sub, timeline);
  const sound = new SoundTrack(clips.sound, timeline);
  const sent: Sent[] = [];
  const reader: TrackReader = {
    readRtp: (track: MediaTrack, { isStart, packets }: Burst) =>
      void sent.push({ track, atMs: Date.now() - START, isStart, rtpTimestamp: packets[0]?.readUInt32BE(4) ?? 0 }),
    readRtcp: () => {},
  };
  const pacer = new Pacer({ timeline, tracks: [main, sub, sound], isLost: () => false, reportErrorMs: () => 0 });
  return { timeline, main, sub, sound, sent, pacer, reader };
}

describe('Pacer', () => {
  beforeEach(() => void vi.useFakeTimers({ now: START }));
  afterEach(() => void vi.useRealTimers());

  it('sends each frame when its time has come, for minutes without drift', () => {
    const { main, sub, sent, pacer, reader } = paced();
    pacer.add(main, reader);
    pacer.add(sub, reader);
    vi.advanceTimersByTime(120_000 - 1);
    const times = (track: MediaTrack): number[] => sent.filter((each) => each.track === track).map(({ atMs }) => atMs);
    expect(times(main)).toEqual(Array.from({ length: 3_000 }, (_, frame) => frame * 40));
    expect(times(sub)).toEqual(Array.from({ length: 1_800 }, (_, frame) => Math.ceil((frame * 1_000) / 15)));
    pacer.close();
  });

  it('sends frames that are late at once and the next ones at their own time', () => {
    const { main, sent, pacer, reader } = paced();
    pacer.add(main, reader);
    vi.advanceTimersByTime(10);
    vi.setSystemTime(START + 130);
    vi.advanceTimersByTime(100);
    expect(sent.map(({ atMs }) => atMs).slice(1, 4)).toEqual([sent[1]?.atMs, sent[1]?.atMs, sent[1]?.atMs]);
    expect(sent[4]?.atMs).toBe(160);
    pacer.close();
  });

  it('starts with an IDR of each profile after a jump', () => {
    const { timeline, main, sub, sent, pacer, reader } = paced();
    pacer.add(main, reader);
    pacer.add(sub, reader);
    vi.advanceTimersByTime(727);
    const before = sent.length;
    timeline.jumpToNextGop();
    expect(sent.slice(before).map(({ track, atMs, isStart }) => [track, atMs, isStart])).toEqual([
      [main, 727, true],
      [sub, 727, true],
    ]);
    vi.advanceTimersByTime(40);
    expect(sent.at(-1)).toMatchObject({ track: main, atMs: 767, isStart: false });
    pacer.close();
  });

  it('leaves out what was missed while the machine slept, and goes on with an IDR', () => {
    const { main, sound, sent, pacer, reader } = paced();
    pacer.add(main, reader);
    pacer.add(sound, reader);
    vi.advanceTimersByTime(500);
    const before = sent.length;
    vi.setSystemTime(START + 3_600_123);
    vi.advanceTimersByTime(100);
    const after = sent.slice(before);
    expect(after.length).toBeLessThan(10);
    expect(after.find(({ track }) => track === main)?.isStart).toBe(true);
    pacer.close();
  });

  it('stops its timer when nobody reads', () => {
    const { main, pacer, reader } = paced();
    pacer.add(main, reader);
    pacer.remove(main, reader);
    vi.advanceTimersByTime(1_000);
    expect(vi.getTimerCount()).toBe(0);
    pacer.close();
  });
});
