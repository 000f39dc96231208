import { extname } from 'node:path';
import { getCACertificates } from 'node:tls';
import { Worker } from 'node:worker_threads';
import type { Logger, LogOptions } from '../base/log.ts';
import type { MediaMessage, MediaSettings } from './messages.ts';
import type { StartPlane, ThreadLoad } from './plane-thread.ts';
import { relayLog } from './worker-log.ts';

/** What a worker is started with. */
export interface WorkerData {
  settings: MediaSettings;
  logLevel: NonNullable<LogOptions['level']>;
  /** Certificates that this process trusts, PEM: what was set by `setDefaultCACertificates` holds for one thread. */
  authorities: string[];
}

/** What a worker says: as the media plane, and for itself. */
export type WorkerMessage =
  | MediaMessage
  | { type: 'worker.alive'; load: ThreadLoad }
  /** A line of its log, JSON. */
  | { type: 'worker.log'; line: string };

export interface WorkerThreadOptions {
  /** Another module to run, for tests. */
  entry?: URL;
  /** What its objects may take, MB, without packets; one that takes more has a fault, and dies before the machine runs out of memory. */
  heapMb?: number;
}

/** With hundreds of viewers it is below a tenth of it. */
const HEAP_MB = 1024;
/**
 * Of that, what was made of late. V8 lets it grow to some hundred MB before it looks whether anything of it is still needed; packets leave
 * hardly anything behind, so that it may look more often: at 50 viewers of 4 Mbit/s a viewer takes 0.9 MB in place of 2.3, and no more time.
 */
const YOUNG_HEAP_MB = 12;

/** In a checkout TypeScript runs as it is; in `dist` the compiler leaves URLs alone. */
const ENTRY = new URL(`./media-worker${extname(import.meta.url)}`, import.meta.url);

/** Runs each media plane in a thread of its own, whose log comes out by `logger`. */
export function planeInWorker(logger: Logger, { entry = ENTRY, heapMb = HEAP_MB }: WorkerThreadOptions = {}): StartPlane {
  const relay = relayLog(logger);
  return (index, settings, events) => {
    const data: WorkerData = {
      settings,
      logLevel: logger.level as WorkerData['logLevel'],
      authorities: getCACertificates('default'),
    };
    const resourceLimits = { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_HEAP_MB };
    const worker = new Worker(entry, { name: `media ${index}`, workerData: data, resourceLimits });
    let thrown: unknown;
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'worker.log') relay(message.line);
      else if (message.type === 'worker.alive') events.onAlive(message.load);
      else events.onMessage(message);
    });
    worker.on('error', (error: unknown) => {
      thrown = error;
    });
    worker.on('exit', (code) => events.onExit(thrown instanceof Error ? thrown : new Error(`it ended with code ${code}`)));
    return {
      post: (message) => worker.postMessage(message),
      terminate: async () => void (await worker.terminate()),
    };
  };
}
