import type { Bench } from '../bench.ts';
import type { Sender } from '../senders/sender.ts';

/** Twenty viewers of one camera, by the gateway and by each peer in turns; a row a turn. */
export async function peers(bench: Bench): Promise<void> {
  const viewers = bench.bySize(2, 20, 20);
  const rounds = bench.bySize(1, 2, 4);
  const audience = bench.audience(viewers);
  for (const mbitS of bench.bySize([4], [4], [4, 2])) {
    const site = await bench.site(1, mbitS);
    const senders: [name: string, sender: Sender][] = [['own', await bench.gateway({ site })]];
    for (const { name, start } of bench.options.peers) senders.push([name, await start({ site })]);
    for (let round = 1; round <= rounds; round += 1) {
      for (const [name, sender] of senders) {
        const { measured } = await bench.turn(audience, { sender, cameras: 1, mbitS }, viewers, name);
        bench.add({ scenario: 'peers', variant: `round ${round}`, sender: name, viewers, mbit_s: mbitS, ...measured });
      }
    }
    for (const [, sender] of senders) await sender.close();
  }
  audience.close();
}
