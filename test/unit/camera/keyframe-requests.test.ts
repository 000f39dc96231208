import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatewayError } from '../../../src/base/errors.ts';
import { KeyframeRequests } from '../../../src/camera/keyframe-requests.ts';

const open: KeyframeRequests[] = [];

function setUp() {
  const lines: string[] = [];
  const logger = pino({}, { write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  const send = vi.fn<(token: string) => Promise<void>>(() => Promise.resolve());
  const requests = new KeyframeRequests({ cameraId: 'front-door', logger, send });
  open.push(requests);
  return { requests, send, lines, sent: () => send.mock.calls.map(([token]) => token) };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  for (const requests of open.splice(0)) requests.close();
  vi.useRealTimers();
});

describe('requests for keyframes', () => {
  it('reach the camera at once, for each of its profiles', async () => {
    const { requests, sent } = setUp();
    requests.request('main');
    requests.request('sub');
    await vi.advanceTimersByTimeAsync(0);
    requests.request('main');
    expect(sent()).toEqual(['main', 'sub', 'main']);
  });

  it('are left out while one for the profile is under way, however slow the camera is', async () => {
    const { requests, send, sent } = setUp();
    const slow = Promise.withResolvers<void>();
    send.mockReturnValueOnce(slow.promise);
    for (let index = 0; index < 20; index += 1) requests.request('main');
    requests.request('sub');
    expect(sent()).toEqual(['main', 'sub']);
    slow.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(sent()).toEqual(['main', 'sub']);
    requests.request('main');
    expect(sent()).toEqual(['main', 'sub', 'main']);
  });

  it('that fail are counted, and logged once a minute', async () => {
    const { requests, send, lines } = setUp();
    send.mockRejectedValue(new GatewayError('camera.fault', 'The camera refused SetSynchronizationPoint.'));
    for (let second = 0; second < 90; second += 1) {
      requests.request('main');
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(requests.errors).toBe(90);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe(
      'camera front-door: no keyframe on request for profile main: The camera refused SetSynchronizationPoint. (60 since the last such line)',
    );
  });

  it('fail in text that writes into no terminal, whatever the profile is called', async () => {
    const { requests, send, lines, sent } = setUp();
    send.mockRejectedValueOnce(new GatewayError('camera.fault', 'It refused.'));
    requests.request('a\u001b[2J\nb');
    await vi.advanceTimersByTimeAsync(0);
    expect(lines[0]).toContain('for profile a [2J b: It refused.');
    expect(sent()).toEqual(['a\u001b[2J\nb']);
  });

  it('end with close: none is sent any more, nor the failure of the one under way counted', async () => {
    const { requests, send, lines } = setUp();
    const slow = Promise.withResolvers<void>();
    send.mockReturnValueOnce(slow.promise);
    requests.request('main');
    requests.request('main');
    await vi.advanceTimersByTimeAsync(0);
    requests.close();
    slow.reject(new Error('device closed'));
    requests.request('main');
    await vi.advanceTimersByTimeAsync(1000);
    expect(send).toHaveBeenCalledTimes(1);
    expect(requests.errors).toBe(0);
    expect(lines).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
