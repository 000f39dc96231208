import type { Bench } from '../bench.ts';

const MBIT_S = 2;
const CAMERAS = 2;

/** The same load on one worker and on two, in turns: what the second costs in processor time. */
export async function workers(bench: Bench): Promise<void> {
  const viewers = bench.bySize(4, 40, 40);
  const rounds = bench.bySize(1, 2, 4);
  const audience = bench.audience(viewers);
  const site = await bench.site(CAMERAS, MBIT_S);
  const [one, two] = await Promise.all([bench.gateway({ site, workers: 1 }), bench.gateway({ site, workers: 2 })]);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, sender] of [['1 worker', one] as const, ['2 workers', two] as const]) {
      const { measured } = await bench.turn(audience, { sender, cameras: CAMERAS, mbitS: MBIT_S }, viewers);
      const variant = `${name}, round ${round}`;
      bench.add({ scenario: 'workers', variant, sender: 'own', cameras: CAMERAS, viewers, mbit_s: MBIT_S, ...measured });
    }
  }
  await one.close();
  await two.close();
  audience.close();
}
