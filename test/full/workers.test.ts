import { readdirSync, readFileSync } from 'node:fs';
import { BroadcastChannel, type Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RtpPacket } from 'werift';
import { RtpHeader } from 'werift';
import { createLogger } from '../../src/base/log.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../src/gateway/media-settings.ts';
import { MediaControl } from '../../src/plane/media-control.ts';
import { planeInWorker } from '../../src/plane/worker-thread.ts';
import { TALKBACK_FORMS } from '../../src/simulator/rtsp/talkback.ts';
import type { Fault, FaultMessage } from '../support/faulty-media-worker.ts';
import { recordingLogger } from '../support/site.ts';
import { LOOPBACK, makeViewer, type LoopbackViewer } from '../unit/peer/webrtc/loopback-viewer.ts';
import { cameraAt, open, type Opened } from '../unit/plane/fixture.ts';
import { runServer } from '../unit/simulator/rtsp/server-fixture.ts';

/* Real threads and real ffmpeg: what befalls a worker, and what of the gateway sees it. */

const WAIT = { timeout: 30_000, interval: 20 };
const FAULTY_WORKER = new URL('../support/faulty-media-worker.ts', import.meta.url);
/** Enough for a worker that does its work. */
const HEAP_MB = 64;
/** Pictures of the simulated camera in a second, of some packets each. */
const PICTURES = 25;

/** In the order in which they were started. */
const workers: Worker[] = [];

beforeEach(() => {
  workers.length = 0;
  const note = (worker: Worker): void => void workers.push(worker);
  process.on('worker', note);
  onTestFinished(() => void process.off('worker', note));
});

interface Planes {
  control: MediaControl;
  lines: Record<string, unknown>[];
  streams: string[];
}

/** Two workers, with camera `yard` in the first and `gate` in the second, each with a microphone's way to its loudspeaker. */
async function startWorkers(): Promise<Planes> {
  const { logger, lines } = recordingLogger((destination) => createLogger({ level: 'debug', destination }));
  const streams: string[] = [];
  const control = new MediaControl({
    settings: { ...DEFAULT_MEDIA_SETTINGS, ice: LOOPBACK, lingerMs: 0, adaptive: false },
    workers: 2,
    clock: { now: () => Date.now() },
    logger,
    onStreamState: (camera, profile, state) => streams.push(`${camera} ${profile} ${state}`),
    onKeyframeWanted: () => undefined,
    startPlane: planeInWorker(logger, { entry: FAULTY_WORKER, heapMb: HEAP_MB }),
  });
  onTestFinished(() => control.close());
  for (const id of ['yard', 'gate']) {
    const camera = await runServer();
    camera.server.talkback.forms = [TALKBACK_FORMS.g726];
    const source = cameraAt(camera, id);
    control.setCamera({ ...source, profiles: source.profiles.map((profile) => ({ ...profile, talk: true })) });
  }
  return { control, lines, streams };
}

interface Watching {
  opened: Opened;
  viewer: LoopbackViewer;
  packets: RtpPacket[];
}

let sessions = 0;

/** A viewer to whom pictures come, and who may talk; asks again as long as the worker of the camera is not there. */
async function watch(control: MediaControl, cameraId: string): Promise<Watching> {
  sessions += 1;
  const opened = await vi.waitFor(() => open(control, `session-${sessions}`, 'main', cameraId), WAIT);
  const viewer = makeViewer();
  const [first] = await vi.waitUntil(() => opened.offers.length > 0 && opened.offers, WAIT);
  const answer = await viewer.answer(first?.offer ?? '');
  const packets: RtpPacket[] = [];
  viewer.transport.onRtp.subscribe((packet) => packets.push(packet));
  // werift's own answer only listens.
  opened.session.answer(answer.replace(/(m=audio[\s\S]*?)a=recvonly/, '$1a=sendrecv'), []);
  await viewer.gather((candidate) => opened.session.addCandidate(candidate));
  await vi.waitFor(() => expect(opened.states.at(-1)).toBe('live'), WAIT);
  await more({ opened, viewer, packets });
  return { opened, viewer, packets };
}

/** Waits for pictures that had not come when this was called. */
async function more({ opened, viewer, packets }: Watching): Promise<void> {
  const before = packets.length;
  await vi.waitFor(() => {
    const state = `${opened.states.join(', ')}; the viewer is ${viewer.connection.connectionState}`;
    expect(packets.length, state).toBeGreaterThan(before + PICTURES);
  }, WAIT);
}

