import type { Bench } from '../bench.ts';
import { startGatewayPaced } from '../senders/paced.ts';
import type { Sender } from '../senders/sender.ts';

/** A camera's rate, and its keyframes as a multiple of other pictures. */
interface Load {
  mbitS: number;
  ratio: number;
}

/** Pictures of one size, of one, two and four packets, and pictures of four with keyframes of thirty. */
const SINGLE: Load = { mbitS: 0.2, ratio: 1 };
const DOUBLE: Load = { mbitS: 0.4, ratio: 1 };
const FOURFOLD: Load = { mbitS: 0.8, ratio: 1 };
const WITH_KEYFRAMES: Load = { mbitS: 1, ratio: 8 };

/** How long packets are on their way to fifty viewers, with pacing and without, in turns. */
export async function latency(bench: Bench): Promise<void> {
  const viewers = bench.bySize(4, 50, 50);
  const rounds = bench.bySize(1, 2, 4);
  const audience = bench.audience(viewers);
  const all = [SINGLE, DOUBLE, FOURFOLD, WITH_KEYFRAMES];
  for (const { mbitS, ratio } of bench.bySize([WITH_KEYFRAMES], all, all)) {
    const site = await bench.site(1, mbitS, ratio);
    const senders = await Promise.all(
      [false, true].map(async (pacing): Promise<[pacing: string, sender: Sender]> => {
        return [pacing ? 'paced' : 'not paced', await startGatewayPaced({ site, pacing })];
      }),
    );
    for (let round = 1; round <= rounds; round += 1) {
      for (const [pacing, sender] of senders) {
        const { measured } = await bench.turn(audience, { sender, cameras: 1, mbitS }, viewers);
        const variant = [pacing, ratio === 1 ? 'even pictures' : `keyframes x${ratio}`, `round ${round}`].join(', ');
        bench.add({ scenario: 'latency', variant, sender: 'own', viewers, mbit_s: mbitS, ...measured });
      }
    }
    for (const [, sender] of senders) await sender.close();
  }
  audience.close();
}
