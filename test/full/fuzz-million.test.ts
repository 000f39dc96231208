import { expect, it } from 'vitest';
import { fuzz, MAX_GROWTH_BYTES } from '../fuzz/fuzz.ts';

const INPUTS = 1_000_000;

it('the parsers keep their promises on a million changed inputs, none hangs, and memory stays flat', async () => {
  // Another million each day; a finding names its seed and its input.
  const seed = Math.floor(Date.now() / 86_400_000);
  const begin = performance.now();
  const { findings, progress, heap } = await fuzz({
    targets: new URL('../fuzz/targets.ts', import.meta.url),
    seed,
    inputs: INPUTS,
  });
  const inputs = progress.reduce((sum, target) => sum + target.inputs, 0);
  const [before, after] = heap.map((bytes) => (bytes / 1024 / 1024).toFixed(1));
  const minutes = (performance.now() - begin) / 60_000;
  console.log(
    `${inputs.toLocaleString('en')} inputs to ${progress.length} parsers in ${minutes.toFixed(1)} minutes, ${findings.length} findings; ` +
      `heap ${before} MiB when warm, ${after} MiB at the end; seed ${seed}`,
  );
  expect(findings).toEqual([]);
  expect(inputs).toBeGreaterThanOrEqual(INPUTS);
  expect(heap[1] - heap[0]).toBeLessThan(MAX_GROWTH_BYTES);
});
