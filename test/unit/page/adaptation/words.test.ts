import { describe, expect, it } from 'vitest';
import type { AdaptationStats } from '../../../../src/base/adaptation.ts';
import { rungPlace } from '../../../../src/page/adaptation/words.ts';

describe('how what is sent stands to what there is', () => {
  it('tells the most from what the network leaves, and from the least', () => {
    const of = (rung: number, switches = 1, rungs = 3): string => {
      const stats: AdaptationStats = {
        rung,
        rungs: Array.from({ length: rungs }, (_, index) => ({ profile: `p${index}`, thinning: 'none', kbps: 100 * index })),
        last: null,
        switches,
        probes: 0,
      };
      return rungPlace(stats);
    };
    const told = [of(2, 0), of(2), of(1), of(0), of(0, 0, 1)];
    expect(new Set(told).size).toBe(5);
    expect(told[1]).toMatch(/again/);
    expect(told[2]).toMatch(/network carries/);
  });
});
