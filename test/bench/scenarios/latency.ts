import type { Bench } from '../bench.ts';
import { startGatewayPaced } from '../senders/paced.ts';
import type { Sender } from '../senders/sender.ts';

const MBIT_S = 1;

/** How long packets are on their way to fifty viewers, with pacing and without, in turns: of pictures of one size, and with keyframes eight times as large. */
export async function latency(bench: Bench): Promise<void> {
  const viewers = bench.bySize(4, 50, 50);
  const rounds = bench.bySize(1, 2, 4);
  const audience = bench.audience(viewers);
  for (const ratio of bench.bySize([8], [1, 8], [1, 8])) {
    const site = await bench.site(1, MBIT_S, ratio);
    const senders = await Promise.all(
      [false, true].map(async (pacing): Promise<[pacing: string, sender: Sender]> => {
        return [pacing ? 'paced' : 'not paced', await startGatewayPaced({ site, pacing })];
      }),
    );
    for (let round = 1; round <= rounds; round += 1) {
      for (const [pacing, sender] of senders) {
        const { measured } = await bench.turn(audience, { sender, cameras: 1, mbitS: MBIT_S }, viewers);
        const variant = [pacing, ratio === 1 ? 'even pictures' : `keyframes x${ratio}`, `round ${round}`].join(', ');
        bench.add({ scenario: 'latency', variant, sender: 'own', viewers, mbit_s: MBIT_S, ...measured });
      }
    }
    for (const [, sender] of senders) await sender.close();
  }
  audience.close();
}
