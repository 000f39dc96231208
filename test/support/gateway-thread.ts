import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';
import type { Dial } from './gateway-process.ts';

/*
 * What can be counted only where it happens: loaded into each thread of a gateway's process before anything else. In a worker it tells the main
 * thread (gateway-child.ts).
 */

/** To all threads. */
export type ThreadMessage =
  | { type: 'started'; thread: number }
  | { type: 'dialed'; dial: Dial }
  | { type: 'count' }
  | { type: 'counted'; thread: number; heapBytes: number }
  /** Every worker is busy from now on, so many milliseconds without a pause each time. */
  | { type: 'busy'; forMs: number };

export const THREADS = 'threads of the gateway';

/** Tells each TCP connection of this thread that came about. */
export function onDial(listener: (dial: Dial) => void): void {
  subscribe('net.client.socket', (message) => {
    const { socket } = message as { socket: Socket };
    // `performance.now()` counts from when its thread began.
    const at = Number(process.hrtime.bigint()) / 1e6;
    socket.once('connect', () => listener({ at, port: socket.remotePort ?? 0 }));
  });
}

/** What this thread holds after garbage collection, bytes, with buffers. */
export async function heldBytes(): Promise<number> {
  // What a first collection sets free is let go by finalizers, before the second.
  globalThis.gc?.();
  await setImmediate();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function stayBusy(forMs: number): void {
  const until = performance.now() + forMs;
  while (performance.now() < until);
  setTimeout(() => stayBusy(forMs), 0);
}

if (!isMainThread) {
  const threads = new BroadcastChannel(THREADS);
  const say = (message: ThreadMessage): void => threads.postMessage(message);
  threads.onmessage = ({ data }) => {
    const message = data as ThreadMessage;
    if (message.type === 'busy') stayBusy(message.forMs);
    if (message.type !== 'count') return;
    void heldBytes().then((heapBytes) => say({ type: 'counted', thread: threadId, heapBytes }));
  };
  // It is not what keeps the thread.
  threads.unref();
  onDial((dial) => say({ type: 'dialed', dial }));
  say({ type: 'started', thread: threadId });
}
