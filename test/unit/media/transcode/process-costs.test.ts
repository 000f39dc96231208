import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ProcessCosts } from '../../../../src/media/transcode/process-costs.ts';

describe('what transcoders cost', () => {
  it('is their processor time by the system, of each its share of a core and of each kind the sum', () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const cpu = new Map([
      [11, 0],
      [12, 0],
      [13, 0],
    ]);
    const costs = new ProcessCosts((pid) => cpu.get(pid));
    const [one, two, video] = [costs.begin('audio', 11), costs.begin('audio', 12), costs.begin('video', 13)];
    expect(one.share).toBeUndefined();
    cpu.set(11, 0.5).set(12, 0.25).set(13, 4);
    vi.advanceTimersByTime(3000);
    expect(one.share).toBeCloseTo(0.5 / 3);
    expect(video.share).toBeCloseTo(4 / 3);
    cpu.set(11, 0.5).set(12, 1.25);
    vi.advanceTimersByTime(3000);
    expect([one.share, two.share]).toEqual([0, expect.closeTo(1 / 3)]);
    two.end(true);
    video.end(false);
    video.end(true);
    expect(costs.totals).toEqual([
      { kind: 'speech', running: 0, started: 0, failed: 0, cpuSeconds: 0 },
      { kind: 'audio', running: 1, started: 2, failed: 1, cpuSeconds: 1.75 },
      { kind: 'video', running: 0, started: 1, failed: 0, cpuSeconds: 4 },
    ]);
    one.end(false);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not known of what did not come to be, or of what the system says nothing', () => {
    const costs = new ProcessCosts();
    const missing = costs.begin('speech', undefined);
    const gone = costs.begin('speech', 2 ** 30);
    costs.sample();
    expect([missing.share, gone.share]).toEqual([undefined, undefined]);
    missing.end(true);
    gone.end(false);
    expect(costs.totals[0]).toEqual({ kind: 'speech', running: 0, started: 2, failed: 1, cpuSeconds: 0 });
  });

  it('is known of this process', async () => {
    const costs = new ProcessCosts();
    const here = costs.begin('video', process.pid);
    await vi.waitFor(() => {
      costs.sample();
      expect(here.share).toBeGreaterThan(0);
    }, 10_000);
    here.end(false);
  });
});
