import type { Bench } from '../bench.ts';
import { compareEgress } from '../egress/compare.ts';

const PACKETS_PER_SECOND = 400;
/** Of the payloads that are sent. */
const MBIT_S = 3.7;

/** A packet to a viewer by our egress and by werift's own sender, in turns; a row a turn. */
export async function egress(bench: Bench): Promise<void> {
  const viewers = bench.bySize(4, 50, 50);
  const load = { viewers, packetsPerSecond: PACKETS_PER_SECOND, profile: 'AEAD_AES_128_GCM' } as const;
  const comparison = await compareEgress({
    ...load,
    rounds: bench.bySize(1, 5, 9),
    milliseconds: bench.bySize(500, 2000, 2000),
  });
  for (const { kind, costs, packets, arrived } of comparison.sides) {
    const lost = packets - arrived;
    const flags = lost > 0 ? [`${lost} of ${packets} packets lost`] : [];
    for (const [round, cost] of costs.entries()) {
      const variant = `round ${round + 1}`;
      bench.add({ scenario: 'egress', variant, sender: kind, viewers, mbit_s: MBIT_S, cpu_us_per_packet: cost, flags });
    }
  }
}
