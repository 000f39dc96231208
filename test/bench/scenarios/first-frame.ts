import type { Bench } from '../bench.ts';
import { median } from '../row.ts';
import type { Sender } from '../senders/sender.ts';

const MBIT_S = 4;

/** From the beginning of a viewer to its first whole keyframe: of a camera that is pulled for another viewer, and of one that is not pulled. */
export async function firstFrame(bench: Bench): Promise<void> {
  const times = bench.bySize(1, 5, 10);
  const audience = bench.audience(1);
  const other = bench.audience(1);
  const site = await bench.site(1, MBIT_S);
  const senders: [name: string, sender: Sender][] = [['own', await bench.gateway({ site })]];
  for (const { name, start } of bench.options.peers) senders.push([name, await start({ site })]);
  for (const [name, sender] of senders) {
    const watched = { sender, cameras: 1, mbitS: MBIT_S };
    const [cold, warm]: number[][] = [[], []];
    // The first of all is compiled for, and counts for neither.
    for (let index = 0; index <= times; index += 1) {
      const [first] = await audience.grow(watched, 1);
      const [second] = await other.grow(watched, 1);
      if (index > 0 && first !== undefined && second !== undefined) {
        cold?.push(first);
        warm?.push(second);
      }
      await Promise.all([audience.leave(), other.leave()]);
      await bench.untilIdle(name);
    }
    const first_frame_ms = { warm: median(warm ?? []), cold: median(cold ?? []) };
    bench.add({ scenario: 'first-frame', sender: name, viewers: 1, mbit_s: MBIT_S, first_frame_ms });
  }
  for (const [, sender] of senders) await sender.close();
  audience.close();
  other.close();
}
