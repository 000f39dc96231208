import { describe, expect, it } from 'vitest';
import { LossWindow } from '../../../src/page/loss-window.ts';

describe('recent loss', () => {
  it('is not known before packets came', () => {
    const window = new LossWindow();
    expect(window.add(0, 0, 0)).toBeNull();
    expect(window.add(1000, 0, 0)).toBeNull();
  });

  it('is the share of what was sent', () => {
    const window = new LossWindow();
    window.add(0, 0, 0);
    expect(window.add(1000, 95, 5)).toEqual({ share: 0.05, packets: 5 });
  });

  it('is forgotten after ten seconds', () => {
    const window = new LossWindow();
    window.add(0, 0, 0);
    window.add(1000, 95, 5);
    window.add(2000, 195, 5);
    expect(window.add(10_000, 995, 5)).toEqual({ share: 0.005, packets: 5 });
    expect(window.add(12_000, 1195, 5)).toEqual({ share: 0, packets: 0 });
  });

  it('is never negative, though late packets lower the count', () => {
    const window = new LossWindow();
    window.add(0, 10, 5);
    expect(window.add(1000, 20, 2)).toEqual({ share: 0, packets: 0 });
  });
});
