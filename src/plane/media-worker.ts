import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setDefaultCACertificates } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../base/clock.ts';
import { createLogger } from '../base/log.ts';
import { CameraCosts } from './camera-costs.ts';
import { MediaPlane } from './media-plane.ts';
import type { WorkerData, WorkerMessage } from './worker-thread.ts';

/*
 * The entry of a worker thread: one media plane on the port to its parent. An error that nobody catches ends this thread alone; the control plane
 * starts another one.
 */

const ALIVE_INTERVAL_MS = 1000;
const RESOLUTION_MS = 10;

if (parentPort === null) throw new Error('a media worker is started by the control plane');
const port = parentPort;
const { settings, logLevel, authorities } = workerData as WorkerData;
const post = (message: WorkerMessage): void => port.postMessage(message);

setDefaultCACertificates(authorities);
const logger = createLogger({ level: logLevel, destination: { write: (line) => post({ type: 'worker.log', line }) } });
const plane = new MediaPlane({ port, settings, clock: systemClock, logger });
plane.start();

const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delays.enable();
const costs = new CameraCosts();
let used = performance.eventLoopUtilization();

function sayAlive(): void {
  const now = performance.eventLoopUtilization();
  const { utilization } = performance.eventLoopUtilization(now, used);
  used = now;
  // Each delay has the resolution in it, and there is none where nothing was measured.
  const delayMs = delays.count === 0 ? 0 : Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS);
  delays.reset();
  post({ type: 'worker.alive', load: { utilization, delayMs, costs: costs.measure(plane.stats(), utilization) } });
}

sayAlive();
// The port alone keeps the thread: once it is closed, nothing is left to do.
setInterval(sayAlive, ALIVE_INTERVAL_MS).unref();
