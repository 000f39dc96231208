import { subscribe } from 'node:diagnostics_channel';
import { readdirSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { createLogger } from '../../src/base/log.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../src/gateway/media-settings.ts';
import type { Answer, Counters, Dial, Request, Settings } from './gateway-process.ts';

/* A gateway as a process of its own (gateway-process.ts forks it), which counts on request what it holds. */

const dials: Dial[] = [];
let gateway: Gateway | undefined;

subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket };
  const at = performance.now();
  socket.once('connect', () => dials.push({ at, port: socket.remotePort ?? 0 }));
});

process.on('message', ({ id, type, settings }: Request) => {
  answer(type, settings).then(
    (result) => process.send?.({ id, result } satisfies Answer),
    (error: unknown) => process.send?.({ id, error: String(error) } satisfies Answer),
  );
});
process.on('disconnect', () => process.exit(1));

async function answer(type: Request['type'], settings: Settings | undefined): Promise<unknown> {
  switch (type) {
    case 'start':
      gateway = new Gateway({
        listen: { host: '127.0.0.1', port: 0 },
        cameras: (settings?.cameras ?? []).map((camera) => ({ camera })),
        viewerTokens: [],
        media: {
          ...DEFAULT_MEDIA_SETTINGS,
          pull: 'always',
          ice: { ...DEFAULT_MEDIA_SETTINGS.ice, loopbackOnly: true },
        },
        logger: createLogger({ destination: process.stderr }),
      });
      return (await gateway.start()).url;
    case 'cameras':
      return gateway?.cameras();
    case 'stats':
      return gateway?.mediaStats();
    case 'counters':
      return await count();
    case 'dials':
      return dials;
    case 'close':
      await gateway?.close();
      return undefined;
  }
}

async function count(): Promise<Counters> {
  // What a first collection sets free is let go by finalizers, before the second.
  globalThis.gc?.();
  await setImmediate();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    heapBytes: heapUsed + arrayBuffers,
    rssBytes: rss,
    cpuMs: (user + system) / 1000,
    atMs: performance.now(),
    resources: tally(process.getActiveResourcesInfo()),
    descriptors: tally(readdirSync('/proc/self/fd').map(kindOf)),
  };
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