async function terminate(worker: Worker | undefined): Promise<void> {
  await worker?.terminate();
}

function befall(fault: Fault): (worker: Worker | undefined) => Promise<void> {
  return (worker) => {
    const channel = new BroadcastChannel('media-worker-faults');
    channel.postMessage({ thread: worker?.threadId ?? -1, fault } satisfies FaultMessage);
    onTestFinished(() => channel.close());
    return Promise.resolve();
  };
}

describe('a worker', () => {
  it.each<[string, (worker: Worker | undefined) => Promise<void>, string]>([
    ['that is terminated', terminate, 'it ended with code 1'],
    ['that ends itself', befall('exit'), 'it ended with code 7'],
    ['with an error that nobody catches', befall('throw'), 'thrown by the test'],
    ['with a rejection that nobody handles', befall('reject'), 'rejected by the test'],
    ['out of memory', befall('memory'), 'memory limit'],
    ['that is busy without end', befall('hang'), 'it ended with code 1'],
  ])(
    '%s comes back with its camera, whose next viewer sees it; the session of the other worker goes on',
    async (_, kill, why) => {
      const { control, lines, streams } = await startWorkers();
      const [yard, gate] = [await watch(control, 'yard'), await watch(control, 'gate')];
      await kill(workers[0]);
      await vi.waitFor(() => expect(yard.opened.states).toEqual(['connecting', 'live', 'closed session.worker_died']), WAIT);
      expect(streams.at(-1)).toBe('yard main idle');
      await more(gate);

      const next = await watch(control, 'yard');
      await more(next);
      await more(gate);
      expect(gate.opened.states).toEqual(['connecting', 'live']);
      expect(control.workers.map(({ restarts, cameras, running }) => [restarts, cameras, running])).toEqual([
        [1, 1, true],
        [0, 1, true],
      ]);
      expect(workers).toHaveLength(3);
      const said = lines.filter(({ level }) => level === 50).map(({ msg }) => String(msg));
      expect(said.at(-1)).toContain(why);
      const { sessions: counted } = await control.stats();
      expect(counted.map(({ cameraId, state }) => `${cameraId} ${state}`).toSorted()).toEqual(['gate live', 'yard live']);
    },
  );

  it('that is terminated leaves no ffmpeg behind, the other keeps its own; none is left of a gateway that closed', async () => {
    const { control } = await startWorkers();
    const [yard, gate] = [await watch(control, 'yard'), await watch(control, 'gate')];
    talk(yard);
    const [first = 0] = await vi.waitUntil(() => ffmpegs().length === 1 && ffmpegs(), WAIT);
    talk(gate);
    await vi.waitFor(() => expect(ffmpegs()).toHaveLength(2), WAIT);
    const second = ffmpegs().find((pid) => pid !== first);
    await workers[0]?.terminate();
    await vi.waitFor(() => expect(ffmpegs()).toEqual([second]), WAIT);

    talk(await watch(control, 'yard'));
    await vi.waitFor(() => expect(ffmpegs()).toHaveLength(2), WAIT);
    expect(ffmpegs()).toContain(second);
    expect(ffmpegs()).not.toContain(first);
    await control.close();
    expect(ffmpegs()).toEqual([]);
  });

  it('writes into the log of the gateway', async () => {
    const { control, lines } = await startWorkers();
    const yard = await watch(control, 'yard');
    yard.opened.session.addCandidate({ candidate: 'candidate:nothing' });
    await vi.waitFor(() => expect(lines.map(({ msg }) => msg)).toContain('candidate refused'), WAIT);
    expect(lines.find(({ msg }) => msg === 'candidate refused')).toMatchObject({
      level: 20,
      reason: { code: 'session.candidate' },
    });
  });
});

/** Talks, in packets of 20 ms, until the test ends. */
function talk({ viewer }: Watching): void {
  let at = 0;
  const timer = setInterval(() => {
    const header = new RtpHeader({ payloadType: 0, sequenceNumber: at, timestamp: at * 160, ssrc: 0x1234_5678 });
    at += 1;
    void viewer.transport.sendRtp(Buffer.alloc(160, 0x90), header);
  }, 20);
  onTestFinished(() => clearInterval(timer));
}

/** Those that this process started, dead ones that nobody has reaped included. */
function ffmpegs(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        // Name in brackets, state, parent (proc(5)).
        const [, name, parent] = /^\d+ \((.*)\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        return name === 'ffmpeg' && Number(parent) === process.pid;
      } catch {
        return false;
      }
    })
    .map(Number);
}
