import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { GatewayError, type Reason } from '../../../../src/base/errors.ts';
import { Converter } from '../../../../src/plane/conversion/converter.ts';

const WAIT = { timeout: 10_000, interval: 5 };

interface FakeProcess {
  from: string;
  to: Socket;
  input: Buffer[];
  fail: (error: GatewayError) => void;
  isStopped: boolean;
}

/** A converter with processes that a test plays: what they get is kept, what they give is written to `to`. */
function converter(): { converter: Converter; processes: FakeProcess[]; frames: number[]; states: (Reason | undefined)[] } {
  const processes: FakeProcess[] = [];
  const frames: number[] = [];
  const states: (Reason | undefined)[] = [];
  const made = new Converter({
    kind: 'audio',
    maxUnsentBytes: 1000,
    argumentsFor: (from, to) => [from, to],
    begin: () => Buffer.from('header '),
    onFrame: (_, seconds) => frames.push(seconds),
    onState: (reason) => states.push(reason),
    start: ({ arguments: [from = '', to = ''] }, fail) => {
      const input: Buffer[] = [];
      const open = (url: string): Socket => connect(url.replace(/^unix:/, '')).on('error', () => undefined);
      open(from).on('data', (bytes) => input.push(bytes));
      const started: FakeProcess = { from, to: open(to), input, fail, isStopped: false };
      processes.push(started);
      return { id: `fake-${processes.length}`, stop: () => (started.isStopped = true) };
    },
  });
  onTestFinished(() => made.close());
  made.start();
  return { converter: made, processes, frames, states };
}

async function nth(processes: readonly FakeProcess[], count: number): Promise<FakeProcess> {
  await vi.waitFor(() => expect(processes).toHaveLength(count), WAIT);
  const started = processes[count - 1];
  if (started === undefined) throw new Error('no process');
  if (started.to.connecting) await once(started.to, 'connect');
  return started;
}

it('what is written before the process is there comes to it, behind what it is given first', async () => {
  const { converter: made, processes } = converter();
  expect(made.write(Buffer.from('one '))).toBe(true);
  const first = await nth(processes, 1);
  made.write(Buffer.from('two'));
  await vi.waitFor(() => expect(Buffer.concat(first.input).toString()).toBe('header one two'), WAIT);
  expect(made.state).toBe('starting');
});

it('a process that cannot be started is said once, and tried again', async () => {
  const { converter: made, processes, states } = converter();
  for (const count of [1, 2]) (await nth(processes, count)).fail(new GatewayError('transcode.no_ffmpeg', 'None.'));
  await nth(processes, 3);
  expect(states).toEqual([{ code: 'transcode.no_ffmpeg', message: 'None.' }]);
  expect([made.state, made.restarts, made.reason?.code]).toEqual(['failed', 2, 'transcode.no_ffmpeg']);
});

it('what is written while there is no process is dropped and counted', async () => {
  const { converter: made, processes } = converter();
  (await nth(processes, 1)).fail(new GatewayError('transcode.failed', 'Gone.'));
  expect([made.write(Buffer.from('one')), made.write(Buffer.from('two')), made.dropped]).toEqual([false, false, 2]);
});

it('more than a process takes is dropped and counted', () => {
  const { converter: made } = converter();
  const taken = Array.from({ length: 5 }, () => made.write(Buffer.alloc(400)));
  expect([taken, made.dropped]).toEqual([[true, true, true, false, false], 2]);
});

it('a process that gives nothing of what it is given is replaced, one that is given nothing is not', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { converter: made, processes, states } = converter();
  const first = await nth(processes, 1);
  vi.advanceTimersByTime(60_000);
  expect(first.isStopped).toBe(false);
  for (let second = 0; second < 16; second += 1) {
    made.write(Buffer.from('x'));
    vi.advanceTimersByTime(1000);
  }
  expect(first.isStopped).toBe(true);
  expect(states.map((reason) => reason?.code)).toEqual(['transcode.failed']);
  await nth(processes, 2);
});

it('bytes that cannot be read end the process', async () => {
  const { processes, states } = converter();
  const first = await nth(processes, 1);
  first.to.write('this is no NUT, whatever ffmpeg may say of it');
  await nth(processes, 2);
  expect(first.isStopped).toBe(true);
  expect(states.map((reason) => reason?.message)).toEqual(['What ffmpeg gives cannot be read.']);
});

it('is over once it is closed, whatever its process does', async () => {
  const { converter: made, processes, states } = converter();
  const first = await nth(processes, 1);
  made.close();
  first.fail(new GatewayError('transcode.failed', 'Late.'));
  expect([first.isStopped, states, made.write(Buffer.from('x'))]).toEqual([true, [], false]);
});

it('is begun anew at once, and then no sooner than half a second later, however often that is wanted', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const { converter: made } = converter();
  vi.advanceTimersByTime(500);
  made.startAnew();
  expect([made.restarts, made.write(Buffer.from('x'))]).toEqual([1, true]);
  // For four seconds at 25 pictures a second.
  for (let picture = 0; picture < 100; picture += 1) {
    vi.advanceTimersByTime(40);
    made.startAnew();
  }
  expect(made.restarts).toBe(9);
});
