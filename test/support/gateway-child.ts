import { readdirSync, readlinkSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { BroadcastChannel } from 'node:worker_threads';
import { createLogger } from '../../src/base/log.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../src/gateway/media-settings.ts';
import type { Answer, Counters, Dial, EventLoopDelay, Request } from './gateway-process.ts';
import { heldBytes, onDial, THREADS, type ThreadMessage } from './gateway-thread.ts';

/* A gateway as a process of its own (gateway-process.ts forks it), which counts on request what it holds. */

const RESOLUTION_MS = 10;

const dials: Dial[] = [];
const loopDelay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
loopDelay.enable();
let gateway: Gateway | undefined;

/** Worker threads that run, and what each held when it was last counted; undefined until it says so. */
const workers = new Map<number, number | undefined>();
const threads = new BroadcastChannel(THREADS);
let onCounted = (): void => undefined;

onDial((dial) => dials.push(dial));
threads.onmessage = ({ data }) => {
  const message = data as ThreadMessage;
  if (message.type === 'dialed') dials.push(message.dial);
  if (message.type === 'started') workers.set(message.thread, 0);
  if (message.type === 'counted') workers.set(message.thread, message.heapBytes);
  onCounted();
};
process.on('worker', (worker) => {
  const thread = worker.threadId;
  worker.once('exit', () => {
    workers.delete(thread);
    onCounted();
  });
});

process.on('message', ({ id, type, settings }: Request) => {
  answer(type, settings).then(
    (result) => process.send?.({ id, result } satisfies Answer),
    (error: unknown) => process.send?.({ id, error: String(error) } satisfies Answer),
  );
});
process.on('disconnect', () => process.exit(1));

async function answer(type: Request['type'], settings: Request['settings']): Promise<unknown> {
  switch (type) {
    case 'start':
      gateway = makeGateway(settings);
      return (await gateway.start()).url;
    case 'cameras':
      return gateway?.cameras();
    case 'stats':
      return gateway?.mediaStats();
    case 'counters':
      return await count();
    case 'dials':
      return dials.toSorted((one, other) => one.at - other.at);
    case 'delays':
      return delaysSinceLast();
    case 'busy':
      threads.postMessage({ type: 'busy', forMs: settings?.busyMs ?? 0 } satisfies ThreadMessage);
      return undefined;
    case 'close':
      await gateway?.close();
      return undefined;
  }
}

function makeGateway(settings: Request['settings']): Gateway {
  return new Gateway({
    listen: { host: '127.0.0.1', port: 0 },
    cameras: (settings?.cameras ?? []).map((camera) => ({ camera })),
    viewerTokens: [],
    media: {
      ...DEFAULT_MEDIA_SETTINGS,
      ...settings?.media,
      ...(settings?.workers === undefined ? {} : { workers: settings.workers }),
      pull: settings?.pull ?? 'always',
      ice: { ...DEFAULT_MEDIA_SETTINGS.ice, loopbackOnly: true },
    },
    ...(settings?.signaling === undefined ? {} : { signaling: settings.signaling }),
    logger: createLogger({ destination: process.stderr }),
  });
}

/** In nanoseconds; the resolution, which every delay has, is taken off. */
function delaysSinceLast(): EventLoopDelay {
  const inMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  const { max } = loopDelay;
  const delays = { median: inMs(loopDelay.percentile(50)), percentile99: inMs(loopDelay.percentile(99)), max: inMs(max) };
  loopDelay.reset();
  return delays;
}

async function count(): Promise<Counters> {
  const workerHeapBytes = await heldByWorkers();
  const heapBytes = workerHeapBytes.reduce((sum, bytes) => sum + bytes, 0) + (await heldBytes());
  const { rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    heapBytes,
    workerHeapBytes,
    rssBytes: rss,
    workers: workers.size,
    cpuMs: (user + system) / 1000,
    atMs: performance.now(),
    resources: tally(process.getActiveResourcesInfo()),
    descriptors: tally(readdirSync('/proc/self/fd').map(kindOf)),
  };
}

async function heldByWorkers(): Promise<number[]> {
  const { promise, resolve } = Promise.withResolvers<number[]>();
  for (const thread of workers.keys()) workers.set(thread, undefined);
  onCounted = () => {
    const held = [...workers.values()].filter((bytes) => bytes !== undefined);
    if (held.length === workers.size) resolve(held);
  };
  threads.postMessage({ type: 'count' } satisfies ThreadMessage);
  onCounted();
  return await promise;
}

/** `socket`, `pipe`, `anon_inode`, or `file`. */
function kindOf(descriptor: string): string {
  try {
    return /^(\w+):/.exec(readlinkSync(`/proc/self/fd/${descriptor}`))?.[1] ?? 'file';
  } catch {
    // The one by which the folder itself was read.
    return 'file';
  }
}

function tally(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
