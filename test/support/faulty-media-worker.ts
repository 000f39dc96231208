import { BroadcastChannel, threadId } from 'node:worker_threads';
import '../../src/plane/media-worker.ts';

/* A media worker in which a test can do what befalls one: it is told by thread, over a channel that is no part of the product. */

export type Fault = 'exit' | 'throw' | 'reject' | 'memory' | 'hang' | 'busy';

export interface FaultMessage {
  thread: number;
  fault: Fault;
}

const kept: unknown[] = [];

const faults: Record<Fault, () => void> = {
  exit: () => process.exit(7),
  throw: () => {
    throw new Error('thrown by the test');
  },
  reject: () => void Promise.reject(new Error('rejected by the test')),
  memory: leak,
  hang: () => {
    for (;;);
  },
  busy: () => void setInterval(stayBusy, BUSY_EACH_MS).unref(),
};

/** Two thirds of the time. */
const BUSY_EACH_MS = 30;
const BUSY_MS = 20;

function stayBusy(): void {
  const until = performance.now() + BUSY_MS;
  while (performance.now() < until);
}

/** Bit by bit, as a leak does: V8 ends the whole process where a thread takes more in one go than it keeps back for the end. */
function leak(): void {
  kept.push(Array.from({ length: 1000 }, (_, index) => ({ index, text: String(index) })));
  setImmediate(leak);
}

const channel = new BroadcastChannel('media-worker-faults');
channel.onmessage = (event: unknown) => {
  const { thread, fault } = (event as { data: FaultMessage }).data;
  if (thread === threadId) setImmediate(faults[fault]);
};
channel.unref();
