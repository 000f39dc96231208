import type { Bench } from '../bench.ts';
import { median } from '../row.ts';

/** About a hundred packets a second. */
const MBIT_S = 1;

/** What a viewer costs beside 1 to 200 others of one camera. */
export async function viewers(bench: Bench): Promise<void> {
  const counts = bench.bySize([1, 5], [1, 10, 50, 100], [1, 10, 20, 50, 100, 200]);
  const sender = await bench.gateway({ site: await bench.site(1, MBIT_S), alwaysPulled: true, workers: 1 });
  const audience = bench.audience(Math.max(...counts));
  for (const count of counts) {
    const joined = await audience.grow({ sender, cameras: 1, mbitS: MBIT_S }, count);
    const measured = await bench.measure(audience);
    const first_frame_ms = { warm: median(joined), cold: null };
    bench.add({ scenario: 'viewers', sender: 'own', viewers: count, mbit_s: MBIT_S, first_frame_ms, ...measured });
  }
  audience.close();
  await sender.close();
  await bench.untilIdle('own');
}
