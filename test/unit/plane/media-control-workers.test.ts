import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';
import { DEFAULT_MEDIA_SETTINGS } from '../../../src/gateway/media-settings.ts';
import { MediaControl } from '../../../src/plane/media-control.ts';
import type { MediaStats } from '../../../src/plane/messages.ts';
import { recordingLogger } from '../../support/site.ts';
import { fakeCamera, fakeWorkers, type FakeThread } from './fake-workers.ts';
import { open } from './fixture.ts';

interface Control {
  control: MediaControl;
  threads: FakeThread[];
  /** `CAMERA PROFILE STATE` */
  streams: string[];
  lines: Record<string, unknown>[];
}

/** Two workers, with camera `a` in the first and `b` in the second. */
function twoWorkers(): Control {
  const { threads, start } = fakeWorkers();
  const streams: string[] = [];
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const control = new MediaControl({
    settings: { ...DEFAULT_MEDIA_SETTINGS, maxSessionsPerCamera: 1 },
    workers: 2,
    clock: { now: () => 0 },
    logger,
    onStreamState: (camera, profile, state) => streams.push(`${camera} ${profile} ${state}`),
    onKeyframeWanted: () => undefined,
    startPlane: start,
  });
  onTestFinished(async () => {
    const closed = control.close();
    for (const thread of threads) thread.says({ type: 'closed' });
    await closed;
  });
  control.setCamera(fakeCamera('a'));
  control.setCamera(fakeCamera('b'));
  return { control, threads, streams, lines };
}

function stats(cameraId: string): MediaStats {
  return { streams: [], sessions: [], talks: [], ended: [{ ...NOTHING, cameraId }] };
}

const NOTHING = {
  sessions: 1,
  switches: 0,
  probes: 0,
  packetsSent: 0,
  bytesSent: 0,
  packetsRetransmitted: 0,
  retransmissionsRefused: 0,
  packetsDropped: 0,
  skipsStalled: 0,
  skipsSilent: 0,
  keyframeRequests: 0,
  metadataDocuments: 0,
  metadataDropped: 0,
};

/** What a thread was told last of a kind. */
function requestId({ heard }: FakeThread): number {
  const request = heard.findLast((message) => message.type === 'stats.request' || message.type === 'snapshot.request');
  if (request === undefined) throw new Error('nothing was asked');
  return request.requestId;
}

describe('a session', () => {
  it('is opened, answered and closed at the worker of its camera', () => {
    const { control, threads } = twoWorkers();
    const { session } = open(control, 's1', undefined, 'b');
    session.answer('v=0', []);
    session.addCandidate({ candidate: 'c' });
    session.refused({ code: 'x', message: 'x' });
    session.close({ code: 'x', message: 'x' });
    const types = threads.map(({ heard }) => heard.map(({ type }) => type));
    expect(types).toEqual([
      ['camera.set'],
      ['camera.set', 'session.open', 'session.answer', 'session.candidate', 'session.refused', 'session.close'],
    ]);
  });

  it('ends with its worker, is told why, and its place is free; those of the other worker go on', async () => {
    const { control, threads } = twoWorkers();
    const [dead, alive] = [open(control, 's1', undefined, 'a'), open(control, 's2', undefined, 'b')];
    threads[1]?.says({ type: 'session.state', sessionId: 's2', state: 'live' });
    threads[0]?.dies();
    expect(dead.states).toEqual(['closed session.worker_died']);
    expect(alive.states).toEqual(['live']);
    expect(() => open(control, 's3', undefined, 'a')).toThrow('is being started again');
    await vi.waitFor(() => expect(threads).toHaveLength(3));
    open(control, 's4', undefined, 'a');
    // What is still said of the one that is over does not reach the new worker.
    dead.session.answer('v=0', []);
    dead.session.close({ code: 'x', message: 'x' });
    expect(threads[2]?.heard.map(({ type }) => type)).toEqual(['camera.set', 'session.open']);
  });
});

it('what a worker pulled is shown as idle once it died', () => {
  const { threads, streams } = twoWorkers();
  threads[0]?.says({ type: 'stream.state', cameraId: 'a', profile: 'main', state: 'playing' });
  threads[0]?.says({ type: 'stream.state', cameraId: 'a', profile: 'sub', state: 'playing' });
  threads[0]?.says({ type: 'stream.state', cameraId: 'a', profile: 'sub', state: 'idle' });
  threads[1]?.says({ type: 'stream.state', cameraId: 'b', profile: 'main', state: 'playing' });
  streams.length = 0;
  threads[0]?.dies();
  expect(streams).toEqual(['a main idle']);
});

