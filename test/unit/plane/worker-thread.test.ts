import { expect, it, onTestFinished } from 'vitest';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { createLogger } from '../../../src/base/log.ts';
import { planeInWorker } from '../../../src/plane/worker-thread.ts';

/** Makes what lives for a while, over and over, and says how large the part of the heap for such things has become; bytes. */
const MAKES_GARBAGE = `
import { getHeapSpaceStatistics } from 'node:v8';
import { parentPort } from 'node:worker_threads';
const window = [];
for (let n = 0; n < 3_000_000; n += 1) window[n % 200_000] = { n };
parentPort.postMessage(getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
`;

it('what a worker has made of late stays small, though V8 would let it grow', async () => {
  const start = planeInWorker(createLogger({ level: 'silent' }), {
    entry: new URL(`data:text/javascript,${encodeURIComponent(MAKES_GARBAGE)}`),
  });
  const bytes = await new Promise<unknown>((resolve, reject) => {
    const thread = start(0, DEFAULT_MEDIA_SETTINGS, { onMessage: resolve, onAlive: () => undefined, onExit: reject });
    onTestFinished(() => thread.terminate());
  });
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThanOrEqual(12 * 1024 * 1024);
});
