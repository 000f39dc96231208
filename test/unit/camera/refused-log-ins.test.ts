import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DialStagger } from '../../../src/base/dial-stagger.ts';
import { GatewayError } from '../../../src/base/errors.ts';
import type { Camera, CameraDevice } from '../../../src/camera/camera.ts';
import { RefusedLogIns, type LogIn } from '../../../src/camera/refused-log-ins.ts';
import { cameraAt, FakeNetwork } from '../gateway/discovery/fixture.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const INPUTS = 16;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const refusal = (): GatewayError => new GatewayError('camera.unauthorized', 'The recorder refuses user "viewer".');

/** The inputs of a recorder that takes a second to answer each log-in. */
function recorder(answer: (password: string) => Error | undefined, passwords: readonly string[] = ['wrong']) {
  const network = new FakeNetwork();
  network.plugIn('nvr', null, 'NVR-1');
  const asked: string[] = [];
  const { turn } = new DialStagger({ sameAddressMs: 250 });
  const refusedLogIns = new RefusedLogIns();
  const connect = async ({ host, password }: { host: string; password: string }): Promise<CameraDevice> => {
    asked.push(password);
    await new Promise((resolve) => setTimeout(resolve, SECOND));
    const error = answer(password);
    if (error !== undefined) throw error;
    return network.connect({ host, password: 'right' });
  };
  const cameras = Array.from({ length: INPUTS }, (_, index): Camera => {
    const credentials = { username: 'viewer', password: passwords[index % passwords.length] ?? '' };
    return cameraAt(network, 'nvr', { id: `input-${index}`, credentials, turn, refusedLogIns, connect });
  });
  const states = (): string[] => [...new Set(cameras.map(({ status }) => status.reason?.code ?? status.state))];
  return { asked, cameras, states };
}

describe('16 inputs of a recorder with a wrong password', () => {
  it('log in no more often than one camera: once in half a minute at first, at last once in five minutes', async () => {
    const { asked, states } = recorder(refusal);
    await vi.advanceTimersByTimeAsync(10 * SECOND);
    expect(asked).toHaveLength(1);
    expect(states()).toEqual(['camera.unauthorized']);
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    // Waits of 30, 60, 120, 240 and then 300 s, of each up to 30 % taken off at random.
    expect(asked.length).toBeGreaterThanOrEqual(15);
    expect(asked.length).toBeLessThanOrEqual(21);
    expect(states()).toEqual(['camera.unauthorized']);
  });

  it('are all online soon after it is right again', async () => {
    let isRight = false;
    const { asked, cameras, states } = recorder(() => (isRight ? undefined : refusal()));
    await vi.advanceTimersByTimeAsync(10 * SECOND);
    isRight = true;
    await vi.advanceTimersByTimeAsync(30 * SECOND);
    expect(states()).toEqual(['online']);
    isRight = false;
    asked.length = 0;
    for (const camera of cameras) camera.refresh();
    await vi.advanceTimersByTimeAsync(10 * SECOND);
    expect([asked.length, states()]).toEqual([1, ['camera.unauthorized']]);
    // Where they were right meanwhile the next refusal is a first one.
    await vi.advanceTimersByTimeAsync(25 * SECOND);
    expect(asked).toHaveLength(2);
  });

  it('hold up none that have another one', async () => {
    const { asked, cameras } = recorder((password) => (password === 'wrong' ? refusal() : undefined), ['wrong', 'right']);
    await vi.advanceTimersByTimeAsync(10 * SECOND);
    expect(asked.filter((password) => password === 'wrong')).toHaveLength(1);
    const failed = cameras.map(({ status }) => status.state === 'failed');
    expect(failed).toEqual(cameras.map((_, index) => index % 2 === 0));
  });
});

it('a recorder that is away is asked for all inputs together, and all say so at once', async () => {
  const away = new GatewayError('camera.unreachable', 'It refuses connections.');
  const { asked, states } = recorder(() => away);
  await vi.advanceTimersByTimeAsync(6 * SECOND);
  expect(states()).toEqual(['camera.unreachable']);
  expect(asked.length).toBeLessThan(INPUTS);
});

it('a camera alone is asked after half a minute, then ever less often, and not sooner on a wish for refresh', async () => {
  const network = new FakeNetwork();
  const attempts: number[] = [];
  const connect = (): Promise<CameraDevice> => {
    attempts.push(performance.now());
    return Promise.reject(refusal());
  };
  const camera = cameraAt(network, 'cam', { connect });
  for (let second = 0; second < 30 * 60; second += 1) {
    camera.refresh();
    await vi.advanceTimersByTimeAsync(SECOND);
  }
  const waits = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
  for (const [index, seconds] of [30, 60, 120, 240, 300, 300].entries()) {
    expect(waits[index]).toBeGreaterThanOrEqual(0.7 * seconds * SECOND);
    expect(waits[index]).toBeLessThanOrEqual(seconds * SECOND + 1);
  }
});

describe('who waits for the log-in of another', () => {
  const logIn: LogIn = { host: 'nvr', port: 80, username: 'viewer', password: 'p' };
  const never = new AbortController().signal;

  it('asks itself where that one was given up', async () => {
    const logIns = new RefusedLogIns();
    const first = new AbortController();
    const given = logIns.attempt(logIn, first.signal, async () => {
      await new Promise((resolve) => first.signal.addEventListener('abort', resolve));
      throw refusal();
    });
    const second = logIns.attempt(logIn, never, () => Promise.resolve('in'));
    first.abort(new Error('closing'));
    await expect(given).rejects.toThrow('refuses');
    await expect(second).resolves.toBe('in');
  });

  it('stops waiting when it is given up itself', async () => {
    const logIns = new RefusedLogIns();
    const ask = vi.fn(() => Promise.resolve());
    void logIns.attempt(logIn, never, () => new Promise(() => undefined));
    const second = new AbortController();
    const waiting = logIns.attempt(logIn, second.signal, ask);
    second.abort(new Error('closing'));
    await expect(waiting).rejects.toThrow('closing');
    expect(ask).not.toHaveBeenCalled();
  });
});

it('a refusal counts for its address, port, user and password only', async () => {
  const logIns = new RefusedLogIns();
  const refused: LogIn = { host: 'nvr', port: 80, username: 'viewer', password: 'p' };
  logIns.refused(refused, refusal());
  const { signal } = new AbortController();
  await expect(logIns.attempt(refused, signal, () => Promise.resolve())).rejects.toThrow('refuses');
  for (const other of [{ host: 'b' }, { port: 81 }, { username: 'admin' }, { password: 'q' }]) {
    await expect(logIns.attempt({ ...refused, ...other }, signal, () => Promise.resolve('asked'))).resolves.toBe('asked');
  }
});