describe('a camera that costs much, in a worker where another does, too', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Both hot cameras are in the first worker, and what they cost is known. */
  function twoHot(): Control & { told: () => string[]; learn: () => void } {
    const started = twoWorkers();
    const { control, threads } = started;
    control.setCamera(fakeCamera('c'));
    // The other one is never idle.
    threads[0]?.says({ type: 'stream.state', cameraId: 'c', profile: 'main', state: 'playing' });
    const told = (): string[] => threads[1]?.heard.map((message) => message.type) ?? [];
    const learn = (): void => {
      for (let second = 0; second < 60; second += 1) {
        for (const thread of threads) thread.isAlive(thread.worker === 0 ? { a: 0.4, c: 0.4 } : {});
        vi.advanceTimersByTime(1000);
      }
    };
    return { ...started, told, learn };
  }

  it.each<[string, (control: Control) => void, (control: Control) => void]>([
    [
      'a session of it, until that is closed',
      ({ control }) => void open(control, 's1', undefined, 'a'),
      ({ threads }) => threads[0]?.says({ type: 'session.state', sessionId: 's1', state: 'closed' }),
    ],
    [
      'a pull of it',
      ({ threads }) => threads[0]?.says({ type: 'stream.state', cameraId: 'a', profile: 'sub', state: 'failed' }),
      ({ threads }) => threads[0]?.says({ type: 'stream.state', cameraId: 'a', profile: 'sub', state: 'idle' }),
    ],
  ])('is not moved while there is %s', (_, begin, end) => {
    const started = twoHot();
    begin(started);
    started.learn();
    expect(started.told()).toEqual(['camera.set']);
    end(started);
    vi.advanceTimersByTime(1000);
    expect(started.told()).toEqual(['camera.set', 'camera.set']);
  });

  it('is not moved while a keyframe of it is asked for, and its worker has not answered', async () => {
    const { control, threads, told, learn } = twoHot();
    const busy = open(control, 's1', undefined, 'a');
    learn();
    void control.keyframe('a', { pull: true });
    threads[0]?.says({ type: 'session.state', sessionId: 's1', state: 'closed' });
    expect(busy.states).toEqual(['closed']);
    vi.advanceTimersByTime(1000);
    expect(told()).toEqual(['camera.set']);
    if (threads[0] !== undefined) threads[0].says({ type: 'snapshot', requestId: requestId(threads[0]) });
    await vi.advanceTimersByTimeAsync(1000);
    expect(told()).toEqual(['camera.set', 'camera.set']);
  });

  it('is found at its new worker by a session that is opened in the moment of its move, and let go by the old one', () => {
    const { control, threads, learn } = twoHot();
    learn();
    const { session, states } = open(control, 's1', undefined, 'a');
    session.answer('v=0', []);
    expect(threads[1]?.heard.slice(1).map(({ type }) => type)).toEqual(['camera.set', 'session.open', 'session.answer']);
    expect(threads[0]?.heard.at(-1)).toEqual({ type: 'camera.remove', cameraId: 'a' });
    // What the old worker dies of is nothing to it.
    threads[0]?.dies();
    expect(states).toEqual([]);
  });
});

describe('statistics', () => {
  it('are those of all workers', async () => {
    const { control, threads } = twoWorkers();
    const answered = control.stats();
    for (const [index, thread] of threads.entries())
      thread.says({ type: 'stats', requestId: requestId(thread), stats: stats(index === 0 ? 'a' : 'b') });
    expect((await answered).ended.map(({ cameraId }) => cameraId)).toEqual(['a', 'b']);
  });

  it('of a worker that does not answer are as they were, and of one that died meanwhile gone', async () => {
    const { control, threads } = twoWorkers();
    const [first, second] = threads as [FakeThread, FakeThread];
    const before = control.stats();
    first.says({ type: 'stats', requestId: requestId(first), stats: stats('a') });
    second.says({ type: 'stats', requestId: requestId(second), stats: stats('b') });
    await before;
    const later = control.stats();
    second.dies();
    expect((await later).ended.map(({ cameraId }) => cameraId)).toEqual(['a']);
  });
});

it('who waits for a keyframe of a worker that dies waits no more, and is told why; so is who asks before it is started again', async () => {
  const { control, threads } = twoWorkers();
  const why = { reason: { code: 'session.worker_died', message: expect.stringContaining('is being started again') as unknown } };
  const waiting = control.keyframe('a', { pull: true });
  threads[0]?.dies();
  expect(await waiting).toEqual(why);
  expect(threads).toHaveLength(2);
  expect(await control.keyframe('a', { pull: false })).toEqual(why);
});

it('the gateway closes also when a worker dies of it, and ends the others once they have said goodbye', async () => {
  const { control, threads, lines } = twoWorkers();
  const closed = control.close();
  expect(threads.map(({ heard }) => heard.at(-1)?.type)).toEqual(['close', 'close']);
  threads[0]?.dies();
  await Promise.resolve();
  expect(threads[1]?.terminated).toBe(false);
  threads[1]?.says({ type: 'closed' });
  await closed;
  expect(threads[1]?.terminated).toBe(true);
  expect(threads).toHaveLength(2);
  // A worker has nothing left to do once it said goodbye, and ends of itself.
  expect(lines).toEqual([]);
});

it('too few ports for the workers are said in the log', () => {
  const { logger, lines } = recordingLogger((destination) => createLogger({ destination }));
  const ice = { ...DEFAULT_MEDIA_SETTINGS.ice, udpPorts: { first: 50_000, last: 50_099 } };
  const { start } = fakeWorkers();
  const events = { onStreamState: () => undefined, onKeyframeWanted: () => undefined };
  const settings = { ...DEFAULT_MEDIA_SETTINGS, ice };
  const control = new MediaControl({ settings, workers: 4, clock: { now: () => 0 }, logger, startPlane: start, ...events });
  onTestFinished(() => control.close());
  expect(lines).toMatchObject([{ level: 40, msg: expect.stringContaining('has 1 of 4 workers') as unknown }]);
});
