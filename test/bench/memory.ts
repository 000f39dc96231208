import { setTimeout as delay } from 'node:timers/promises';
import type { GatewayProcess } from '../support/gateway-process.ts';
import { argumentsOf, numberOf, numbersOf } from './arguments.ts';
import { startSite } from './coming-and-going.ts';
import { endWithProcess } from './owned.ts';
import { residentMb } from './proc.ts';
import { Remote } from './remote.ts';
import type { ViewerFunctions } from './viewers/process.ts';

/*
 * What a viewer and a camera take of memory.
 *
 * A gateway with two workers, in a process of its own, as an installer has it. Resident memory is read as the system sees it, first as it is, then after
 * a garbage collection that the gateway would not make: what lies between is room that V8 has taken and would use again.
 */

const USAGE = `node test/bench/memory.ts [--viewers 0,10,50,100] [--cameras 1,16,64] [--mbit 4] [--seconds 20]

What each of so many viewers of one camera, and each of so many cameras, takes of memory; --seconds before each row.`;
const MEBIBYTE = 1024 * 1024;
const MAX_SESSIONS = 1000;

interface Sample {
  count: number;
  resident: number;
  collected: number;
  heap: number;
}

const values = argumentsOf(USAGE, { viewers: '0,10,50,100', cameras: '1,16,64', mbit: '4', seconds: '20' });
const numbers = (name: 'viewers' | 'cameras' | 'mbit'): number[] => numbersOf(name, values[name]);
const settleSeconds = numberOf('seconds', values.seconds);

endWithProcess();
for (const mbit of numbers('mbit')) {
  await byViewers(mbit, numbers('viewers'));
  await byCameras(mbit, numbers('cameras'));
}
process.exit(0);

async function byViewers(mbit: number, counts: readonly number[]): Promise<void> {
  if (counts.length === 0) return;
  const media = { maxSessions: MAX_SESSIONS, maxSessionsPerCamera: MAX_SESSIONS };
  const { gateway, places, close } = await startSite({ cameras: 1, mbit }, { pull: 'always', media });
  const [place] = places;
  if (place === undefined) throw new Error('there is no camera');
  const viewers = new Remote<ViewerFunctions>(new URL('viewers/process.ts', import.meta.url));
  const print = table(`viewers of one camera at ${mbit} Mbit/s`, 'a viewer');
  let joined = 0;
  for (const count of counts) {
    await viewers.call('join', { place, viewers: count - joined });
    joined = count;
    const taken = await sample(gateway, count);
    const { sessions } = await gateway.stats();
    if (sessions.length !== count)
      throw new Error(`of ${count} viewers ${sessions.length} are there: this machine cannot keep up`);
    print(taken);
  }
  viewers.close();
  await close();
}

async function byCameras(mbit: number, counts: readonly number[]): Promise<void> {
  if (counts.length === 0) return;
  const print = table(`cameras at ${mbit} Mbit/s, pulled all the time`, 'a camera');
  for (const count of counts) {
    const { gateway, close } = await startSite({ cameras: count, mbit }, { pull: 'always' });
    print(await sample(gateway, count));
    await close();
  }
}

async function sample(gateway: GatewayProcess, count: number): Promise<Sample> {
  await delay(settleSeconds * 1000);
  const resident = residentMb(gateway.pid);
  const { heapBytes } = await gateway.counters();
  return { count, resident, collected: residentMb(gateway.pid), heap: heapBytes / MEBIBYTE };
}

/** Prints rows, each with what one more took since the row before. */
function table(title: string, each: string): (now: Sample) => void {
  console.log(
    `${title}\n count  resident MB  collected MB  heap and buffers MB   ${each}: resident (since the first row), collected, heap`,
  );
  let [first, before]: (Sample | undefined)[] = [];
  return (now) => {
    const perOne = (of: keyof Sample, than: Sample): string => ((now[of] - than[of]) / (now.count - than.count)).toFixed(2);
    const columns = [now.resident, now.collected, now.heap].map((value) => value.toFixed(1).padStart(12));
    const since =
      before &&
      first &&
      `${perOne('resident', before)} (${perOne('resident', first)}), ${perOne('collected', before)}, ${perOne('heap', before)}`;
    console.log(`${String(now.count).padStart(6)} ${columns.join(' ')}         ${since ?? ''}`);
    first ??= now;
    before = now;
  };
}
