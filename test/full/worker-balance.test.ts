import { BroadcastChannel, type Worker } from 'node:worker_threads';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { RtpPacket } from 'werift';
import { createLogger } from '../../src/base/log.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../src/gateway/media-settings.ts';
import { MediaControl } from '../../src/plane/media-control.ts';
import { planeInWorker } from '../../src/plane/worker-thread.ts';
import type { FaultMessage } from '../support/faulty-media-worker.ts';
import { recordingLogger } from '../support/site.ts';
import { LOOPBACK } from '../unit/peer/webrtc/loopback-viewer.ts';
import { cameraAt, open, view, type Opened } from '../unit/plane/fixture.ts';
import { runServer, type RunningServer } from '../unit/simulator/rtsp/server-fixture.ts';

/* Real threads, which measure themselves. What their cameras cost is made up for: the first worker is busy two thirds of the time, whatever it does. */

const WAIT = { timeout: 60_000, interval: 50 };
const WORKER = new URL('../support/faulty-media-worker.ts', import.meta.url);
/** Pictures of the simulated camera in a second, of some packets each. */
const PICTURES = 25;

interface Watching extends Opened {
  packets: RtpPacket[];
}

let sessions = 0;

async function watch(control: MediaControl, cameraId: string): Promise<Watching> {
  sessions += 1;
  const opened = open(control, `session-${sessions}`, 'main', cameraId);
  const { packets } = await view(opened);
  await more(packets);
  return { ...opened, packets };
}

async function more(packets: RtpPacket[]): Promise<void> {
  const before = packets.length;
  await vi.waitFor(() => expect(packets.length).toBeGreaterThan(before + PICTURES), WAIT);
}

it('two cameras that keep one worker busy become one in each, once nobody watches one of them; who comes in that moment sees it', async () => {
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on('worker', note);
  onTestFinished(() => void process.off('worker', note));
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const control = new MediaControl({
    settings: { ...DEFAULT_MEDIA_SETTINGS, ice: LOOPBACK, lingerMs: 0, adaptive: false },
    workers: 2,
    clock: { now: () => Date.now() },
    logger,
    onStreamState: () => undefined,
    onKeyframeWanted: () => undefined,
    startPlane: planeInWorker(logger, { entry: WORKER }),
  });
  onTestFinished(() => control.close());
  const cameras = new Map<string, RunningServer>();
  for (const id of ['yard', 'gate', 'hall', 'shed']) {
    const camera = await runServer();
    cameras.set(id, camera);
    control.setCamera(cameraAt(camera, id));
  }
  const cost = (id: string): number => control.cameraCosts.find(({ cameraId }) => cameraId === id)?.cost ?? 0;
  const moves = (): unknown[] => lines.flatMap(({ camera, from, to }) => (from === undefined ? [] : [[camera, from, to]]));
  const channel = new BroadcastChannel('media-worker-faults');
  onTestFinished(() => channel.close());

  const [yard, hall] = [await watch(control, 'yard'), await watch(control, 'hall')];
  channel.postMessage({ thread: workers[0]?.threadId ?? -1, fault: 'busy' } satisfies FaultMessage);
  await vi.waitFor(() => expect(Math.min(cost('yard'), cost('hall'))).toBeGreaterThan(0.2), WAIT);
  await vi.waitFor(() => expect(control.workers[0]?.expected).toBeGreaterThan(0.5), WAIT);
  expect([cost('gate'), cost('shed')]).toEqual([0, 0]);
  expect(control.workers.map((worker) => worker.cameras)).toEqual([2, 2]);
  expect(moves()).toEqual([]);

  hall.session.close({ code: 'session.left', message: 'The viewer left.' });
  await vi.waitFor(() => expect(control.workers.map((worker) => worker.moves)).toEqual([0, 1]), { timeout: 60_000, interval: 1 });
  const again = await watch(control, 'hall');
  expect(moves()).toEqual([['hall', 0, 1]]);
  expect(control.workers.map((worker) => worker.cameras)).toEqual([1, 3]);
  // It is pulled once, by the new worker; the other camera's viewer has seen nothing of it, and both go on.
  expect(cameras.get('hall')?.server.connections).toBe(1);
  await Promise.all([more(yard.packets), more(again.packets)]);
  expect([yard.states, again.states]).toEqual([
    ['connecting', 'live'],
    ['connecting', 'live'],
  ]);
  const { streams } = await control.stats();
  expect(streams.map(({ cameraId, state }) => `${cameraId} ${state}`).toSorted()).toEqual(['hall playing', 'yard playing']);
});
