import { setTimeout as delay } from 'node:timers/promises';
import type { Counters } from '../support/gateway-process.ts';
import { argumentsOf, numberOf } from './arguments.ts';
import { comeAndGo, startSite } from './coming-and-going.ts';
import { endWithProcess } from './owned.ts';
import { residentMb } from './proc.ts';
import { Remote } from './remote.ts';
import { slope } from './slope.ts';
import type { ViewerFunctions } from './viewers/process.ts';

/*
 * Viewers that come and go for a long time, and whether anything grows with them.
 *
 * The gateway has two workers. Thirty times, with a row for each: what the process holds after garbage collection in all of its threads, as the system sees it,
 * and what is open. The verdict is by how much each grows with the sessions after the first quarter, in which compilers, pools and caches take what they will
 * have.
 */

const USAGE = `node test/bench/endurance.ts [--sessions 5000] [--minutes 30] [--viewers 20] [--cameras 4] [--mbit 2]

So many sessions in so many minutes, --viewers at a time: thirty rows, and whether anything grows with the sessions.`;
/** What a session may leave behind in the memory of all threads, KB, by the slope; a viewer that is forgotten leaves hundreds. */
const MAX_HEAP_KB = 2;
/** The same of resident memory, in which allocators have their part. */
const MAX_RESIDENT_KB = 5;
/** Sockets, timers and files. */
const MAX_HANDLES = 0.01;
const WARM_UP_SHARE = 0.25;
/** So that cameras are let go and pulled again. */
const LINGER_MS = 2000;
const ROWS = 30;
const MEBIBYTE = 1024 * 1024;

interface Row {
  minute: number;
  sessions: number;
  resident: number;
  heap: number;
  handles: number;
}

const values = argumentsOf(USAGE, { sessions: '5000', minutes: '30', viewers: '20', cameras: '4', mbit: '2' });
const number = (name: keyof typeof values): number => numberOf(name, values[name]);
const [wanted, minutes, slots] = [number('sessions'), number('minutes'), number('viewers')];
const rowMs = (minutes * 60_000) / ROWS;

endWithProcess();
const { gateway, places, close } = await startSite(
  { cameras: number('cameras'), mbit: number('mbit') },
  { pull: 'on_demand', media: { lingerMs: LINGER_MS } },
);
process.on('exit', () => gateway.kill());
const viewers = new Remote<ViewerFunctions>(new URL('viewers/process.ts', import.meta.url));
const beganAt = performance.now();
const firstFramesMs: number[] = [];
const failures: string[] = [];
const rows: Row[] = [];

const coming = comeAndGo({
  ...{ viewers, places, sessions: wanted, durationMs: minutes * 60_000, atATime: slots },
  onSeen: (firstFrameMs) => firstFramesMs.push(firstFrameMs),
  onFailed: (error) => failures.push(String(error)),
});
console.log(`${wanted} sessions in ${minutes} minutes, ${slots} at a time, of ${places.length} cameras`);
console.log(' minute  sessions  resident MB  heap and buffers MB  handles and files');
for (let count = 1; count <= ROWS; count += 1) {
  await delay(Math.max(0, beganAt + count * rowMs - performance.now()));
  await row();
}
await coming;
// Pulls without a viewer linger, and sockets that said goodbye are let go.
await delay(15_000);
await row();
viewers.close();
await close();
process.exit(judge() ? 0 : 1);

async function row(): Promise<void> {
  const counters = await gateway.counters();
  const minute = (performance.now() - beganAt) / 60_000;
  const resident = residentMb(gateway.pid);
  const handles = sum(counters.resources) + sum(counters.descriptors);
  const next = { minute, sessions: firstFramesMs.length, resident, heap: counters.heapBytes / MEBIBYTE, handles };
  rows.push(next);
  const columns = [minute.toFixed(1).padStart(7), String(next.sessions).padStart(9), resident.toFixed(1).padStart(12)];
  console.log(`${columns.join(' ')} ${heapOf(counters)}  ${handles}${failures.length > 0 ? `  ${failures.length} failed` : ''}`);
}

function heapOf({ heapBytes, workerHeapBytes }: Counters): string {
  const workers = workerHeapBytes.map((bytes) => (bytes / MEBIBYTE).toFixed(1)).join(' + ');
  return `${(heapBytes / MEBIBYTE).toFixed(1).padStart(10)} (workers ${workers})`;
}

/** Whether nothing grew, and all saw their camera. */
function judge(): boolean {
  // The last row is of a gateway without viewers.
  const judged = rows.slice(0, -1).filter(({ minute }) => minute > minutes * WARM_UP_SHARE);
  const growth = (of: keyof Row): number => slope(judged.map((each) => [each.sessions, each[of]]));
  const [heap, resident, handles] = [growth('heap') * 1024, growth('resident') * 1024, growth('handles')];
  const sorted = firstFramesMs.toSorted((a, b) => a - b);
  const percentile = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(0);
  const isFlat = heap < MAX_HEAP_KB && resident < MAX_RESIDENT_KB && handles < MAX_HANDLES;
  const isWhole = failures.length <= wanted / 1000;
  console.log(
    [
      `${firstFramesMs.length} sessions saw their camera, the first picture after ${percentile(0.5)} ms (median), ${percentile(0.99)} ms (99 of 100); ${failures.length} failed`,
      ...new Set(failures.slice(0, 20)),
      `each session after the first quarter leaves behind, by a straight line: heap and buffers ${heap.toFixed(2)} KB (at most ${MAX_HEAP_KB}), resident ${resident.toFixed(2)} KB (at most ${MAX_RESIDENT_KB}), handles ${handles.toFixed(3)} (at most ${MAX_HANDLES})`,
      isFlat && isWhole ? 'nothing grows' : isFlat ? 'too many sessions failed' : 'IT GROWS',
    ].join('\n'),
  );
  return isFlat && isWhole;
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((all, count) => all + count, 0);
}
