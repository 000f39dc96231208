import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../../src/simulator/onvif/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['PT0S', 0],
    ['PT1M', 60_000],
    ['PT1.5S', 1_500],
    ['P1DT2H3M4S', 93_784_000],
    ['-PT5S', -5_000],
    ['PT90M', 5_400_000],
  ])('%s is %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', 'P', 'PT', '10', 'PT10', 'P1Y', 'P1M', 'PT1S2M', '2026-11-21T10:00:00Z', `PT${'9'.repeat(400)}S`])(
    '%s is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});
