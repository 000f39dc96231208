import { crc32 } from 'node:zlib';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import type { FuzzFinding, FuzzProgress, FuzzWork } from './fuzz.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import type { FuzzTarget } from './target.ts';

/* The thread that feeds the parsers. What it works on lies in shared memory, so that it can be told when the thread hangs. */

const work = workerData as FuzzWork;
const [state, current] = [new Int32Array(work.state), Buffer.from(work.current)];
const { targets } = (await import(work.targets)) as { targets: readonly FuzzTarget[] };
const chosen = targets.filter(({ name }) => work.only === undefined || name === work.only);
const progress: FuzzProgress[] = chosen.map(({ name }) => ({ target: name, inputs: 0, ms: 0, slowestMs: 0 }));
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
let target: FuzzTarget | undefined;
let input: Buffer = Buffer.alloc(0);

// Some faults of a parser come to light only after it returned.
process.on('uncaughtException', report);
process.on('unhandledRejection', report);

await fuzz();

async function fuzz(): Promise<void> {
  if (chosen.length === 0)
    throw new Error(`there is no target ${work.only}; there are: ${targets.map(({ name }) => name).join(', ')}`);
  if (work.input !== undefined) {
    for (const index of chosen.keys()) await feed(index, Buffer.from(work.input, 'base64'));
    post({ kind: 'done', progress, heap: [await heapBytes(), await heapBytes()] });
    return;
  }
  const end = work.endMs ?? Number.POSITIVE_INFINITY;
  const total = (): number => progress.reduce((sum, { inputs }) => sum + inputs, 0);
  let warmHeap: number | undefined;
  post({ kind: 'progress', progress, heap: 0 });
  for (let round = 0; Date.now() < end && total() < (work.inputs ?? Number.POSITIVE_INFINITY); round += 1) {
    for (const [index, { share = 1 }] of chosen.entries()) {
      if (round % share === 0) await batch(index, round);
    }
    // What is compiled and cached on first use is no leak.
    if (round === work.warmUpRounds) warmHeap = await heapBytes();
    post({ kind: 'progress', progress, heap: process.memoryUsage().heapUsed });
  }
  const last = await heapBytes();
  post({ kind: 'done', progress, heap: [warmHeap ?? last, last] });
}

async function batch(index: number, round: number): Promise<void> {
  const each = chosen[index];
  if (each === undefined) return;
  const name = crc32(each.name);
  for (let number = 0; number < work.batch; number += 1) {
    const random = new Random(crc32(`${work.seed}:${name}:${round * work.batch + number}`));
    await feed(index, mutate(each, random));
  }
  // Rejections that nobody took show by now.
  await setImmediate();
}

async function feed(index: number, bytes: Buffer): Promise<void> {
  const [each, count] = [chosen[index], progress[index]];
  if (each === undefined || count === undefined) return;
  target = each;
  input = bytes;
  bytes.copy(current);
  state[1] = index;
  state[2] = bytes.length;
  Atomics.add(state, 0, 1);
  const start = performance.now();
  try {
    const pending = each.run(bytes);
    if (pending !== undefined) await pending;
  } catch (error) {
    report(error);
  }
  const ms = performance.now() - start;
  count.inputs += 1;
  count.ms += ms;
  count.slowestMs = Math.max(count.slowestMs, ms);
}

function report(error: unknown): void {
  const finding: FuzzFinding = {
    target: target?.name ?? 'none',
    what: error instanceof Error ? (error.stack ?? error.message) : String(error),
    input: input.toString('base64'),
  };
  post({ kind: 'finding', finding });
}

/** All that the thread keeps alive, buffers included. */
async function heapBytes(): Promise<number> {
  collectGarbage();
  // Buffers are let go by finalizers, which run in between.
  await setImmediate();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function post(message: unknown): void {
  parentPort?.postMessage(message);
}
