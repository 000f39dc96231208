import { setTimeout as delay } from 'node:timers/promises';
import type { Bench } from '../bench.ts';
import { cpuMs, residentMb } from '../proc.ts';
import { median } from '../row.ts';

const MBIT_S = 2;

/** What cameras cost that nobody watches, and with one viewer each. */
export async function cameras(bench: Bench): Promise<void> {
  const seconds = bench.bySize(0.5, 5, 10);
  for (const count of bench.bySize([1, 3], [1, 16, 64], [1, 4, 16, 64])) {
    const sender = await bench.gateway({ site: await bench.site(count, MBIT_S), alwaysPulled: true });
    await bench.untilPulled('own', count);
    // Until each has a group of pictures.
    await delay(seconds * 1000);
    const [before, startedAt] = [cpuMs(sender.pid), performance.now()];
    await delay(seconds * 1000);
    const cpu_percent = ((cpuMs(sender.pid) - before) / (performance.now() - startedAt)) * 100;
    const load = { sender: 'own', cameras: count, mbit_s: MBIT_S };
    const loop_delay_ms = (await sender.loopDelayMs()) ?? null;
    bench.add({ scenario: 'cameras', ...load, cpu_percent, rss_mb: residentMb(sender.pid), loop_delay_ms });
    const audience = bench.audience(count);
    const joined = await audience.grow({ sender, cameras: count, mbitS: MBIT_S }, count);
    const first_frame_ms = { warm: median(joined), cold: null };
    bench.add({ scenario: 'cameras', ...load, viewers: count, first_frame_ms, ...(await bench.measure(audience)) });
    audience.close();
    await sender.close();
    await bench.untilIdle('own');
  }
}
