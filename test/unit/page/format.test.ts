import { describe, expect, it } from 'vitest';
import {
  formatBitrate,
  formatCount,
  formatDuration,
  formatFrameRate,
  formatLoss,
  formatSize,
  secondsUntil,
} from '../../../src/page/format.ts';

describe('numbers on the page', () => {
  it.each([
    [null, '–'],
    [-3, '0 ms'],
    [84.6, '85 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [1234, '1.2 s'],
    [9960, '10 s'],
    [119_000, '119 s'],
    [300_000, '5 min'],
    [7_200_000, '2 h'],
  ])('writes %s ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    [null, '–'],
    [0, '0 kbit/s'],
    [480.4, '480 kbit/s'],
    [999.6, '1.0 Mbit/s'],
    [2060, '2.1 Mbit/s'],
  ])('writes a bitrate of %s kbit/s as %s', (kbps, text) => {
    expect(formatBitrate(kbps)).toBe(text);
  });

  it.each([
    [null, '–'],
    [{ share: 0, packets: 0 }, '0 %'],
    [{ share: 0.004, packets: 12 }, '0.4 % (12 packets)'],
    [{ share: 0.0001, packets: 1 }, '< 0.1 % (1 packet)'],
    [{ share: 0.123, packets: 900 }, '12 % (900 packets)'],
  ])('writes a loss of %j as %s', (loss, text) => {
    expect(formatLoss(loss)).toBe(text);
  });

  it('writes sizes, rates and counts', () => {
    expect(formatSize(1280, 720)).toBe('1280 × 720');
    expect(formatSize(null, 720)).toBe('–');
    expect(formatFrameRate(24.97)).toBe('25 fps');
    expect([formatCount(1, 'camera'), formatCount(0, 'camera')]).toEqual(['1 camera', '0 cameras']);
  });

  it('counts down to 1, never to 0', () => {
    expect([secondsUntil(5000, 0), secondsUntil(4001, 0), secondsUntil(1, 0), secondsUntil(0, 0), secondsUntil(0, 900)]).toEqual([
      5, 5, 1, 1, 1,
    ]);
  });
});
