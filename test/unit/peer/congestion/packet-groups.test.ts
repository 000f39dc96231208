import { describe, expect, it } from 'vitest';
import { PacketGroups, type GroupDelta } from '../../../../src/peer/congestion/packet-groups.ts';

/** Deltas of packets, each [sent, arrived]. */
function deltas(...packets: [number, number][]): GroupDelta[] {
  const groups = new PacketGroups();
  return packets.flatMap(([sentAtMs, arrivedAtMs]) => groups.take(sentAtMs, arrivedAtMs) ?? []);
}

describe('packet groups', () => {
  it('are what is sent within five milliseconds; each is held against the one before by its last packets', () => {
    expect(deltas([0, 100], [5, 112], [20, 121], [24, 133], [40, 150], [60, 170])).toEqual([
      { sendMs: 19, arrivalMs: 21, arrivedAtMs: 133 },
      { sendMs: 16, arrivalMs: 17, arrivedAtMs: 150 },
    ]);
  });

  it('are what arrives in one burst though it was sent apart', () => {
    expect(deltas([0, 100], [20, 120], [40, 220], [60, 221], [80, 222], [100, 240], [120, 260])).toEqual([
      { sendMs: 20, arrivalMs: 20, arrivedAtMs: 120 },
      { sendMs: 60, arrivalMs: 102, arrivedAtMs: 222 },
      { sendMs: 20, arrivalMs: 18, arrivedAtMs: 240 },
    ]);
  });

  it('leave out what was overtaken', () => {
    expect(deltas([0, 100], [20, 120], [40, 140], [22, 141], [60, 160], [80, 180])).toEqual([
      { sendMs: 20, arrivalMs: 20, arrivedAtMs: 120 },
      { sendMs: 20, arrivalMs: 20, arrivedAtMs: 140 },
      { sendMs: 20, arrivalMs: 20, arrivedAtMs: 160 },
    ]);
  });
});
