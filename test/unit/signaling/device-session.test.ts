import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JsonRpcEndpoint } from '../../../src/base/json-rpc.ts';
import { SignaledSession } from '../../../src/signaling/device-session.ts';
import { FakeHost, type FakeSession } from './fixture.ts';

describe('the end of a session', () => {
  let server: JsonRpcEndpoint;
  let device: JsonRpcEndpoint;
  let signaled: SignaledSession;
  let session: FakeSession;
  let told: string[];

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    server = new JsonRpcEndpoint({
      send: (text) => device.receive(text),
      onErrorNotification: ({ code, session }) => told.push(`${code} ${session}`),
    });
    device = new JsonRpcEndpoint({ send: (text) => server.receive(text) });
    const host = new FakeHost();
    signaled = new SignaledSession({
      host,
      request: { session: 's1', iceServers: [] },
      rpc: () => device,
      onClosed: () => told.push('closed'),
    });
    signaled.answered();
    [session] = host.sessions as [FakeSession];
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('comes when its time is over, not before, and is told to the peer', async () => {
    session.live = true;
    signaled.expireIn(60);
    await vi.advanceTimersByTimeAsync(59_900);
    expect(session.closedWith).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(session.closedWith).toMatchObject([{ code: 'signaling.expired' }]);
    expect(told).toEqual(['410 s1', 'closed']);
  });

  it('moves with each extension by the server', async () => {
    signaled.expireIn(60);
    await vi.advanceTimersByTimeAsync(50_000);
    signaled.expireIn(60);
    expect(signaled.remainingSeconds).toBe(60);
    await vi.advanceTimersByTimeAsync(59_900);
    expect(session.closedWith).toEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    expect(session.closedWith).toHaveLength(1);
  });

  it('moves when a server of edition 25.12, asked shortly before, says that the client extended', async () => {
    const asked = vi.fn(() => ({ expiryTimeSeconds: 45 }));
    server.handle('extend', asked);
    signaled.expireIn(60);
    await vi.advanceTimersByTimeAsync(54_900);
    expect(asked).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toHaveBeenCalledExactlyOnceWith({ session: 's1' }, expect.anything());
    await vi.advanceTimersByTimeAsync(30_000);
    expect(session.closedWith).toEqual([]);
    expect(signaled.remainingSeconds).toBe(15);
  });

  it('stays where the server says no more than what is known, and comes once', async () => {
    server.handle('extend', () => ({ expiryTimeSeconds: 5 }));
    signaled.expireIn(60);
    await vi.advanceTimersByTimeAsync(60_100);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(session.closedWith).toHaveLength(1);
  });

  it('is as far away as the server says, also beyond what one timer can wait', async () => {
    signaled.expireIn(30 * 86_400);
    await vi.advanceTimersByTimeAsync(29 * 86_400_000);
    expect(session.closedWith).toEqual([]);
    await vi.advanceTimersByTimeAsync(86_400_100);
    expect(session.closedWith).toHaveLength(1);
  });

  it('does not come after the session was closed', async () => {
    signaled.expireIn(60);
    session.toPeer.closed();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(session.closedWith).toEqual([]);
    expect(told).toEqual(['closed']);
  });
});
