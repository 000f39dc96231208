import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { fuzz, MAX_GROWTH_BYTES, type FuzzFinding, type FuzzProgress, type FuzzResult } from '../test/fuzz/fuzz.ts';

/*
 * Feeds the parsers with changed inputs for a while: `npm run fuzz -- --minutes 10`.
 *
 *   --minutes N         how long; default 1
 *   --inputs N          until so many inputs, in place of a time
 *   --target NAME       this parser alone
 *   --seed N            the inputs of an earlier run
 *   --input BASE64      this input alone, as a finding names it; with --target
 *
 * Ends with 1 where a parser broke a promise, or the heap grew.
 */

const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    inputs: { type: 'string' },
    target: { type: 'string' },
    seed: { type: 'string' },
    input: { type: 'string' },
  },
});
const minutes = Number(values.minutes ?? 1);
const inputs = values.inputs === undefined ? undefined : Number(values.inputs);
const seed = Number(values.seed ?? randomInt(2 ** 32));
if (!(minutes > 0) || !((inputs ?? 1) > 0) || !Number.isInteger(seed))
  throw new Error('--minutes, --inputs and --seed take numbers');
let shownAt = Date.now();

console.log(`seed ${seed}`);
const result = await fuzz({
  targets: new URL('../test/fuzz/targets.ts', import.meta.url),
  seed,
  ...(inputs === undefined ? { endMs: Date.now() + minutes * 60_000 } : { inputs }),
  ...(values.target === undefined ? {} : { only: values.target }),
  ...(values.input === undefined ? {} : { input: values.input }),
  onFinding: printFinding,
  onProgress: (progress, heap) => {
    if (Date.now() - shownAt < PROGRESS_MS) return;
    shownAt = Date.now();
    console.log(`${totalOf(progress).toLocaleString('en')} inputs, heap ${mebibytes(heap)}`);
  },
});
printResult(result);
if (result.findings.length > 0 || result.heap[1] - result.heap[0] > MAX_GROWTH_BYTES) process.exitCode = 1;

function printFinding({ target, what, input }: FuzzFinding): void {
  console.error(`\n${target}: ${what}\n  npm run fuzz -- --target ${target} --input ${input === '' ? "''" : input}\n`);
}

function printResult({ progress, heap, findings }: FuzzResult): void {
  for (const { target, inputs, ms, slowestMs } of progress) {
    const rate = Math.round(inputs / (ms / 1000)).toLocaleString('en');
    console.log(
      `${target.padEnd(24)}${String(inputs).padStart(10)} inputs ${rate.padStart(10)}/s  slowest ${slowestMs.toFixed(1)} ms`,
    );
  }
  const growth = heap[1] - heap[0];
  console.log(
    `heap ${mebibytes(heap[0])} when warm, ${mebibytes(heap[1])} at the end${growth > MAX_GROWTH_BYTES ? ': it GROWS' : ''}`,
  );
  console.log(`${totalOf(progress).toLocaleString('en')} inputs, ${findings.length} findings, seed ${seed}`);
}

function totalOf(progress: readonly FuzzProgress[]): number {
  return progress.reduce((sum, { inputs }) => sum + inputs, 0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
